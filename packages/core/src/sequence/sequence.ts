import { is, ShapeError, type OptionRules } from '@timestep/backend-api';
import { fusedRules, type FusedOption } from '../fused/choose.ts';
import { checkTensor, expectDType, sameBackend, tensorRule } from '../ops/check.ts';
import { show, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkLengths } from '../lengths.ts';
import { scanRules, type ScanOptions } from './scan.ts';

/** The arguments that the three recurrent sequences share. */
export interface SequenceArguments extends ScanOptions, FusedOption {
  /** `[T, N, D]` */
  readonly x: Tensor;
  /** `[G·H, D]`: G gates, 1 for RNN, 4 for LSTM, 3 for GRU */
  readonly weightIh: Tensor;
  /** `[G·H, P]`: P is H but for a projected LSTM */
  readonly weightHh: Tensor;
  /** `[G·H]`, or null for 0 */
  readonly biasIh?: Tensor | null;
  /** `[G·H]`, or null for 0 */
  readonly biasHh?: Tensor | null;
  /** `[N, P]`, or null for 0 */
  readonly h0?: Tensor | null;
}

/** The rules of {@link SequenceArguments}. */
export const sequenceRules: OptionRules<SequenceArguments> = {
  ...fusedRules,
  ...scanRules,
  x: tensorRule,
  weightIh: tensorRule,
  weightHh: tensorRule,
  biasIh: is.nullable(tensorRule),
  biasHh: is.nullable(tensorRule),
  h0: is.nullable(tensorRule),
};

/** The sizes of a sequence and its layer. */
export interface SequenceSizes {
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly hiddenSize: number;
  /** P */
  readonly outputSize: number;
  readonly lengths: Int32Array | null;
  readonly reverse: boolean;
}

/**
 * Checks the shapes of a sequence and reads its sizes from them.
 *
 * @example
 * ```ts
 * const { steps, batch, hiddenSize } = checkSequence('gruSequence', 3, { x, weightIh, weightHh });
 * ```
 *
 * @param more further tensors with the shape they must have, as a function of the sizes
 *
 * @throws ShapeError, DTypeError or ArgumentError that names the tensor at fault and the shape expected
 */
export function checkSequence(
  where: string,
  gates: number,
  given: SequenceArguments,
  more: (sizes: SequenceSizes) => readonly (readonly [string, Tensor | null | undefined, Shape])[] = () => [],
): SequenceSizes {
  const { x, weightIh, weightHh } = given;
  for (const [name, tensor] of Object.entries({ x, weightIh, weightHh })) checkTensor(where, name, tensor);
  if (x.rank !== 3)
    throw new ShapeError(
      `[${where}] expected x of shape [T, N, ${weightIh.shape[1]}], got ${show(x.shape)}; sequences are time-major`,
    );
  const [steps, batch, inputSize] = x.shape as [number, number, number];
  if (weightIh.rank !== 2 || weightIh.shape[0] === 0 || weightIh.shape[0]! % gates !== 0)
    throw new ShapeError(`[${where}] expected weightIh of shape [${gates}·H, D], got ${show(weightIh.shape)}`);
  if (weightIh.shape[1] !== inputSize) {
    throw new ShapeError(
      `[${where}] expected x of shape [T, N, ${weightIh.shape[1]}], got ${show(x.shape)}; pass inputSize: ${inputSize} or project x first`,
    );
  }
  const hiddenSize = weightIh.shape[0]! / gates;
  const outputSize = weightHh.shape[1] ?? 0;
  const lengths = checkLengths(where, given.lengths, steps, batch);
  const sizes = { steps, batch, inputSize, hiddenSize, outputSize, lengths, reverse: given.reverse ?? false };
  const width = gates * hiddenSize;
  const expected = [
    ['weightHh', weightHh, [width, outputSize]],
    ['biasIh', given.biasIh, [width]],
    ['biasHh', given.biasHh, [width]],
    ['h0', given.h0, [batch, outputSize]],
    ...more(sizes),
  ] as const;
  const tensors: [string, Tensor][] = [
    ['x', x],
    ['weightIh', weightIh],
  ];
  for (const [name, tensor, shape] of expected) {
    if (!tensor) continue;
    tensors.push([name, tensor]);
    if (show(tensor.shape) !== show(shape))
      throw new ShapeError(`[${where}] expected ${name} of shape ${show(shape)}, got ${show(tensor.shape)}`);
  }
  for (const [name, tensor] of tensors) expectDType(where, name, tensor, ['f32']);
  sameBackend(
    where,
    tensors.map(([, tensor]) => tensor),
  );
  return sizes;
}
