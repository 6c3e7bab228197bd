import { SafetensorsError, type SafetensorsErrorCode } from './errors.ts';

const maxDepth = 64;

/** Whether a string has a lone surrogate, so that it cannot be encoded in UTF-8. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/**
 * Reads JSON one value at a time, as the form of the header requires. `JSON.parse` is not enough: it keeps the last of
 * two equal keys, accepts `1.0` and `1e0` as integers, and turns `[[[[…` of n bytes into 30·n bytes of arrays before
 * they can be checked.
 */
export class JsonScanner {
  readonly #text: string;
  readonly #where: string;
  readonly #code: SafetensorsErrorCode;
  #at = 0;

  constructor(text: string, where: string, code: SafetensorsErrorCode = 'INVALID_HEADER') {
    this.#text = text;
    this.#where = where;
    this.#code = code;
  }

  fail(expected: string): SafetensorsError {
    const rest = this.#text.slice(this.#at, this.#at + 12);
    const got = rest === '' ? 'the end' : JSON.stringify(rest);
    return new SafetensorsError(
      this.#code,
      `${this.#where}: expected ${expected} at character ${this.#at} of the JSON, got ${got}`,
    );
  }

  /** Returns the next character that is not white space, or '' at the end, without reading it. */
  peek(): string {
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) break;
      this.#at++;
    }
    return this.#text.charAt(this.#at);
  }

  /** Reads `char` if it is next. */
  take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.#at++;
    return true;
  }

  expect(char: string): void {
    if (!this.take(char)) throw this.fail(`'${char}'`);
  }

  /** Calls `entry` with each key. `entry` reads the value and checks for keys that occur twice. */
  object(entry: (key: string) => void): void {
    this.expect('{');
    if (this.take('}')) return;
    do {
      const key = this.string();
      this.expect(':');
      entry(key);
    } while (this.take(','));
    this.expect('}');
  }

  /** Calls `element` for each element, which reads it. */
  array(element: (index: number) => void): void {
    this.expect('[');
    if (this.take(']')) return;
    let index = 0;
    do element(index++);
    while (this.take(','));
    this.expect(']');
  }

  /** Reads `null` if it is next. */
  takeNull(): boolean {
    if (this.peek() !== 'n' || !this.#text.startsWith('null', this.#at)) return false;
    this.#at += 4;
    return true;
  }

  string(): string {
    if (this.peek() !== '"') throw this.fail('a string');
    const start = ++this.#at;
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === 0x22) return this.#text.slice(start, this.#at++);
      if (c === 0x5c) return this.#escapedString(start);
      if (!(c >= 0x20)) throw this.fail('the rest of a string');
      this.#at++;
    }
  }

  #escapedString(start: number): string {
    const pieces: string[] = [];
    let from = start;
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (c === 0x22) {
        pieces.push(this.#text.slice(from, this.#at++));
        const joined = pieces.join('');
        if (hasLoneSurrogate(joined)) throw this.fail('surrogates in pairs in the string before');
        return joined;
      }
      if (!(c >= 0x20)) throw this.fail('the rest of a string');
      if (c !== 0x5c) {
        this.#at++;
        continue;
      }
      pieces.push(this.#text.slice(from, this.#at++));
      const kind = this.#text.charAt(this.#at);
      const simple = escapes.get(kind);
      if (simple !== undefined) {
        pieces.push(simple);
        this.#at++;
      } else {
        const digits = /^u([0-9a-fA-F]{4})/.exec(this.#text.slice(this.#at, this.#at + 5));
        if (!digits) throw this.fail('an escape');
        pieces.push(String.fromCharCode(Number.parseInt(digits[1]!, 16)));
        this.#at += 5;
      }
      from = this.#at;
    }
  }

  /** Reads a non-negative integer below 2⁵³, written only in digits. */
  integer(): number {
    this.peek();
    const start = this.#at;
    let value = 0;
    for (;;) {
      const c = this.#text.charCodeAt(this.#at);
      if (!(c >= 0x30 && c <= 0x39)) break;
      value = value * 10 + (c - 0x30);
      this.#at++;
    }
    const end = this.#at;
    const next = this.#text.charAt(end);
    const leadingZero = end - start > 1 && this.#text.charAt(start) === '0';
    if (end === start || leadingZero || next === '.' || next === 'e' || next === 'E' || !Number.isSafeInteger(value)) {
      this.#at = start;
      throw this.fail('an integer from 0 to 2^53 - 1');
    }
    return value;
  }

  /** Skips any value. */
  skip(depth = 0): void {
    if (depth > maxDepth) throw this.fail(`at most ${maxDepth} levels of nesting`);
    const next = this.peek();
    if (next === '{') this.object(() => this.skip(depth + 1));
    else if (next === '[') this.array(() => this.skip(depth + 1));
    else if (next === '"') this.string();
    else {
      const literal = /^(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?=[\s,\]}]|$)/.exec(
        this.#text.slice(this.#at, this.#at + 64),
      );
      if (!literal) throw this.fail('a value');
      this.#at += literal[0].length;
    }
  }

  /** Checks that only white space is left. */
  end(): void {
    if (this.peek() !== '') throw this.fail('the end');
  }
}
