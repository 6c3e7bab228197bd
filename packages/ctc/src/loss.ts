import {
  add,
  affine,
  ArgumentError,
  checkOptions,
  checkValue,
  ctcLoss,
  exp,
  full,
  type FusedMode,
  is,
  log,
  logSoftmax,
  max,
  mean,
  multiply,
  type OptionRules,
  reshape,
  select,
  ShapeError,
  subtract,
  sum,
  tensor,
  type Tensor,
  tidy,
} from '@timestep/core';
import { checkLengths, hidePadding } from '@timestep/core/extend';
import { Module } from '@timestep/layers';

/** Options of `CTCLoss`. */
export interface CTCLossOptions {
  /** Index of the blank class, 0 by default. */
  readonly blank?: number | undefined;
  /** `mean` (default) divides each loss by max(L, 1) first, then by N, as PyTorch does; `sum`; or `none`: `[N]`. */
  readonly reduction?: 'mean' | 'sum' | 'none' | undefined;
  /**
   * Whether a sequence that cannot be aligned (T < L + equal neighbours) has loss 0 instead of +∞; false by default.
   */
  readonly zeroInfinity?: boolean | undefined;
  /**
   * `[C]`: ln of the prior probability of each class, such as `LabelPriors.logPriors()` returns. Paths are then
   * weighted by p(class | x)/p(class)^priorScale, so that the blank does not take nearly all frames (Huang et al.
   * 2024).
   */
  readonly logPriors?: ArrayLike<number> | null | undefined;
  /** The exponent of the priors, 0.3 by default. */
  readonly priorScale?: number | undefined;
  /** Whether to use the backend's fused operation; `auto` by default. */
  readonly fused?: FusedMode | undefined;
}

/** The labels of each sequence, or the labels of all sequences concatenated. */
export type CTCTargets = readonly ArrayLike<number>[] | Int32Array | readonly number[];

export const reductionRule = is.optional(is.oneOf('mean', 'sum', 'none'));

/** The labels of one sequence. */
export const labelsRule = is.arrayOf(is.integer(), 'an array of labels');

const rules: OptionRules<CTCLossOptions> = {
  blank: is.optional(is.integer(0)),
  reduction: reductionRule,
  zeroInfinity: is.optional(is.boolean),
  logPriors: is.nullable(is.arrayOf(is.number({ infinite: true }), 'an array of ln p')),
  priorScale: is.optional(is.number({ min: 0 })),
  fused: is.optional(is.oneOf('auto', 'require', 'off')),
};

/**
 * A loss for sequences whose labels have no known times: connectionist temporal classification (Graves et al. 2006,
 * equations 6–8). It works like `torch.nn.CTCLoss`, but takes logits and applies log-softmax itself.
 *
 * loss = −ln Σ_π Π_t softmax(x_t)[π_t]
 *
 * The sum runs over all paths π of T labels and blanks that give the target when repeats are merged and blanks dropped.
 *
 * @throws ArgumentError if an option is unknown or out of range
 * @example
 * ```ts
 * const criterion = new CTCLoss({ zeroInfinity: true });
 * const logits = randn(backend, [20, 2, 10], { requiresGrad: true }); // T = 20, N = 2, C = 10
 * const loss = criterion.forward(logits, [[3, 1, 4], [1, 5]], [20, 15]);
 * loss.backward();
 * ```
 */
export class CTCLoss extends Module {
  readonly options: CTCLossOptions;

  /** @throws ArgumentError if an option is unknown or out of range */
  constructor(options: CTCLossOptions = {}) {
    super();
    checkOptions('CTCLoss', options, rules);
    this.options = options;
  }

  override get typeName(): string {
    return 'CTCLoss';
  }

  /**
   * Computes the loss of a batch.
   *
   * @param logits f32 `[T, N, C]`, unnormalised
   * @param targets the labels of each of the N sequences, without blanks; or the labels of all sequences in one array,
   *   like PyTorch's concatenated targets, together with `targetLengths`
   * @param inputLengths `[N]`: the number of frames of each sequence; T by default
   * @param targetLengths `[N]`: the number of labels of each sequence, for concatenated targets only
   * @returns a scalar, or `[N]` for the reduction `none`
   * @throws ShapeError if `logits` and `targets` have different numbers of sequences
   * @throws ArgumentError if a label is the blank or not a class; `INVALID_LENGTHS` if a length is out of range
   */
  forward(
    logits: Tensor,
    targets: CTCTargets,
    inputLengths?: ArrayLike<number> | null,
    targetLengths?: ArrayLike<number> | null,
  ): Tensor {
    const { reduction = 'mean', logPriors = null } = this.options;
    checkLogits('CTCLoss', logits, 3);
    const lists = splitTargets(targets, targetLengths ?? null);
    if (lists.length !== logits.shape[1])
      throw new ShapeError(`[CTCLoss] expected targets for ${logits.shape[1]} sequences, got ${lists.length}`);
    checkValue('CTCLoss', 'inputLengths', inputLengths, is.nullable(is.like('an array of lengths', 'length')));
    return tidy(logits.backend, () => {
      const losses = logPriors
        ? this.#withPriors(logits, lists, inputLengths, logPriors)
        : this.#losses(logits, lists, inputLengths);
      if (reduction === 'none') return losses;
      if (reduction === 'sum') return sum(losses);
      const shares = Float32Array.from(lists, (labels) => 1 / Math.max(labels.length, 1));
      return mean(multiply(losses, tensor(logits.backend, shares)));
    });
  }

