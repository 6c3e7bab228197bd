import { ArgumentError, type Bytes, toBytes } from '@timestep/core';
import { otherFormat } from './compressed.ts';
import { NgramModel } from './ngram-model.ts';

const [TAB, LINE_FEED, CARRIAGE_RETURN, SPACE, BACKSLASH] = [9, 10, 13, 32, 92];
const unknownInCapitals = new TextEncoder().encode('<UNK>');
const unknown = new TextEncoder().encode('<unk>');
const powersOfTen = Float64Array.from({ length: 23 }, (_, n) => Number(`1e${n}`));

/**
 * Reads an n-gram language model from the text of an ARPA file, as SRILM, KenLM and IRSTLM write it. If the history of
 * an n-gram has no entry (pruning can remove it), one is added with its back-off probability. `<UNK>` is read as
 * `<unk>`, like in KenLM.
 *
 * @param source the text of the file, or its bytes; not compressed (use `loadArpa` for `.arpa.gz`). A file of 1,000,000
 *   n-grams (28 MB) takes about a second.
 * @returns the model, with natural logarithms
 * @throws ArgumentError `COMPRESSED` if the file must be unpacked first; `MALFORMED_ARPA`, with the line number, for a
 *   missing section, a wrong count, a word without a unigram, an invalid number, a probability above 1, or an n-gram
 *   that occurs twice
 * @example
 * ```ts
 * const response = await fetch('3-gram.arpa');
 * const model = readArpa(await response.arrayBuffer());
 * model.score(['hello', 'world']);
 * ```
 */
export function readArpa(source: string | Bytes): NgramModel {
  const bytes = typeof source === 'string' ? new TextEncoder().encode(source) : toBytes('readArpa', source);
  const format = otherFormat(bytes);
  if (format !== null)
    throw new ArgumentError(
      `[readArpa] the file is ${format}, expected the text of an ARPA file; ${format === 'packed with gzip' ? 'use loadArpa or readArpaFile, which unpack it' : 'unpack it first'}`,
      'COMPRESSED',
    );
  return new ArpaReader(bytes).read();
}

class ArpaReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #line = 0;
  /** The current line, without white space at its ends. */
  #from = 0;
  #to = 0;
  #model = new NgramModel(1);
  #ids = new Int32Array(0);
  /** The words of the previous line, and the node of its history: consecutive lines mostly share it. */
  #lastIds = new Int32Array(0);
  #lastContext = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(): NgramModel {
    do {
      if (!this.#nextLine()) throw this.#error('the file has no line \\data\\');
    } while (this.#text() !== '\\data\\');
    const counts = this.#readCounts();
    // Limit the header's counts to what the file can hold: an n-gram takes at least four bytes.
    const total = counts.reduce((sum, count) => sum + count, 0);
    this.#model = new NgramModel(Math.min(total, Math.ceil(this.#bytes.length / 4)));
    counts.forEach((count, index) => this.#readSection(index + 1, count));
    if (this.#text() !== '\\end\\') throw this.#error(`expected \\end\\, got ${this.#shown()}`);
    this.#model.link();
    return this.#model;
  }

  #readCounts(): number[] {
    const counts: number[] = [];
    while (this.#nextFilledLine() && this.#bytes[this.#from] !== BACKSLASH) {
      const match = /^ngram\s+(\d+)\s*=\s*(\d+)$/u.exec(this.#text());
      if (!match || Number(match[1]) !== counts.length + 1)
        throw this.#error(`expected "ngram ${counts.length + 1}=…", got ${this.#shown()}`);
      counts.push(Number(match[2]));
    }
    if (counts.length === 0 || counts.length > 255) throw this.#error('the header gives no counts');
    return counts;
  }

  #readSection(order: number, count: number): void {
    if (this.#text() !== `\\${order}-grams:`)
      throw this.#error(`expected the section \\${order}-grams:, got ${this.#shown()}`);
    this.#ids = new Int32Array(order);
    this.#lastIds = new Int32Array(order).fill(-1);
    let found = 0;
    while (this.#nextFilledLine()) {
      if (this.#bytes[this.#from] === BACKSLASH && this.#isHeading()) break;
      this.#readEntry(order);
      found += 1;
    }
    if (found !== count) throw this.#error(`the header promises ${count} n-grams of order ${order}, got ${found}`);
  }

  /** A line that begins with a backslash is a heading: an n-gram's line begins with a number. */
  #isHeading(): boolean {
    return this.#text().startsWith('\\end') || /^\\\d+-grams:$/u.test(this.#text());
  }

  #readEntry(order: number): void {
    const bytes = this.#bytes;
    let at = this.#from;
    let end = this.#fieldEnd(at);
    const logProbability = this.#number(at, end);
    if (logProbability > 0) throw this.#error(`the log-probability ${logProbability} is above 0`);
    const ids = this.#ids;
    for (let k = 0; k < order; k++) {
      at = this.#fieldStart(end);
      end = this.#fieldEnd(at);
      if (at === end) throw this.#error(`expected ${order} words, got ${k}`);
      const { words } = this.#model;
      const inCapitals = this.#isUnknownInCapitals(at, end);
      const word = inCapitals ? words.find(unknown, 0, unknown.length) : words.find(bytes, at, end);
      if (order === 1) {
        if (word >= 0) throw this.#error(`the word ${this.#word(at, end)} occurs twice`);
        ids[0] = inCapitals ? words.add(unknown, 0, unknown.length) : words.add(bytes, at, end);
      } else if (word < 0) throw this.#error(`the word ${this.#word(at, end)} has no unigram`);
      else ids[k] = word;
    }
    at = this.#fieldStart(end);
    end = this.#fieldEnd(at);
    const backoff = at === end ? 0 : this.#number(at, end);
    if (this.#fieldStart(end) !== this.#to)
      throw this.#error(`expected ${order} words and a back-off weight, got more`);
    this.#enter(order, logProbability * Math.LN10, backoff * Math.LN10);
  }

  #enter(order: number, logProbability: number, backoff: number): void {
    const ids = this.#ids;
    let context = this.#lastContext;
    for (let k = 0; k < order - 1; k++) {
      if (ids[k] !== this.#lastIds[k]) {
        context = this.#contextOf(ids, order - 1);
        break;
      }
    }
    if (order === 1) context = 0;
    this.#lastContext = context;
    this.#lastIds.set(ids);
    if (order > 1 && this.#model.find(context, ids[order - 1]!) >= 0) throw this.#error('the n-gram occurs twice');
    this.#model.add(context, ids[order - 1]!, order, logProbability, backoff);
  }

  /** Returns the node of the first `length` words; adds missing ones with their back-off probability. */
  #contextOf(ids: Int32Array, length: number): number {
    let node = 0;
    for (let k = 0; k < length; k++) {
      const child = this.#model.find(node, ids[k]!);
      node = child >= 0 ? child : this.#model.add(node, ids[k]!, k + 1, NaN, 0);
    }
    return node;
  }

  #isUnknownInCapitals(from: number, to: number): boolean {
    return (
      to - from === unknownInCapitals.length && unknownInCapitals.every((byte, k) => this.#bytes[from + k] === byte)
    );
  }

  #nextFilledLine(): boolean {
    do {
      if (!this.#nextLine()) {
        this.#from = this.#to;
        return false;
      }
    } while (this.#from === this.#to);
    return true;
  }

  #nextLine(): boolean {
    const bytes = this.#bytes;
    if (this.#at >= bytes.length) return false;
    this.#line += 1;
    let end = bytes.indexOf(LINE_FEED, this.#at);
    if (end < 0) end = bytes.length;
    this.#from = this.#at;
    this.#to = end;
    this.#at = end + 1;
    while (this.#to > this.#from && isSpace(bytes[this.#to - 1]!)) this.#to--;
    while (this.#from < this.#to && isSpace(bytes[this.#from]!)) this.#from++;
    return true;
  }

  #fieldStart(at: number): number {
    while (at < this.#to && isSpace(this.#bytes[at]!)) at++;
    return at;
  }

  #fieldEnd(at: number): number {
    while (at < this.#to && !isSpace(this.#bytes[at]!)) at++;
    return at;
  }

  /**
   * Parses a decimal number. An integer of up to 15 digits and a power of ten up to 10²² are exact in f64, so that
   * their quotient is rounded only once.
   */
  #number(from: number, to: number): number {
    const bytes = this.#bytes;
    let at = from;
    const negative = bytes[at] === 45;
    if (negative) at++;
    let mantissa = 0;
    let digits = 0;
    let decimals = 0;
    let point = false;
    for (; at < to; at++) {
      const digit = bytes[at]! - 48;
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digits++;
        if (point) decimals++;
      } else if (bytes[at] === 46 && !point) point = true;
      else break;
    }
    if (at === to && digits > 0 && digits <= 15) {
      const value = mantissa / powersOfTen[decimals]!;
      return negative ? -value : value;
    }
    const text = this.#slice(from, to);
    const value = /^-inf(inity)?$/iu.test(text) ? -Infinity : text === '' ? NaN : Number(text);
    if (Number.isNaN(value)) throw this.#error(`expected a number, got ${JSON.stringify(text)}`);
    return value;
  }

  #slice(from: number, to: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(from, to));
  }

  #text(): string {
    return this.#slice(this.#from, this.#to);
  }

  #word(from: number, to: number): string {
    return JSON.stringify(this.#slice(from, Math.min(to, from + 60)));
  }

  #shown(): string {
    return this.#from === this.#to ? 'the end of the file' : this.#word(this.#from, this.#to);
  }

  #error(what: string): ArgumentError {
    return new ArgumentError(
      `[readArpa] line ${this.#line}: ${what}; expected an ARPA file as KenLM or SRILM writes it`,
      'MALFORMED_ARPA',
    );
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN;
}
