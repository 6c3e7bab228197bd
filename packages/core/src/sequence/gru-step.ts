import { is, type GruVariant, type OptionRules } from '@timestep/backend-api';
import { add, multiply, subtract } from '../ops/binary.ts';
import { linear } from '../ops/linear.ts';
import { slice } from '../ops/shape.ts';
import { sigmoid, tanh } from '../ops/unary.ts';
import { tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { checkStep } from './check-step.ts';

const variantRules: OptionRules<GruVariant> = { reset: is.oneOf('after', 'before') };

/** Parameters of the recurrent part of a GRU cell. The input part is a plain `linear`. */
export interface GruStepParameters {
  /** `[3H, H]`, gates r, z, n */
  readonly weightHh: Tensor;
  /** `[3H]` or null */
  readonly biasHh: Tensor | null;
  readonly variant: GruVariant;
}

/**
 * One step of the gated recurrent unit (Cho et al. 2014). With a = W_ih x + b_ih computed before:
 * r = σ(a_r + U_r h + b_r), z = σ(a_z + U_z h + b_z), h' = (1 − z)∘n + z∘h, and reset after the product (PyTorch,
 * cuDNN) n = tanh(a_n + r∘(U_n h + b_n)) or before it (the paper) n = tanh(a_n + U_n (r∘h) + b_n).
 *
 * @example
 * ```ts
 * const { h } = gruStep(linear(x, weightIh, biasIh), { h: h0 }, { weightHh, biasHh, variant: { reset: 'after' } });
 * ```
 *
 * @param projected a, `[N, 3H]`
 */
export function gruStep(
  projected: Tensor,
  state: { readonly h: Tensor },
  parameters: GruStepParameters,
): { h: Tensor } {
  checkStep('gruStep', 3, projected, state, parameters, variantRules);
  const { weightHh, biasHh, variant } = parameters;
  return tidy(projected.backend, () => {
    const { h } = state;
    const size = h.shape[1]!;
    const [aReset, aUpdate, aNew] = [
      slice(projected, 1, 0, size),
      slice(projected, 1, size, 2 * size),
      slice(projected, 1, 2 * size),
    ];
    const part = (from: number, to: number, x: Tensor): Tensor =>
      linear(x, slice(weightHh, 0, from * size, to * size), biasHh && slice(biasHh, 0, from * size, to * size), {
        fused: 'off',
      });
    const both = part(0, 2, h);
    const reset = sigmoid(add(aReset, slice(both, 1, 0, size)));
    const update = sigmoid(add(aUpdate, slice(both, 1, size)));
    const recurrent = variant.reset === 'after' ? multiply(reset, part(2, 3, h)) : part(2, 3, multiply(reset, h));
    const fresh = tanh(add(aNew, recurrent));
    // (1 − z)∘n + z∘h, with one product less.
    return { h: add(fresh, multiply(update, subtract(h, fresh))) };
  });
}