  #losses(
    logits: Tensor,
    targets: readonly ArrayLike<number>[],
    inputLengths: ArrayLike<number> | null | undefined,
  ): Tensor {
    const { blank, zeroInfinity, fused } = this.options;
    return ctcLoss(logits, {
      targets,
      inputLengths,
      ...(blank === undefined ? {} : { blank }),
      ...(zeroInfinity === undefined ? {} : { zeroInfinity }),
      fused,
    });
  }

  /**
   * Computes the losses with priors. The weights y/p^s do not sum to 1 over the classes, but ctcLoss normalises them;
   * this subtracts its normaliser again, ln Σ_c e^(log y − s·log p) of each frame.
   */
  #withPriors(
    logits: Tensor,
    targets: readonly ArrayLike<number>[],
    inputLengths: ArrayLike<number> | null | undefined,
    logPriors: ArrayLike<number>,
  ): Tensor {
    const { backend } = logits;
    const [T, N, C] = logits.shape as [number, number, number];
    if (logPriors.length !== C)
      throw new ShapeError(`[CTCLoss] expected ${C} log-priors, one for each class, got ${logPriors.length}`);
    const priors = tensor(backend, Float32Array.from(logPriors));
    const counted = checkLengths('CTCLoss', inputLengths, T, N);
    const weights = subtract(
      logSoftmax(hidePadding(logits, counted)),
      affine(priors, this.options.priorScale ?? 0.3, 0),
    );
    const losses = this.#losses(weights, targets, counted);
    const top = max(weights.detach(), -1, { keepAxes: true });
    const normalisers = reshape(add(log(sum(exp(subtract(weights, top)), -1, { keepAxes: true })), top), [T, N]);
    const zero = full(backend, [], 0);
    const inside = tensor(
      backend,
      Uint32Array.from({ length: T * N }, (_, k) => (Math.floor(k / N) < (counted?.[k % N] ?? T) ? 1 : 0)),
      { shape: [T, N] },
    );
    const total = sum(select(inside, normalisers, zero), 0);
    // A sequence that cannot be aligned keeps its +∞ or 0.
    const feasible = Uint32Array.from(targets, (labels, n) => (needsFrames(labels) <= (counted?.[n] ?? T) ? 1 : 0));
    return select(tensor(backend, feasible), subtract(losses, total), losses);
  }
}

/** Returns the length of the shortest path: one frame for each label, and a blank between equal neighbours. */
export function needsFrames(labels: ArrayLike<number>): number {
  let frames = labels.length;
  for (let i = 1; i < labels.length; i++) if (labels[i] === labels[i - 1]) frames++;
  return frames;
}

function splitTargets(targets: CTCTargets, targetLengths: ArrayLike<number> | null): readonly ArrayLike<number>[] {
  checkValue('CTCLoss', 'targets', targets, is.arrayOf(is.anything, 'an array of the labels of each sequence'));
  checkValue('CTCLoss', 'targetLengths', targetLengths, is.nullable(is.arrayOf(is.size(0), 'an array of lengths')));
  const [first] = targets;
  if (typeof first !== 'number' && !targetLengths && Array.isArray(targets)) {
    for (const labels of targets as readonly ArrayLike<number>[])
      checkValue('CTCLoss', 'the labels of a sequence', labels, labelsRule);
    return targets as readonly ArrayLike<number>[];
  }
  if (!targetLengths)
    throw new ArgumentError(
      '[CTCLoss] got the targets of all sequences in one array without targetLengths; pass targetLengths, or one array for each sequence',
      'INVALID_LENGTHS',
    );
  checkValue('CTCLoss', 'targets', targets, labelsRule);
  const labels = Int32Array.from(targets as ArrayLike<number>);
  let end = 0;
  const lists = Array.from(targetLengths, (length) => labels.subarray(end, (end += length)));
  if (end !== labels.length) {
    throw new ArgumentError(
      `[CTCLoss] the targetLengths sum to ${end}, expected ${labels.length}, the number of labels; pass the concatenated targets without padding`,
      'INVALID_LENGTHS',
    );
  }
  return lists;
}

/** Checks that logits are a tensor with `rank` axes. */
export function checkLogits(where: string, logits: Tensor, rank: number): void {
  const given: unknown = logits;
  checkValue(
    where,
    'logits',
    given,
    is.like('a tensor (of a layer that returns { output }, its .output)', 'shape', 'dtype', 'buffer'),
  );
  const axes = rank === 3 ? '[T, N, C]' : '[T, N, U + 1, C]';
  if (logits.rank !== rank)
    throw new ShapeError(`[${where}] expected logits of shape ${axes}, got [${logits.shape.join(', ')}]`);
}
