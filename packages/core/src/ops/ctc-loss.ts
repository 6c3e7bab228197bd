import {
  ArgumentError,
  checkOptions,
  checkValue,
  describe,
  is,
  ShapeError,
  type OptionRules,
} from '@timestep/backend-api';
import { full, tensor } from '../create.ts';
import { applyFused } from '../fused/apply.ts';
import { chooseFused, fusedRules, type FusedOption } from '../fused/choose.ts';
import { tidy } from '../scope.ts';
import { checkLengths } from '../lengths.ts';
import { hidePadding } from './hide-padding.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, select, subtract } from './binary.ts';
import { expectDType } from './check.ts';
import { less } from './compare.ts';
import { gather } from './gather.ts';
import { concat, stack, unstack } from './join.ts';
import { max, sum } from './reduce.ts';
import { reshape, slice } from './shape.ts';
import { logSoftmax } from './softmax.ts';
import { exp, log, negative } from './unary.ts';

/** The targets and options of {@link ctcLoss}. */
export interface CtcLossOptions extends FusedOption {
  /** The labels of each sequence, none of them the blank; an empty list is legal. */
  readonly targets: readonly ArrayLike<number>[];
  /** Frames of each sequence, T for all by default. */
  readonly inputLengths?: ArrayLike<number> | null | undefined;
  /** Index of the blank class, 0 by default. */
  readonly blank?: number;
  /** Loss 0 and gradient 0 instead of +∞ for a sequence that cannot be aligned. */
  readonly zeroInfinity?: boolean;
}

const rules: OptionRules<CtcLossOptions> = {
  ...fusedRules,
  targets: is.anything,
  inputLengths: is.anything,
  blank: is.optional(is.integer(0)),
  zeroInfinity: is.optional(is.boolean),
};

interface HostTargets {
  readonly targets: Int32Array;
  readonly maxTargetLength: number;
  readonly targetLengths: Int32Array;
}

/**
 * −ln p(target | logits) of each sequence, summed over all alignments (Graves et al. 2006, equations 6–8). The loss
 * does its own log-softmax. A sequence of T frames can be aligned where T ≥ L + the number of equal neighbours in its
 * target; else its loss is +∞.
 *
 * @example
 * ```ts
 * ctcLoss(logits, { targets: [[1, 2], [3]], inputLengths: [50, 40] }); // logits [50, 2, C]
 * ```
 *
 * @param logits `[T, N, C]`, unnormalised
 * @returns `[N]`, in nats
 * @throws ArgumentError for a label out of range or equal to the blank, and for lengths out of range
 */
export function ctcLoss(logits: Tensor, options: CtcLossOptions): Tensor {
  checkValue('ctcLoss', 'options', options, is.object);
  checkOptions('ctcLoss', options, rules);
  const { blank = 0, zeroInfinity = false } = options;
  expectDType('ctcLoss', 'logits', logits, ['f32']);
  if (logits.rank !== 3)
    throw new ShapeError(`[ctcLoss] expected logits of shape [T, N, C], got ${show(logits.shape)}`);
  const [steps, batch, classes] = logits.shape as [number, number, number];
  if (blank >= classes) throw new ArgumentError(`[ctcLoss] expected a blank index in 0…${classes - 1}, got ${blank}`);
  const inputLengths = checkLengths('ctcLoss', options.inputLengths, steps, batch) ?? new Int32Array(batch).fill(steps);
  const host = packTargets(options.targets, batch, classes, blank);
  const spec = { steps, batch, classes, blank, zeroInfinity, inputLengths, ...host };
  const op = chooseFused(logits.backend, 'ctcLoss', options.fused, (fused) =>
    fused.supports({ ...spec, needsSaved: true }),
  );
  if (op) return applyFused('ctcLoss', op, spec, { logits }, { logits }, { losses: [batch] }).losses;
  return tidy(logits.backend, () => fallback(logits, host, inputLengths, blank, zeroInfinity));
}

const labelsRule = is.arrayOf(is.anything, 'the labels of one sequence, an array or an Int32Array');

