import type { Random } from '../random.ts';
import { oddNumbers } from './bytes.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Damages a JSON document and leaves it JSON: one to four of its values are dropped, doubled, renamed or replaced by
 * one of another type. A text that is no JSON comes back as it is.
 */
export function mutateJson(text: string, random: Random): string {
  let root: Json;
  try {
    root = JSON.parse(text) as Json;
  } catch {
    return text;
  }
  for (let times = 1 + random.integer(4); times > 0; times--) root = mutateOnce(root, random);
  return JSON.stringify(root);
}

function mutateOnce(root: Json, random: Random): Json {
  const holders: (Json[] | { [key: string]: Json })[] = [];
  collect(root, holders);
  if (holders.length === 0 || random.chance(0.02)) return strange(random);
  const holder = random.pick(holders);
  if (Array.isArray(holder)) {
    const at = random.integer(holder.length + 1);
    const kind = random.integer(4);
    if (kind === 0) holder.splice(at, 1);
    else if (kind === 1) holder.splice(at, 0, structuredClone(holder[random.integer(holder.length)] ?? null));
    else if (at < holder.length) holder[at] = kind === 2 ? nudge(holder[at]!, random) : strange(random);
    return root;
  }
  const keys = Object.keys(holder);
  if (keys.length === 0) return root;
  const key = random.pick(keys);
  const kind = random.integer(5);
  if (kind === 0) Reflect.deleteProperty(holder, key);
  else if (kind === 1) {
    const value = holder[key]!;
    Reflect.deleteProperty(holder, key);
    Object.defineProperty(holder, random.pick([`${key}2`, '', '__proto__', 'constructor', random.pick(keys)]), {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else if (kind === 2) holder[key] = nudge(holder[key]!, random);
  else if (kind === 3) holder[key] = structuredClone(holder[random.pick(keys)] ?? null);
  else holder[key] = strange(random);
  return root;
}

function collect(value: Json, holders: (Json[] | { [key: string]: Json })[]): void {
  if (typeof value !== 'object' || value === null) return;
  holders.push(value);
  for (const inner of Object.values(value)) collect(inner, holders);
}

/** A value of the same type that is probably wrong. */
function nudge(value: Json, random: Random): Json {
  if (typeof value === 'number') return random.chance(0.5) ? random.pick(oddNumbers) : value * 2 + 1;
  if (typeof value === 'string')
    return random.pick([value.slice(1), `${value}x`, value.toUpperCase(), '', '\ud800', value.repeat(20)]);
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return random.chance(0.5) ? [...value, ...value] : value.slice(1);
  return strange(random);
}

function strange(random: Random): Json {
  const values: readonly Json[] = [
    null,
    true,
    false,
    0,
    -1,
    0.5,
    1e9,
    1e300,
    '',
    'a',
    '1',
    [],
    {},
    [[[]]],
    [1, 'a', null],
    { a: 1 },
  ];
  return structuredClone(random.pick(values));
}
