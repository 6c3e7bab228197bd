import { checkValue, is, ShapeError, type OptionRules } from '@timestep/backend-api';
import { fusedRules, type FusedOption } from '../fused/choose.ts';
import { checkOperation, expectDType, sameBackend, tensorRule } from '../ops/check.ts';
import { sameShape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

const slotsRule = is.arrayOf(is.object, 'an array of slots');

/** What an optimizer step is given: every tensor of a slot is f32, of its parameter's shape, and on one backend. */
export function checkSlots<Slot extends { readonly parameter: Tensor }>(
  where: string,
  slots: readonly Slot[],
  names: OptionRules<Slot>,
  factor: Tensor | null,
  options: FusedOption,
): void {
  checkValue(where, 'slots', slots, slotsRule);
  checkValue(where, 'factor', factor, is.nullable(tensorRule));
  checkOperation(where, options, fusedRules);
  if (factor && factor.size !== 1)
    throw new ShapeError(`[${where}] expected factor to be a scalar, got shape ${show(factor.shape)}`);
  const backends: Tensor[] = factor ? [factor] : [];
  for (const slot of slots) {
    for (const name of Object.keys(names)) {
      const tensor = slot[name as keyof Slot] as Tensor | null;
      checkValue(where, name, tensor, names[name as keyof Slot]);
      if (!tensor) continue;
      expectDType(where, name, tensor, ['f32']);
      if (!sameShape(tensor.shape, slot.parameter.shape))
        throw new ShapeError(
          `[${where}] expected ${name} of the parameter's shape ${show(slot.parameter.shape)}, got ${show(tensor.shape)}`,
        );
      backends.push(tensor);
    }
  }
  sameBackend(where, backends);
}
