import type { Entry } from '../mutations.ts';

/** One right call; `more` says what else its arguments may be. */
export function entry(
  name: string,
  call: Entry['call'],
  args: Entry['args'],
  more: Omit<Entry, 'name' | 'call' | 'args'> = {},
): Entry {
  return { name, call, args, ...more };
}

/** The method of an object, bound to it. */
export function bound(object: object, name: string): Entry['call'] {
  return (Reflect.get(object, name) as Entry['call']).bind(object);
}

/** Exports without a call, all for one reason. */
export function reasons(reason: string, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}
