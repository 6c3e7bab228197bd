import { ArgumentError, checkValue, is } from '@timestep/core';

/**
 * Maps the names of a file to the names of a module. A record maps a name, or a prefix up to a dot, to a new one. The
 * longest match wins, and null leaves the tensors out: `{ encoder: 'lstm', 'decoder.out': 'head', aux: null }` renames
 * `encoder.weight_ih_l0` to `lstm.weight_ih_l0`. The empty prefix matches every name: `{ '': 'model' }`. A function
 * returns the new name, or null.
 */
export type NameMapping = Readonly<Record<string, string | null>> | ((name: string) => string | null);

/** How a mapping is checked. */
export const mappingRule = is.optional(is.anyOf(is.function, is.record(is.nullable(is.string), 'an object of names')));

/**
 * Renames the entries of a state dict.
 *
 * @throws ArgumentError if two entries get the same name, or an entry of the mapping matches nothing
 * @example
 * renameEntries(readStateDict(bytes), { encoder: 'lstm', aux: null });
 */
export function renameEntries<Value>(
  entries: ReadonlyMap<string, Value>,
  mapping: NameMapping | undefined,
): Map<string, Value> {
  checkValue('renameEntries', 'entries', entries, is.like('a Map', 'get', 'entries'));
  checkValue('renameEntries', 'mapping', mapping, mappingRule);
  if (mapping === undefined) return new Map(entries);
  const used = new Set<string>();
  const rename = typeof mapping === 'function' ? mapping : byPrefix(new Map(Object.entries(mapping)), used);
  const renamed = new Map<string, Value>();
  const origins = new Map<string, string>();
  for (const [name, value] of entries) {
    const fresh = rename(name);
    if (fresh === null) continue;
    if (renamed.has(fresh))
      throw new ArgumentError(
        `[rename] both '${origins.get(fresh)}' and '${name}' become '${fresh}'; map them apart, or one of them to null`,
      );
    renamed.set(fresh, value);
    origins.set(fresh, name);
  }
  const idle = typeof mapping === 'function' ? [] : Object.keys(mapping).filter((from) => !used.has(from));
  if (idle.length > 0)
    throw new ArgumentError(
      `[rename] no name starts with ${idle.map((name) => `'${name}'`).join(', ')}; the file has ${sample([...entries.keys()])}`,
    );
  return renamed;
}

function byPrefix(mapping: ReadonlyMap<string, string | null>, used: Set<string>): (name: string) => string | null {
  return (name) => {
    for (let end = name.length; end >= 0; end = end === 0 ? -1 : Math.max(0, name.lastIndexOf('.', end - 1))) {
      const from = name.slice(0, end);
      const to = mapping.get(from);
      if (to === undefined) continue;
      used.add(from);
      const rest = name.slice(end).replace(/^\./, '');
      return to === null ? null : [to, rest].filter((part) => part !== '').join('.');
    }
    return name;
  };
}

function sample(names: readonly string[]): string {
  return names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
}
