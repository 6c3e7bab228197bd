import type { Rule } from '@timestep/core';

/** The value fits the rule, and so has the type that the rule describes. */
export function fits<Type>(value: unknown, rule: Rule): value is Type {
  return rule(value) === null;
}

/** An object with these fields and no others, each of which fits its rule. */
export function record(fields: Readonly<Record<string, Rule>>): Rule {
  const names = Object.keys(fields);
  return (value) => {
    const noun = `{ ${names.join(', ')} }`;
    if (!isPlain(value)) return noun;
    const extra = Object.keys(value).find((name) => !names.includes(name));
    if (extra !== undefined) return `${noun} without '${extra}'`;
    for (const name of names) {
      const expected = Object.hasOwn(value, name) ? fields[name]!(value[name]) : 'there';
      if (expected !== null) return `${noun} in which ${name} is ${expected}`;
    }
    return null;
  };
}

/** An object of any names whose values all fit one rule. */
export function dictionary(rule: Rule): Rule {
  return (value) => {
    if (!isPlain(value)) return 'an object';
    for (const [name, entry] of Object.entries(value)) {
      const expected = rule(entry);
      if (expected !== null) return `an object in which ${name} is ${expected}`;
    }
    return null;
  };
}

/** An array of exactly these. */
export function tuple(...rules: readonly Rule[]): Rule {
  return (value) => {
    const noun = `an array of ${rules.length}`;
    if (!Array.isArray(value) || value.length !== rules.length) return noun;
    for (const [index, rule] of rules.entries()) {
      const expected = rule(value[index]);
      if (expected !== null) return `${noun} in which element ${index} is ${expected}`;
    }
    return null;
  };
}

/** Fits the rule or is null; other than `is.nullable`, it must be there. */
export function orNull(rule: Rule): Rule {
  return (value) => {
    const expected = value === null ? null : rule(value);
    return expected === null ? null : `${expected} or null`;
  };
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
