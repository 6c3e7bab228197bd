import { checkOptions, is, type OptionRules, type RnnVariant } from '@timestep/backend-api';
import { applyFused } from '../fused/apply.ts';
import { chooseFused } from '../fused/choose.ts';
import type { Tensor } from '../tensor.ts';
import { rnnStep } from './rnn-step.ts';
import { runCell } from './run-cell.ts';
import { checkSequence, sequenceRules, type SequenceArguments } from './sequence.ts';

/** The inputs and options of {@link rnnSequence}. */
export interface RnnSequenceArguments extends SequenceArguments {
  readonly variant?: Partial<RnnVariant>;
}

const rules: OptionRules<RnnSequenceArguments> = { ...sequenceRules, variant: is.optional(is.object) };
/** The rules of the variant, which may be left out in part. */
export const rnnVariantRules: OptionRules<Partial<RnnVariant>> = { activation: is.optional(is.oneOf('tanh', 'relu')) };

/**
 * An Elman network over a whole sequence, one layer in one direction: h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh).
 *
 * @example
 * ```ts
 * const { output, hN } = rnnSequence({ x, weightIh, weightHh, lengths: [50, 42] }); // x [50, 2, D]
 * ```
 *
 * @returns `output [T, N, H]` and `hN [N, H]`, the state after each sequence's last step
 */
export function rnnSequence(given: RnnSequenceArguments): { output: Tensor; hN: Tensor } {
  checkOptions('rnnSequence', given, rules);
  checkOptions('rnnSequence.variant', given.variant, rnnVariantRules);
  const { x, weightIh, weightHh, biasIh = null, biasHh = null, h0 = null } = given;
  const sizes = checkSequence('rnnSequence', 1, given);
  const variant = { activation: given.variant?.activation ?? 'tanh' } as const;
  const { outputSize, ...rest } = sizes;
  const spec = { ...rest, variant };
  const op = chooseFused(x.backend, 'rnnSequence', given.fused, (fused) =>
    fused.supports({ ...spec, needsSaved: true }),
  );
  if (op) {
    const inputs = { x, weightIh, weightHh, biasIh, biasHh, h0 };
    return applyFused('rnnSequence', op, spec, inputs, inputs, {
      output: [sizes.steps, sizes.batch, outputSize],
      hN: [sizes.batch, outputSize],
    });
  }
  const { output, h } = runCell<{ h: Tensor }>(given, sizes, { h: [h0, outputSize] }, (a, state) =>
    rnnStep(a, state, { weightHh, biasHh, variant }),
  );
  return { output, hN: h };
}
