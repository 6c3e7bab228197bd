/** A value that an object holds, its path, and a function that replaces it. */
interface Held {
  readonly path: string;
  readonly value: unknown;
  /** Whether it is a property or an array entry, rather than inside a plain object or a Map. */
  readonly direct: boolean;
  replace(fresh: unknown): void;
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
      // What is left are the primitive values, which the compiler cannot tell from unknown.
      const primitive = key as string | number | bigint | boolean | symbol | null | undefined;
      const name = typeof key === 'object' || typeof key === 'function' ? String(place) : String(primitive);
      yield [name, value, (fresh) => map.set(key, fresh)];
      place++;
    }
    return;
  }
  for (const key of Object.keys(container))
    yield [key, Reflect.get(container, key), (fresh) => Reflect.set(container, key, fresh)];
}

/** Whether a value is an array, a Map or a plain object. A backend may be a plain object, but it is not searched. */
function isContainer(value: object): boolean {
  if (Array.isArray(value) || value instanceof Map) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && !('specVersion' in value);
}
