import {
  add,
  ArgumentError,
  checkOptions,
  concat,
  exp,
  full,
  gather,
  gatherRows,
  is,
  log,
  logSoftmax,
  maximum,
  mean,
  negative,
  type OptionRules,
  reshape,
  select,
  ShapeError,
  slice,
  stack,
  subtract,
  sum,
  tensor,
  type Tensor,
  tidy,
  unstack,
} from '@timestep/core';
import { checkBlank } from '../emissions.ts';
import { checkLogits, reductionRule } from '../loss.ts';

/** Options of `transducerLoss`. */
export interface TransducerLossOptions {
  /** The labels of each sequence, without blanks; a list may be empty. */
  readonly targets: readonly ArrayLike<number>[];
  /** `[N]`: the number of frames of each sequence, each 1…T; T by default. */
  readonly inputLengths?: ArrayLike<number> | null | undefined;
  /** Index of the blank class, 0 by default. */
  readonly blank?: number | undefined;
  /** `mean` (default) over the sequences, `sum`, or `none`: `[N]`. */
  readonly reduction?: 'mean' | 'sum' | 'none' | undefined;
}

const rules: OptionRules<TransducerLossOptions> = {
  targets: is.arrayOf(is.like('an array of labels', 'length'), 'an array of the labels of each sequence'),
  inputLengths: is.nullable(is.like('an array of one length for each sequence', 'length')),
  blank: is.optional(is.integer()),
  reduction: reductionRule,
};

/** Represents ln 0. Finite, so that the difference of two of them is 0 and not NaN. */
const never = -1e30;

/**
 * Computes the loss of a recurrent neural network transducer (RNN-T; Graves 2012, equations 16–18): −ln of the total
 * probability of all paths through the lattice of T frames and U labels. At each point (t, u) the network emits either
 * the next label or the blank, which moves to the next frame:
 *
 * α(t, u) = α(t − 1, u)·blank(t − 1, u) + α(t, u − 1)·label(t, u − 1)
 *
 * All points of one anti-diagonal are computed at once.
 *
 * @param logits f32 `[T, N, U + 1, C]`, unnormalised, where U is the length of the longest target; values past the
 *   lengths of a sequence are ignored
 * @param options the targets, lengths, blank and reduction
 * @returns a scalar, or `[N]` for the reduction `none`
 * @throws ShapeError if the shape of `logits` does not fit the targets
 * @throws ArgumentError `INVALID_LENGTHS`, `INVALID_LABEL`, `INVALID_BLANK`
 * @example
 * ```ts
 * const logits = randn(backend, [20, 2, 4, 10], { requiresGrad: true }); // T = 20, N = 2, U = 3, C = 10
 * transducerLoss(logits, { targets: [[3, 1, 4], [1, 5]], inputLengths: [20, 15] }).backward();
 * ```
 */
