import { checkOptions, is, type GruVariant, type OptionRules } from '@timestep/backend-api';
import { applyFused } from '../fused/apply.ts';
import { chooseFused } from '../fused/choose.ts';
import type { Tensor } from '../tensor.ts';
import { gruStep } from './gru-step.ts';
import { runCell } from './run-cell.ts';
import { checkSequence, sequenceRules, type SequenceArguments } from './sequence.ts';

/** The inputs and options of {@link gruSequence}. */
export interface GruSequenceArguments extends SequenceArguments {
  readonly variant?: Partial<GruVariant>;
}

const rules: OptionRules<GruSequenceArguments> = { ...sequenceRules, variant: is.optional(is.object) };
/** The rules of the variant, which may be left out in part. */
export const gruVariantRules: OptionRules<Partial<GruVariant>> = { reset: is.optional(is.oneOf('after', 'before')) };

/**
 * A GRU over a whole sequence, one layer in one direction; with the equations of `gruStep`.
 *
 * @example
 * ```ts
 * const { output, hN } = gruSequence({ x, weightIh, weightHh, lengths: [50, 42] }); // x [50, 2, D]
 * ```
 *
 * @returns `output [T, N, H]` and `hN [N, H]`, the state after each sequence's last step
 */
export function gruSequence(given: GruSequenceArguments): { output: Tensor; hN: Tensor } {
  checkOptions('gruSequence', given, rules);
  checkOptions('gruSequence.variant', given.variant, gruVariantRules);
  const { x, weightIh, weightHh, biasIh = null, biasHh = null, h0 = null } = given;
  const sizes = checkSequence('gruSequence', 3, given);
  const variant = { reset: given.variant?.reset ?? 'after' } as const;
  const { outputSize, ...rest } = sizes;
  const spec = { ...rest, variant };
  const op = chooseFused(x.backend, 'gruSequence', given.fused, (fused) =>
    fused.supports({ ...spec, needsSaved: true }),
  );
  if (op) {
    const inputs = { x, weightIh, weightHh, biasIh, biasHh, h0 };
    return applyFused('gruSequence', op, spec, inputs, inputs, {
      output: [sizes.steps, sizes.batch, outputSize],
      hN: [sizes.batch, outputSize],
    });
  }
  const { output, h } = runCell<{ h: Tensor }>(given, sizes, { h: [h0, outputSize] }, (a, state) =>
    gruStep(a, state, { weightHh, biasHh, variant }),
  );
  return { output, hN: h };
}
