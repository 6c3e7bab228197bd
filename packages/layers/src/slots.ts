import { Tensor } from '@timestep/core';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';

/** A parameter or buffer that a module holds, and how to put another in its place. */
export interface TensorSlot {
  readonly name: string;
  readonly value: Tensor;
  replace(fresh: Tensor): void;
}

/** One thing that a module holds, under the name by which it is known outside. */
export type Slot = TensorSlot | { readonly name: string; readonly value: Module };

/** A value that an object holds, its path from there, and how to put another in its place. */
interface Held {
  readonly path: string;
  readonly value: unknown;
  /** It is a property or an entry of an array, and not inside a plain object or a Map. */
  readonly direct: boolean;
  replace(fresh: unknown): void;
}

/**
 * The tensors and modules among an object's own properties, and inside those that are arrays, plain objects or Maps.
 * A tensor that is no parameter counts as a buffer only where it is a property or in an array: objects and Maps also
 * hold states, which come and go.
 */
export function ownSlots(owner: object): Slot[] {
  const slots: Slot[] = [];
  visitHeld(owner, ({ path: name, value, direct, replace }) => {
    if (value instanceof Tensor) {
      if (direct || value instanceof Parameter) slots.push({ name, value, replace });
    } else if (value instanceof Module) slots.push({ name, value });
  });
  return slots;
}

/** Calls `visit` with everything that an object's properties hold, containers opened. */
export function visitHeld(owner: object, visit: (held: Held) => void): void {
  const opened = new Set<object>();
  const open = (container: object, prefix: string, direct: boolean): void => {
    if (opened.has(container)) return;
    opened.add(container);
    for (const [key, value, replace] of entriesOf(container)) {
      if (typeof value !== 'object' || value === null) continue;
      const path = prefix + key;
      if (isContainer(value)) open(value, `${path}.`, direct && Array.isArray(value));
      else visit({ path, value, direct, replace });
    }
  };
  open(owner, '', true);
}

type Entry = readonly [key: string, value: unknown, replace: (fresh: unknown) => void];

function* entriesOf(container: object): Generator<Entry> {
  if (container instanceof Map) {
    const map = container as Map<unknown, unknown>;
    let place = 0;
    for (const [key, value] of map) {
      const name = typeof key === 'object' || typeof key === 'function' ? String(place) : String(key);
      yield [name, value, (fresh) => map.set(key, fresh)];
      place++;
    }
    return;
  }
  for (const key of Object.keys(container))
    yield [key, Reflect.get(container, key), (fresh) => Reflect.set(container, key, fresh)];
}

/** An array, a Map or a plain object; a backend may be one too, and holds what is not ours. */
function isContainer(value: object): boolean {
  if (Array.isArray(value) || value instanceof Map) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !('specVersion' in value);
}

export function isTensorSlot(slot: Slot): slot is TensorSlot {
  return slot.value instanceof Tensor;
}
