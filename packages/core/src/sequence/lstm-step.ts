import { checkValue, is, ShapeError, type LstmVariant, type OptionRules, type Rule } from '@timestep/backend-api';
import { add, multiply } from '../ops/binary.ts';
import { checkOperation, checkTensor } from '../ops/check.ts';
import { unstack } from '../ops/join.ts';
import { linear } from '../ops/linear.ts';
import { reshape } from '../ops/shape.ts';
import { affine } from '../ops/affine.ts';
import { sigmoid, tanh } from '../ops/unary.ts';
import { tidy } from '../scope.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkStep } from './check-step.ts';

const variantRules: OptionRules<LstmVariant> = {
  peepholes: is.optional(is.boolean),
  coupledGates: is.optional(is.boolean),
  projectionSize: is.optional(is.size(0)),
};

/** Parameters of the recurrent part of an LSTM cell. The input part is a plain `linear`. */
export interface LstmStepParameters {
  /** `[4H, P]`, gates i, f, g, o */
  readonly weightHh: Tensor;
  /** `[4H]` or null */
  readonly biasHh: Tensor | null;
  /** `[P, H]` where the variant projects, else null */
  readonly weightHr: Tensor | null;
  /** `[3, H]`: p_i, p_f, p_o where the variant has peepholes, else null */
  readonly peephole: Tensor | null;
  readonly variant: LstmVariant;
}

/**
 * One step of the LSTM (Hochreiter and Schmidhuber 1997; forget gate Gers et al. 2000). With a = W_ih x + b_ih computed
 * before and a + W_hh h + b_hh split into i, f, g, o: c' = σ(f)∘c + σ(i)∘tanh(g), h' = σ(o)∘tanh(c'). Peepholes add
 * p_i∘c, p_f∘c and p_o∘c' before σ; coupled gates use f = 1 − i; a projection gives h' = W_hr (σ(o)∘tanh(c')).
 *
 * @example
 * ```ts
 * const variant = { peepholes: false, coupledGates: false, projectionSize: 0 };
 * const parameters = { weightHh, biasHh, weightHr: null, peephole: null, variant };
 * const { h, c } = lstmStep(linear(x, weightIh, biasIh), { h: h0, c: c0 }, parameters);
 * ```
 *
 * @param projected a, `[N, 4H]`
 */
export function lstmStep(
  projected: Tensor,
  state: { readonly h: Tensor; readonly c: Tensor },
  parameters: LstmStepParameters,
): { h: Tensor; c: Tensor } {
  checkStep('lstmStep', 4, projected, state, parameters, variantRules);
  return tidy(projected.backend, () =>
    lstmGates(
      add(projected, linear(state.h, parameters.weightHh, parameters.biasHh, { fused: 'off' })),
      state.c,
      parameters,
    ),
  );
}

const readCellRule = is.optional(is.function);

const gatesRule: Rule = (value) =>
  is.object(value) ?? is.like('an object with a variant', 'variant')(value) ?? variantOf(value as { variant: unknown });

function variantOf({ variant }: { readonly variant: unknown }): string | null {
  return is.object(variant) === null ? null : 'an object with a variant, such as { coupledGates: false }';
}

/** Parameters of the gates other than their sums. */
export interface LstmGateParameters extends Omit<LstmStepParameters, 'weightHh' | 'biasHh' | 'variant'> {
  readonly variant: Pick<LstmVariant, 'coupledGates'>;
  /** The cell state that the output gate sees, before tanh; the new cell state by default. */
  readonly readCell?: ((cell: Tensor) => Tensor) | undefined;
}

/**
 * The half of the step behind the two products, for cells that treat those in a way of their own.
 *
 * @example
 * ```ts
 * const { h, c } = lstmGates(sums, c0, { weightHr: null, peephole: null, variant: { coupledGates: false } });
 * ```
 *
 * @param sums i, f, g, o before their functions, `[N, 4H]`
 * @param c `[N, H]`
 *
 * @throws ShapeError for gates, a state or peepholes of another shape
 */
export function lstmGates(sums: Tensor, c: Tensor, parameters: LstmGateParameters): { h: Tensor; c: Tensor } {
  checkTensor('lstmGates', 'sums', sums);
  checkTensor('lstmGates', 'c', c);
  checkValue('lstmGates', 'parameters', parameters, gatesRule);
  checkOperation('lstmGates.variant', parameters.variant as LstmVariant, variantRules);
  for (const name of ['weightHr', 'peephole'] as const)
    if (parameters[name] !== null && parameters[name] !== undefined) checkTensor('lstmGates', name, parameters[name]);
  checkValue('lstmGates', 'readCell', parameters.readCell, readCellRule);
  const { variant, weightHr, readCell = (cell: Tensor) => cell } = parameters;
  if (sums.rank !== 2 || sums.shape[1]! % 4 !== 0)
    throw new ShapeError(`[lstmGates] expected sums of shape [N, 4·H], got ${show(sums.shape)}`);
  return tidy(sums.backend, () => {
    const [batch, width] = sums.shape as [number, number];
    const [inputSum, forgetSum, cellSum, outputSum] = unstack(reshape(sums, [batch, 4, width / 4]), 1) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [peepInput, peepForget, peepOutput] = parameters.peephole ? unstack(parameters.peephole) : [];
    const input = sigmoid(peep(inputSum, peepInput, c));
    const forget = variant.coupledGates ? affine(input, -1, 1) : sigmoid(peep(forgetSum, peepForget, c));
    const next = add(multiply(forget, c), multiply(input, tanh(cellSum)));
    const hidden = multiply(sigmoid(peep(outputSum, peepOutput, next)), tanh(readCell(next)));
    return { h: weightHr ? linear(hidden, weightHr, null, { fused: 'off' }) : hidden, c: next };
  });
}

function peep(sum: Tensor, weight: Tensor | undefined, cell: Tensor): Tensor {
  return weight ? add(sum, multiply(weight, cell)) : sum;
}
