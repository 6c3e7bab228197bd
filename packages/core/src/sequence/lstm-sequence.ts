import { checkOptions, is, type LstmVariant, type OptionRules } from '@timestep/backend-api';
import { applyFused } from '../fused/apply.ts';
import { chooseFused } from '../fused/choose.ts';
import { tensorRule } from '../ops/check.ts';
import type { Tensor } from '../tensor.ts';
import { lstmStep } from './lstm-step.ts';
import { runCell } from './run-cell.ts';
import { checkSequence, sequenceRules, type SequenceArguments } from './sequence.ts';

/** The inputs and options of {@link lstmSequence}. */
export interface LstmSequenceArguments extends SequenceArguments {
  /** `[N, H]`, or null for 0 */
  readonly c0?: Tensor | null;
  /** `[P, H]`: projects the output; null for none */
  readonly weightHr?: Tensor | null;
  /** `[3, H]`: p_i, p_f, p_o; null for no peepholes */
  readonly peephole?: Tensor | null;
  /** f = 1 − i */
  readonly coupledGates?: boolean;
}

const rules: OptionRules<LstmSequenceArguments> = {
  ...sequenceRules,
  c0: is.nullable(tensorRule),
  weightHr: is.nullable(tensorRule),
  peephole: is.nullable(tensorRule),
  coupledGates: is.optional(is.boolean),
};

/**
 * An LSTM over a whole sequence, one layer in one direction; with the equations of `lstmStep`.
 *
 * @example
 * ```ts
 * const { output, hN, cN } = lstmSequence({ x, weightIh, weightHh, lengths: [50, 42] }); // x [50, 2, D]
 * ```
 *
 * @returns `output [T, N, P]`, `hN [N, P]` and `cN [N, H]`, the state after each sequence's last step
 */
export function lstmSequence(given: LstmSequenceArguments): { output: Tensor; hN: Tensor; cN: Tensor } {
  checkOptions('lstmSequence', given, rules);
  const {
    x,
    weightIh,
    weightHh,
    biasIh = null,
    biasHh = null,
    h0 = null,
    c0 = null,
    weightHr = null,
    peephole = null,
  } = given;
  const sizes = checkSequence('lstmSequence', 4, given, ({ batch, hiddenSize, outputSize }) => [
    ['c0', c0, [batch, hiddenSize]],
    ['weightHr', weightHr, [outputSize, hiddenSize]],
    ['peephole', peephole, [3, hiddenSize]],
    // Without a projection the recurrent weights read the hidden units themselves.
    ['weightHh', weightHr ? null : weightHh, [4 * hiddenSize, hiddenSize]],
  ]);
  const { outputSize, ...rest } = sizes;
  const variant: LstmVariant = {
    peepholes: peephole !== null,
    coupledGates: given.coupledGates ?? false,
    projectionSize: weightHr ? outputSize : 0,
  };
  const spec = { ...rest, variant };
  const op = chooseFused(x.backend, 'lstmSequence', given.fused, (fused) =>
    fused.supports({ ...spec, needsSaved: true }),
  );
  if (op) {
    const inputs = { x, weightIh, weightHh, biasIh, biasHh, h0, c0, weightHr, peephole };
    return applyFused('lstmSequence', op, spec, inputs, inputs, {
      output: [sizes.steps, sizes.batch, outputSize],
      hN: [sizes.batch, outputSize],
      cN: [sizes.batch, sizes.hiddenSize],
    });
  }
  const { output, h, c } = runCell<{ h: Tensor; c: Tensor }>(
    given,
    sizes,
    { h: [h0, outputSize], c: [c0, sizes.hiddenSize] },
    (a, state) => lstmStep(a, state, { weightHh, biasHh, weightHr, peephole, variant }),
  );
  return { output, hN: h, cN: c };
}
