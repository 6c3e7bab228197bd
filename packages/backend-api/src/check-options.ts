import { ArgumentError } from './errors.ts';
import { nearestName } from './nearest-name.ts';
import type { Rule } from './rules.ts';

/** A rule for each option of an interface. An option without a rule is a type error. */
export type OptionRules<Options extends object> = { readonly [Name in keyof Options]-?: Rule };

/**
 * Checks the options of a call: every name must be known and every value must fit its rule.
 *
 * @example
 * ```ts
 * const options: object = { labelSmoting: 0.1 };
 * checkOptions('crossEntropyLoss', options, { labelSmoothing: is.optional(is.probability) });
 * // ArgumentError: [crossEntropyLoss] unknown option labelSmoting; did you mean labelSmoothing? …
 * ```
 *
 * @param where the name of the function or class, for the message
 * @param options the object that the caller passed; undefined counts as `{}`
 * @param rules one rule for each option, wrapped in `is.optional` if the option may be left out
 * @throws ArgumentError if `options` is not an object, has an unknown name, or a value that does not fit
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
 * @example
 * ```ts
 * checkValue('oneHot', 'classes', 2.5, is.size());
 * // ArgumentError: [oneHot] expected classes to be a whole number of at least 1, got 2.5
 * ```
 *
 * @param where the name of the function or class, for the message
 * @param name the name of the argument, for the message
 * @throws ArgumentError if the value does not fit
 */
export function checkValue(where: string, name: string, value: unknown, rule: Rule): void {
  const expected = rule(value);
  if (expected === null) return;
  throw new ArgumentError(`[${where}] expected ${name} to be ${expected}, got ${describe(value)}`);
}

/**
 * Describes a value in a few words, for error messages.
 *
 * @example
 * ```ts
 * describe('abc'); // 'abc' in quotes
 * describe([1, 2, 3]); // an array of 3
 * describe(Promise.resolve()); // a promise (await it first)
 * ```
 */
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
