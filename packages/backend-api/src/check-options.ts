import { ArgumentError } from './errors.ts';
import { nearestName } from './nearest-name.ts';
import type { Rule } from './rules.ts';

/** A rule for each option: one that is added to the interface and forgotten here does not compile. */
export type OptionRules<Options extends object> = { readonly [Name in keyof Options]-?: Rule };

/**
 * Checks the options of a call: every name is known and every value fits its rule.
 *
 * ```ts
 * checkOptions('crossEntropyLoss', { labelSmoting: 0.1 }, { labelSmoothing: is.optional(is.probability) });
 * // ArgumentError: [crossEntropyLoss] unknown option labelSmoting; did you mean labelSmoothing? …
 * ```
 *
 * @param where the name of the function or class, for the message
 * @param options what the caller passed; undefined counts as `{}`
 * @param rules one for each option; wrap it in `is.optional` where the option may be left out
 * @throws ArgumentError for anything but an object, an unknown name, or a value that does not fit
 */
export function checkOptions<Options extends object>(
  where: string,
  options: Options | undefined,
  rules: OptionRules<Options>,
): void {
  const known = Object.keys(rules);
  const given: unknown = options ?? (options === undefined ? {} : null);
  // A promise, a Map or a Date has no options that anyone would see, and would count as an empty object.
  if (Object.prototype.toString.call(given) !== '[object Object]') {
    throw new ArgumentError(`[${where}] expected an object of options { ${known.join(', ')} }, got ${describe(given)}`);
  }
  for (const name of Object.keys(given as object)) {
    if (Object.hasOwn(rules, name)) continue;
    const meant = nearestName(name, known);
    const hint = meant === undefined ? '' : `did you mean ${meant}? `;
    throw new ArgumentError(`[${where}] unknown option ${name}; ${hint}expected { ${known.join(', ')} }`);
  }
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    checkValue(where, name, (given as Record<string, unknown>)[name], rule);
  }
}

/**
 * Checks one argument.
 *
 * @param name the argument's, for the message
 * @throws ArgumentError where it does not fit
 */
export function checkValue(where: string, name: string, value: unknown, rule: Rule): void {
  const expected = rule(value);
  if (expected === null) return;
  throw new ArgumentError(`[${where}] expected ${name} to be ${expected}, got ${describe(value)}`);
}

/** A value in a few words, for messages: `'abc'`, `an array of 3`, `a promise (await it first)`. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `'${value.slice(0, 40)}…'` : `'${value}'`;
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Promise) return 'a promise (await it first)';
  const type = Object.prototype.toString.call(value).slice(8, -1);
  if (ArrayBuffer.isView(value)) return `a ${type}`;
  const keys = Object.keys(value);
  if (type !== 'Object') return `a ${type}`;
  return `an object { ${keys.slice(0, 6).join(', ')}${keys.length > 6 ? ', …' : ''} }`;
}