function packTargets(list: readonly ArrayLike<number>[], batch: number, classes: number, blank: number): HostTargets {
  if (!Array.isArray(list))
    throw new ArgumentError(
      `[ctcLoss] expected targets to be an array with the labels of each sequence, such as [[1, 2], [3]], got ${describe(list)}`,
    );
  list.forEach((labels, n) => checkValue('ctcLoss', `targets[${n}]`, labels, labelsRule));
  if (list.length !== batch)
    throw new ArgumentError(`[ctcLoss] expected targets for ${batch} sequences, got ${list.length}`, 'SHAPE_MISMATCH');
  const targetLengths = Int32Array.from(list, (labels) => labels.length);
  const maxTargetLength = targetLengths.reduce((longest, length) => Math.max(longest, length), 0);
  const targets = new Int32Array(batch * maxTargetLength).fill(blank);
  list.forEach((labels, n) => {
    for (let k = 0; k < labels.length; k++) {
      const label = labels[k]!;
      if (!Number.isInteger(label) || label < 0 || label >= classes || label === blank) {
        throw new ArgumentError(
          `[ctcLoss] target ${n} holds label ${describe(label)} at ${k}; expected a class in 0…${classes - 1} other than the blank ${blank}`,
        );
      }
      targets[n * maxTargetLength + k] = label;
    }
  });
  return { targets, maxTargetLength, targetLengths };
}

/** ln 0, finite so that differences of two of them are 0 and not NaN. */
const never = -1e30;

/** The forward recursion over ln α in tensor operations; the tape makes the backward one. */
function fallback(
  logits: Tensor,
  host: HostTargets,
  inputLengths: Int32Array,
  blank: number,
  zeroInfinity: boolean,
): Tensor {
  const { backend } = logits;
  const batch = inputLengths.length;
  const { targets, maxTargetLength, targetLengths } = host;
  const states = 2 * maxTargetLength + 1;
  const labels = new Int32Array(batch * states).fill(blank);
  const mayNotSkip = new Uint32Array(batch * states).fill(1);
  const start = new Float32Array(batch * states).fill(never);
  const ends = new Int32Array(batch * 2);
  const noSecondEnd = new Uint32Array(batch * 2);
  for (let n = 0; n < batch; n++) {
    for (let k = 0; k < targetLengths[n]!; k++) {
      const at = n * states + 2 * k + 1;
      labels[at] = targets[n * maxTargetLength + k]!;
      if (k > 0 && labels[at] !== labels[at - 2]) mayNotSkip[at] = 0;
    }
    start[n * states] = 0;
    ends[2 * n] = 2 * targetLengths[n]!;
    ends[2 * n + 1] = Math.max(0, 2 * targetLengths[n]! - 1);
    if (targetLengths[n] === 0) noSecondEnd[2 * n + 1] = 1;
  }
  const shape = [batch, states];
  const index = tensor(backend, labels, { shape });
  const blocked = tensor(backend, mayNotSkip, { shape });
  const nothing = full(backend, [], never);
  const edge = full(backend, [batch, 1], never);
  const longest = inputLengths.reduce((most, length) => Math.max(most, length), 0);
  let alpha = tensor(backend, start, { shape });
  const frames = slice(logSoftmax(hidePadding(logits, inputLengths), -1, { fused: 'off' }), 0, 0, longest);
  // Through the sum over no frames, which is 0, the logits get the gradient 0.
  if (longest === 0) alpha = add(alpha, reshape(sum(frames, [0, 2]), [batch, 1]));
  unstack(frames).forEach((frame, t) => {
    const one = shiftRight(alpha, edge);
    const two = select(blocked, nothing, shiftRight(one, edge));
    const next = add(logSumExp([alpha, one, two]), gather(frame, index, 1));
    const done = Uint32Array.from(inputLengths, (length) => (t >= length ? 1 : 0));
    alpha = done.includes(1) ? select(tensor(backend, done, { shape: [batch, 1] }), alpha, next) : next;
  });
  const last = select(
    tensor(backend, noSecondEnd, { shape: [batch, 2] }),
    nothing,
    gather(alpha, tensor(backend, ends, { shape: [batch, 2] }), 1),
  );
  const logLikelihood = logSumExp(unstack(last, 1));
  const infeasible = less(logLikelihood, full(backend, [], never / 2));
  return select(infeasible, full(backend, [], zeroInfinity ? 0 : Infinity), negative(logLikelihood));
}

function shiftRight(alpha: Tensor, edge: Tensor): Tensor {
  return concat([edge, slice(alpha, 1, 0, alpha.shape[1]! - 1)], 1);
}

function logSumExp(terms: readonly Tensor[]): Tensor {
  const joined = stack(terms);
  const largest = max(joined.detach(), 0, { keepAxes: true });
  return add(log(sum(exp(subtract(joined, largest)), 0)), reshape(largest, terms[0]!.shape));
}
