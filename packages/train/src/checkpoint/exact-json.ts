import { ArgumentError } from '@timestep/core';
import type { Json } from '../schedules/schedule.ts';

const special = new Map(
  [NaN, Infinity, -Infinity, -0].map((value) => [Object.is(value, -0) ? '-0' : String(value), value]),
);

/** JSON in which the numbers that JSON lacks come back too: NaN, ±∞ and −0 are written as `{ "$number": … }`. */
export function stringifyExactly(value: Json): string {
  const text: unknown = JSON.stringify(value, (key, entry: unknown) => {
    if (typeof entry === 'bigint')
      throw new ArgumentError(`[checkpoint] expected a state that is JSON, got the bigint ${entry} at '${key}'`);
    return typeof entry === 'number' && (!Number.isFinite(entry) || Object.is(entry, -0))
      ? { $number: Object.is(entry, -0) ? '-0' : String(entry) }
      : entry;
  });
  if (typeof text === 'string') return text;
  throw new ArgumentError(`[checkpoint] expected a state that is JSON, got ${typeof value}`);
}

/** Reads what `stringifyExactly` wrote. */
export function parseExactly(text: string): Json {
  return JSON.parse(text, (_key, entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('$number' in entry)) return entry;
    const value = special.get(String(entry.$number));
    return value ?? entry;
  }) as Json;
}
