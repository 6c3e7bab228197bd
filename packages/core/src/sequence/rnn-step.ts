import { is, type OptionRules, type RnnVariant } from '@timestep/backend-api';
import { add } from '../ops/binary.ts';
import { linear } from '../ops/linear.ts';
import { relu, tanh } from '../ops/unary.ts';
import { tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { checkStep } from './check-step.ts';

const variantRules: OptionRules<RnnVariant> = { activation: is.oneOf('tanh', 'relu') };

/** Parameters of the recurrent part of an Elman cell. The input part is a plain `linear`. */
export interface RnnStepParameters {
  /** `[H, H]` */
  readonly weightHh: Tensor;
  /** `[H]` or null */
  readonly biasHh: Tensor | null;
  readonly variant: RnnVariant;
}

/**
 * One step of Elman's network (1990): h' = φ(a + W_hh h + b_hh), with a = W_ih x + b_ih computed before.
 *
 * @example
 * ```ts
 * const { h } = rnnStep(linear(x, weightIh, biasIh), { h: h0 }, { weightHh, biasHh, variant: { activation: 'tanh' } });
 * ```
 *
 * @param projected a, `[N, H]`
 */
export function rnnStep(
  projected: Tensor,
  state: { readonly h: Tensor },
  parameters: RnnStepParameters,
): { h: Tensor } {
  checkStep('rnnStep', 1, projected, state, parameters, variantRules);
  return tidy(projected.backend, () => {
    const sum = add(projected, linear(state.h, parameters.weightHh, parameters.biasHh, { fused: 'off' }));
    return { h: parameters.variant.activation === 'relu' ? relu(sum) : tanh(sum) };
  });
}
