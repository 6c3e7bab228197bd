/**
 * Returns null if `value` fits, otherwise the expectation in words, such as `a whole number of at least 1`.
 */
export type Rule = (value: unknown) => string | null;

/** The interval that a number must lie in; both ends belong to it unless they are named `above` or `below`. */
export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
  /** The number must be greater than this. */
  readonly above?: number;
  /** The number must be less than this. */
  readonly below?: number;
  /** Also accept ±∞; NaN never fits. False by default. */
  readonly infinite?: boolean;
}

const rule =
  (expected: string, fits: (value: unknown) => boolean): Rule =>
  (value) =>
    fits(value) ? null : expected;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const isNamed = (value: unknown): boolean => Object.prototype.toString.call(value) === '[object Object]';

/**
 * Rules for `checkOptions` and `checkValue`.
 *
 * @example
 * ```ts
 * checkOptions('LSTM', options, { hiddenSize: is.size(), bidirectional: is.optional(is.boolean) });
 * ```
 */
export const is = {
  boolean: rule('true or false', (value) => typeof value === 'boolean'),
  string: rule('a string', (value) => typeof value === 'string'),
  function: rule('a function', (value) => typeof value === 'function'),
  /** An object of named values. A Map, a Date or a promise has no names that anyone would see, and is refused. */
  object: rule('an object', isNamed),
  /** An object in which every value fits. `noun` names it in the message. */
  record:
    (entry: Rule, noun = 'an object'): Rule =>
    (value) => {
      if (!isNamed(value)) return noun;
      for (const [name, each] of Object.entries(value as object)) {
        const expected = entry(each);
        if (expected !== null) return `${noun} in which ${name} is ${expected}`;
      }
      return null;
    },
  /** Accepts any value; the function checks it itself. */
  anything: rule('a value', () => true),

  /** A whole number, small enough to be exact. */
  integer: (min = -Infinity, max = Infinity): Rule => {
    const range =
      max !== Infinity ? ` in ${min === -Infinity ? '…' : min}…${max}` : min !== -Infinity ? ` of at least ${min}` : '';
    return rule(
      `a whole number${range}`,
      (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
    );
  },
  /** A size or a count: a whole number of at least `min`, 1 by default. */
  size: (min = 1): Rule => is.integer(min),
  number: ({ min, max, above, below, infinite = false }: NumberRange = {}): Rule => {
    const bounds = [
      min !== undefined && `≥ ${min}`,
      above !== undefined && `> ${above}`,
      max !== undefined && `≤ ${max}`,
      below !== undefined && `< ${below}`,
    ].filter(Boolean);
    return rule(
      `a ${infinite ? '' : 'finite '}number${bounds.length > 0 ? ` ${bounds.join(' and ')}` : ''}`,
      (value) =>
        typeof value === 'number' &&
        (infinite ? !Number.isNaN(value) : Number.isFinite(value)) &&
        value >= (min ?? -Infinity) &&
        value <= (max ?? Infinity) &&
        (above === undefined || value > above) &&
        (below === undefined || value < below),
    );
  },
  /** A probability, both ends included. */
  probability: rule('a probability in 0…1', (value) => typeof value === 'number' && value >= 0 && value <= 1),
  oneOf: (...choices: readonly (string | number | boolean)[]): Rule =>
    rule(`one of ${choices.join(', ')}`, (value) => (choices as readonly unknown[]).includes(value)),
  /** An instance of this class. Use `like` for Timestep's types: another copy of the package has another class. */
  instanceOf: (type: abstract new (...values: never[]) => object): Rule =>
    rule(`a ${type.name}`, (value) => value instanceof type),
  /** An object or function with these members. `noun` names it in the message, such as `a tensor`. */
  like: (noun: string, ...members: readonly string[]): Rule =>
    rule(
      noun,
      (value) => (isObject(value) || typeof value === 'function') && members.every((member) => member in value),
    ),
  /** An array, or a typed array, whose elements all fit. */
  arrayOf:
    (element: Rule, noun = 'an array'): Rule =>
    (value) => {
      if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && !(value instanceof DataView))) return noun;
      for (const [i, entry] of (value as readonly unknown[]).entries()) {
        const expected = element(entry);
        if (expected !== null) return `${noun} in which element ${i} is ${expected}`;
      }
      return null;
    },
  /** Undefined is fine. */
  optional:
    (inner: Rule): Rule =>
    (value) =>
      value === undefined ? null : inner(value),
  /** Undefined and null are fine. */
  nullable:
    (inner: Rule): Rule =>
    (value) =>
      value === undefined || value === null ? null : inner(value),
  /** One of several kinds. */
  anyOf:
    (...rules: readonly Rule[]): Rule =>
    (value) => {
      const expectations = rules.map((one) => one(value));
      return expectations.includes(null) ? null : expectations.join(' or ');
    },
} as const;
