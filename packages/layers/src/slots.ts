import { Tensor } from '@timestep/core';
import { Module } from './module.ts';

/** A parameter or buffer that a module holds, and how to put another in its place. */
export interface TensorSlot {
  readonly name: string;
  readonly value: Tensor;
  replace(fresh: Tensor): void;
}

/** One thing that a module holds, under the name by which it is known outside. */
export type Slot = TensorSlot | { readonly name: string; readonly value: Module };

/** The tensors and modules among an object's own properties, and among the entries of those that are arrays. */
export function ownSlots(owner: object): Slot[] {
  const slots: Slot[] = [];
  const visit = (holder: object, prefix: string): void => {
    for (const [key, value] of Object.entries(holder) as [string, unknown][]) {
      const name = prefix + key;
      if (value instanceof Tensor) slots.push({ name, value, replace: (fresh) => Reflect.set(holder, key, fresh) });
      else if (value instanceof Module) slots.push({ name, value });
      else if (Array.isArray(value)) visit(value, `${name}.`);
    }
  };
  visit(owner, '');
  return slots;
}

export function isTensorSlot(slot: Slot): slot is TensorSlot {
  return slot.value instanceof Tensor;
}
