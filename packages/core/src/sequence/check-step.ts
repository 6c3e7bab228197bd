import { ArgumentError, describe, ShapeError, type OptionRules } from '@timestep/backend-api';
import { checkOperation, checkTensor } from '../ops/check.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** What every step of a cell reads: cheap, since it is asked at each of them. */
export function checkStep<Variant extends object>(
  where: string,
  gates: number,
  projected: Tensor,
  state: { readonly h: Tensor; readonly c?: Tensor },
  parameters: { readonly weightHh: Tensor; readonly variant: Variant },
  variantRules: OptionRules<Variant>,
): void {
  for (const [name, value] of [
    ['state', state],
    ['parameters', parameters],
  ] as const)
    if (typeof value !== 'object' || value === null)
      throw new ArgumentError(`[${where}] expected ${name} to be an object, got ${describe(value)}`);
  checkTensor(where, 'projected', projected);
  checkOperation(`${where}.variant`, parameters.variant, variantRules);
  checkTensor(where, 'state.h', state.h);
  checkTensor(where, 'parameters.weightHh', parameters.weightHh);
  if (state.h.rank !== 2 || projected.rank !== 2 || parameters.weightHh.rank !== 2 || projected.shape[1]! % gates !== 0)
    throw new ShapeError(
      `[${where}] expected projected of shape [N, ${gates}·H], h of shape [N, H] and weightHh of two axes, got ${show(projected.shape)}, ${show(state.h.shape)} and ${show(parameters.weightHh.shape)}`,
    );
}
