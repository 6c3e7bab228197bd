/** Wrong values that callers without types pass by mistake, created for each call. */
export const wrongValues: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => 5,
  () => -1,
  () => 1.5,
  () => NaN,
  () => Infinity,
  () => 5n,
  () => true,
  () => '',
  () => 'abc',
  () => Symbol('wrong'),
  () => [],
  () => [null],
  () => ['abc'],
  () => [NaN],
  () => ({}),
  () => ({ unknownOption: 1 }),
  () => new Map([['a', 1]]),
  () => new Date(0),
  () => new Uint8Array(3),
  () => new ArrayBuffer(3),
  () => Promise.resolve(1),
  () => () => undefined,
];

/** The kind of a value, coarsely: one of another kind is of the wrong type. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) return 'array';
  if (typeof value !== 'object') return typeof value;
  if ('specVersion' in value) return 'backend';
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null
    ? 'options'
    : (value.constructor as { name: string }).name;
}

export function isOptions(value: unknown): value is Record<string, unknown> {
  return kindOf(value) === 'options';
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return String(value);
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${shown(value[0])}]`;
  if (isOptions(value)) return Object.keys(value).length === 0 ? '{}' : '{ unknownOption }';
  return typeof value === 'object' ? `a ${value.constructor.name}` : `a ${typeof value}`;
}