export function transducerLoss(logits: Tensor, options: TransducerLossOptions): Tensor {
  checkLogits('transducerLoss', logits, 4);
  checkOptions('transducerLoss', options, rules);
  const { targets, blank = 0, reduction = 'mean' } = options;
  const { backend } = logits;
  const { T, N, lengths } = checkArguments(logits, options);
  const U1 = logits.shape[2]!;
  return tidy(backend, () => {
    const inside = Uint32Array.from({ length: T * N * U1 }, (_, k) => {
      const n = Math.floor(k / U1) % N;
      return Math.floor(k / (N * U1)) < lengths[n]! && k % U1 <= targets[n]!.length ? 1 : 0;
    });
    // Mask before the softmax: a NaN past a length must not reach the gradient.
    const clean = select(tensor(backend, inside, { shape: [T, N, U1, 1] }), logits, full(backend, [], 0));
    const logp = logSoftmax(clean);
    const labels = Int32Array.from({ length: T * N * U1 }, (_, k) => targets[Math.floor(k / U1) % N]![k % U1] ?? blank);
    const table = (x: Tensor): Tensor => reshape(x, [T * N * U1, 1]);
    const blanks = table(slice(logp, 3, blank, blank + 1));
    const says = table(gather(logp, tensor(backend, labels, { shape: [T, N, U1, 1] }), 3));

    const diagonals = T + U1 - 1;
    const at = (t: number, n: number, u: number): number => (t >= 0 && t < T && u >= 0 ? (t * N + n) * U1 + u : -1);
    const arrivals = (from: Tensor, t: number, u: number): Tensor[] => {
      const index = Int32Array.from({ length: diagonals * N * U1 }, (_, k) =>
        at(Math.floor(k / (N * U1)) - (k % U1) - t, Math.floor(k / U1) % N, (k % U1) - u),
      );
      const outside = tensor(
        backend,
        Uint32Array.from(index, (row) => (row < 0 ? 1 : 0)),
        { shape: [diagonals, N, U1] },
      );
      const found = gatherRows(
        from,
        tensor(
          backend,
          index.map((row) => Math.max(row, 0)),
          { shape: [diagonals, N, U1] },
        ),
      );
      return unstack(select(outside, full(backend, [], never), reshape(found, [diagonals, N, U1])));
    };
    const byBlank = arrivals(blanks, 1, 0);
    const byLabel = arrivals(says, 0, 1);
    const edge = full(backend, [N, 1], never);
    let alpha = tensor(
      backend,
      Float32Array.from({ length: N * U1 }, (_, k) => (k % U1 === 0 ? 0 : never)),
      { shape: [N, U1] },
    );
    const alphas = [alpha];
    for (let d = 1; d < diagonals; d++) {
      const moved = U1 === 1 ? edge : concat([edge, slice(alpha, 1, 0, U1 - 1)], 1);
      alpha = logAddExp(add(alpha, byBlank[d]!), add(moved, byLabel[d]!));
      alphas.push(alpha);
    }
    const ends = Int32Array.from(
      targets,
      (labels, n) => ((lengths[n]! - 1 + labels.length) * N + n) * U1 + labels.length,
    );
    const lastBlanks = Int32Array.from(targets, (labels, n) => at(lengths[n]! - 1, n, labels.length));
    const reached = gatherRows(reshape(stack(alphas), [diagonals * N * U1, 1]), tensor(backend, ends));
    const losses = reshape(negative(add(reached, gatherRows(blanks, tensor(backend, lastBlanks)))), [N]);
    if (reduction === 'none') return losses;
    return reduction === 'sum' ? sum(losses) : mean(losses);
  });
}

/** ln(e^a + e^b) */
function logAddExp(a: Tensor, b: Tensor): Tensor {
  const top = maximum(a.detach(), b.detach());
  return add(log(add(exp(subtract(a, top)), exp(subtract(b, top)))), top);
}

function checkArguments(logits: Tensor, { targets, inputLengths, blank = 0 }: TransducerLossOptions) {
  const [T, N, U1, C] = logits.shape as [number, number, number, number];
  checkBlank('transducerLoss', blank, C);
  if (targets.length !== N)
    throw new ArgumentError(`[transducerLoss] expected targets for ${N} sequences, got ${targets.length}`);
  const longest = Math.max(0, ...targets.map(({ length }) => length));
  if (U1 !== longest + 1)
    throw new ShapeError(
      `[transducerLoss] expected a third axis of ${longest + 1} (the longest target plus one), got ${U1}`,
    );
  targets.forEach((labels, n) => {
    for (let k = 0; k < labels.length; k++) {
      const label = labels[k]!;
      if (!Number.isInteger(label) || label < 0 || label >= C || label === blank) {
        throw new ArgumentError(
          `[transducerLoss] target ${n} holds label ${label} at ${k}, expected a class in 0…${C - 1} other than the blank ${blank}`,
          'INVALID_LABEL',
        );
      }
    }
  });
  const lengths = Array.from(inputLengths ?? new Array<number>(N).fill(T));
  if (lengths.length !== N || lengths.some((length) => !Number.isInteger(length) || length < 1 || length > T)) {
    throw new ArgumentError(
      `[transducerLoss] expected ${N} input lengths in 1…${T}, got [${lengths.join(', ')}]; a sequence needs at least one frame`,
      'INVALID_LENGTHS',
    );
  }
  return { T, N, lengths };
}
