import { ArgumentError } from '@timestep/core';
import { isTensor, type PtValue } from './pt.ts';

/** Keys of dictionaries and indices of lists, from the outside in. In a string, dots separate them. */
export type PtPath = string | readonly (string | number)[];

/**
 * Returns the tensors of a state dict in a checkpoint, by name. The names of nested dictionaries are joined with dots.
 *
 * @throws ArgumentError if the path leads nowhere, or is missing where it is needed
 */
export function entriesAt(root: PtValue, path: PtPath | undefined): Map<string, PtValue> {
  const target = path === undefined ? root : follow(root, path);
  if (!(target instanceof Map))
    throw new ArgumentError(
      `[pytorch] expected a dictionary of tensors${path === undefined ? '' : ` at ${shown(path)}`}, got ${describe(target)}`,
    );
  const entries = flatten(target);
  const inside = [...target].flatMap(([key, value]) =>
    value instanceof Map && isStateDict(value) ? [String(key)] : [],
  );
  const isMixed = [...target.values()].some(
    (value) => !isTensor(value) && !(value instanceof Map && isStateDict(value)),
  );
  if (path === undefined && isMixed && inside.length > 0)
    throw new ArgumentError(
      `[pytorch] the checkpoint holds ${[...target.keys()].map(String).join(', ')}; pass { path: '${inside[0]}' }${inside.length > 1 ? `, or one of ${inside.slice(1).join(', ')},` : ''} to say where the state dict is`,
    );
  return entries;
}

function isStateDict(value: ReadonlyMap<PtValue, PtValue>): boolean {
  return (
    value.size > 0 && [...value.values()].every((one) => isTensor(one) || (one instanceof Map && isStateDict(one)))
  );
}

function flatten(value: ReadonlyMap<PtValue, PtValue>, before = ''): Map<string, PtValue> {
  return new Map(
    [...value].flatMap(([key, one]): [string, PtValue][] => {
      // PyTorch's dictionaries have keys of text and numbers.
      const place = key as string | number;
      const name = `${before}${place}`;
      return one instanceof Map ? [...flatten(one, `${name}.`)] : [[name, one]];
    }),
  );
}

function follow(root: PtValue, path: PtPath): PtValue {
  // A key may have dots itself.
  if (typeof path === 'string' && root instanceof Map && root.has(path)) return root.get(path)!;
  let current = root;
  for (const key of typeof path === 'string' ? path.split('.') : path) {
    const next: PtValue | undefined = Array.isArray(current)
      ? (current as readonly PtValue[])[Number(key)]
      : current instanceof Map
        ? (current.get(key) ?? current.get(Number(key)))
        : undefined;
    if (next === undefined)
      throw new ArgumentError(
        `[pytorch] the checkpoint has nothing at ${shown(path)}: there is no '${key}' in ${describe(current)}`,
      );
    current = next;
  }
  return current;
}

function shown(path: PtPath): string {
  return typeof path === 'string' ? `'${path}'` : `[${path.join(', ')}]`;
}

function describe(value: PtValue): string {
  if (value instanceof Map) return `a dictionary of ${[...value.keys()].slice(0, 8).map(String).join(', ')}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return isTensor(value) ? 'a tensor' : value === null ? 'None' : `a ${typeof value}`;
}
