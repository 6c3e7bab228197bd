import { is, ShapeError, type OptionRules } from '@timestep/backend-api';
import { full } from '../create.ts';
import { applyFused } from '../fused/apply.ts';
import { chooseFused, fusedRules, type FusedOption } from '../fused/choose.ts';
import { tidy } from '../scope.ts';
import { sameShape, show, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add, select } from './binary.ts';
import { checkOperation, expectDType, sameBackend } from './check.ts';
import { notEqual } from './compare.ts';
import { gather } from './gather.ts';
import { mean } from './reduce.ts';
import { reshape } from './shape.ts';
import { logSoftmax } from './softmax.ts';
import { affine } from './affine.ts';

/** Options of {@link crossEntropyRows}. */
export interface CrossEntropyOptions extends FusedOption {
  /** ε in [0, 1]: the share of the target's probability that is spread over all classes. */
  readonly labelSmoothing?: number;
  /** Targets of this value have loss 0 and gradient 0; −100 by default, as in PyTorch. */
  readonly ignoreIndex?: number;
}

const rules: OptionRules<CrossEntropyOptions> = {
  ...fusedRules,
  labelSmoothing: is.optional(is.probability),
  ignoreIndex: is.optional(is.integer(-(2 ** 31), 2 ** 31 - 1)),
};

/**
 * The loss of each row, unreduced: −(1 − ε)·log p[target] − ε/C·Σ log p with p = softmax(logits).
 *
 * @example
 * ```ts
 * mean(crossEntropyRows(logits, tensor(backend, [2, 0], { dtype: 'i32' }))); // logits [2, C]
 * ```
 *
 * @param logits `[…, C]`
 * @param targets i32 `[…]`, each in 0…C − 1 or `ignoreIndex`
 * @returns `[…]`
 * @throws ArgumentError for a target out of range: at once where memory is the host's, else from the next `data()`;
 *   the loss there is 0
 */
export function crossEntropyRows(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkOperation('crossEntropy', options, rules);
  const { labelSmoothing = 0, ignoreIndex = -100 } = options;
  expectDType('crossEntropy', 'logits', logits, ['f32']);
  expectDType('crossEntropy', 'targets', targets, ['i32']);
  sameBackend('crossEntropy', [logits, targets]);
  if (logits.rank < 1 || !sameShape(logits.shape.slice(0, -1), targets.shape)) {
    throw new ShapeError(
      `[crossEntropy] expected targets of shape ${show(logits.shape.slice(0, -1))} for logits of shape ${show(logits.shape)}, got ${show(targets.shape)}`,
    );
  }
  const classes = logits.shape.at(-1)!;
  if (classes === 0)
    throw new ShapeError(`[crossEntropy] expected at least one class, got logits of shape ${show(logits.shape)}`);
  const spec = { rows: sizeOf(targets.shape), classes, labelSmoothing, ignoreIndex };
  const op = chooseFused(logits.backend, 'crossEntropy', options.fused, (fused) =>
    fused.supports({ ...spec, needsSaved: true }),
  );
  if (op)
    return applyFused('crossEntropy', op, spec, { logits, targets }, { logits }, { losses: targets.shape }).losses;
  return tidy(logits.backend, () => {
    const { backend } = logits;
    const counted = notEqual(targets, full(backend, [], ignoreIndex, { dtype: 'i32' }));
    const safe = select(counted, targets, full(backend, [], 0, { dtype: 'i32' }));
    // A NaN in an ignored row would come back in its gradient, as 0·NaN.
    const rows = select(reshape(counted, [...targets.shape, 1]), logits, full(backend, [], 0));
    const logProbabilities = logSoftmax(rows, -1, { fused: 'off' });
    const picked = reshape(gather(logProbabilities, reshape(safe, [...targets.shape, 1])), targets.shape);
    const sharp = affine(picked, labelSmoothing - 1);
    const losses = labelSmoothing === 0 ? sharp : add(sharp, affine(mean(logProbabilities, -1), -labelSmoothing));
    return select(counted, losses, full(backend, [], 0));
  });
}
