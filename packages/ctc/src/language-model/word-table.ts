/** Computes the FNV-1a hash of the bytes `from … to − 1`. */
export function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

/** A word table as plain data that can be posted to another thread. */
export interface WordTableData {
  readonly count: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly ends: Int32Array<ArrayBuffer>;
  readonly slots: Int32Array<ArrayBuffer>;
}

/**
 * A table of words, numbered 0, 1, 2, …, in UTF-8. Inserting a million words into a Map of strings takes five times as
 * long, and typed arrays can be sent to a worker thread without conversion.
 */
export class WordTable {
  /** Creates a table from the `data` of another. */
  static from({ count, bytes, ends, slots }: WordTableData): WordTable {
    const table = new WordTable();
    table.#count = count;
    table.#bytes = bytes;
    table.#ends = ends;
    table.#slots = slots;
    return table;
  }

  #count = 0;
  #bytes = new Uint8Array(1024);
  #ends = new Int32Array(64);
  #slots = new Int32Array(128);

  get size(): number {
    return this.#count;
  }

  /** The table's arrays, not copied. */
  get data(): WordTableData {
    return { count: this.#count, bytes: this.#bytes, ends: this.#ends, slots: this.#slots };
  }

  /** Returns the number of the word at `from … to − 1`, or −1. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashBytes(bytes, from, to) & mask; ; slot = (slot + 1) & mask) {
      const word = this.#slots[slot]! - 1;
      if (word < 0 || this.#is(word, bytes, from, to)) return word;
    }
  }

  /** Adds a new word and returns its number. */
  add(bytes: Uint8Array, from: number, to: number): number {
    const start = this.#count === 0 ? 0 : this.#ends[this.#count - 1]!;
    const end = start + to - from;
    if (end > this.#bytes.length) this.#bytes = grown(this.#bytes, end);
    if (this.#count === this.#ends.length) this.#ends = grown(this.#ends, this.#count + 1);
    this.#bytes.set(bytes.subarray(from, to), start);
    this.#ends[this.#count] = end;
    const word = this.#count++;
    if (2 * this.#count > this.#slots.length) this.#rehash();
    else this.#enter(word);
    return word;
  }

  /** Returns the number of a word, or −1. */
  index(word: string): number {
    const bytes = new TextEncoder().encode(word);
    return this.find(bytes, 0, bytes.length);
  }

  word(index: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(index === 0 ? 0 : this.#ends[index - 1]!, this.#ends[index]));
  }

  #is(word: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = word === 0 ? 0 : this.#ends[word - 1]!;
    if (this.#ends[word]! - start !== to - from) return false;
    for (let i = from; i < to; i++) if (this.#bytes[start + i - from] !== bytes[i]) return false;
    return true;
  }

  #enter(word: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashBytes(this.#bytes, word === 0 ? 0 : this.#ends[word - 1]!, this.#ends[word]!) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = word + 1;
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length);
    for (let word = 0; word < this.#count; word++) this.#enter(word);
  }
}

/** Copies an array into one of at least `length` elements and at least twice the size. */
export function grown<T extends Uint8Array | Int32Array | Float32Array | Float64Array>(array: T, length: number): T {
  const copy = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length));
  copy.set(array);
  return copy;
}
