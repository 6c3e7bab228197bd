import * as v from 'valibot';
import { InteropError } from '../errors.ts';

/**
 * Reads the entries of a configuration. Every entry must be read, or known to have no effect, before {@link end}: an
 * unknown entry is refused by name instead of being dropped.
 */
export class ConfigReader {
  /** The owner of the configuration in messages, such as `'lstm_1'`. */
  readonly where: string;
  readonly #entries: ReadonlyMap<string, unknown>;
  readonly #read = new Set<string>();

  constructor(where: string, entries: Readonly<Record<string, unknown>>) {
    this.where = where;
    this.#entries = new Map(Object.entries(entries));
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /**
   * Reads an entry.
   *
   * @param fallback the value of an absent entry; without a fallback, the entry is required
   * @throws InteropError `MALFORMED_FILE` for an entry of another form
   */
  get<Schema extends v.GenericSchema>(
    key: string,
    schema: Schema,
    fallback?: v.InferOutput<Schema>,
  ): v.InferOutput<Schema> {
    this.#read.add(key);
    if (!this.#entries.has(key) && fallback !== undefined) return fallback;
    return parseAs(schema, this.#entries.get(key), `the configuration of ${this.where}`, key);
  }

  size(key: string): number {
    return this.get(key, sizeSchema);
  }

  flag(key: string, fallback: boolean): boolean {
    return this.get(key, v.boolean(), fallback);
  }

  number(key: string, fallback?: number): number {
    return this.get(key, v.number(), fallback);
  }

  text(key: string, fallback?: string): string {
    return this.get(key, v.string(), fallback);
  }

  /** Skips an entry that only training or only Python uses. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#read.add(key);
  }

  /**
   * Reads an entry for which only some values are supported.
   *
   * @throws InteropError `UNSUPPORTED_MODEL` for another value
   */
  only(key: string, ...values: readonly unknown[]): void {
    this.#read.add(key);
    if (!this.#entries.has(key)) return;
    const given = this.#entries.get(key);
    if (values.some((value) => JSON.stringify(value) === JSON.stringify(given))) return;
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      `[keras] ${this.where} has ${key}: ${short(given)}; only ${values.map(short).join(' or ')} can be read`,
    );
  }

  /**
   * Refuses entries that were not read. Null counts as not set.
   *
   * @throws InteropError `UNSUPPORTED_MODEL`
   */
  end(): void {
    const unread = [...this.#entries].filter(([key, value]) => value !== null && !this.#read.has(key));
    if (unread.length === 0) return;
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      `[keras] ${this.where} has ${unread.map(([key, value]) => `${key}: ${short(value)}`).join(', ')}, which cannot be read; save the model without it, or compute that part yourself`,
    );
  }
}

const sizeSchema = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1));

/** An object with any entries. */
export const anyRecord = v.record(v.string(), v.unknown());

/** @throws InteropError `MALFORMED_FILE` */
export function parseAs<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  what: string,
  at = '',
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = [at, v.getDotPath(issue) ?? ''].filter((part) => part !== '').join('.');
  throw new InteropError(
    'MALFORMED_FILE',
    `[keras] ${what} is not of Keras 3's form${place ? ` at ${place}` : ''}: ${issue.message}`,
  );
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
