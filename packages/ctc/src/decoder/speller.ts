import { ArgumentError } from '@timestep/core';

/** Splits a text into tokens, the longest that fits first. */
export class Speller {
  readonly #classes = new Map<string, number>();
  readonly #longest: number;

  /** @param tokens the text of each class; empty ones and the blank's are never used */
  constructor(tokens: readonly string[], blank: number) {
    tokens.forEach((token, c) => {
      if (c !== blank && token !== '' && !this.#classes.has(token)) this.#classes.set(token, c);
    });
    this.#longest = Math.max(0, ...[...this.#classes.keys()].map((token) => token.length));
  }

  /** The class of a token, or −1. */
  class(token: string): number {
    return this.#classes.get(token) ?? -1;
  }

  /** The classes that spell `text`, the longest that fits first; null where no tokens make it up. */
  spell(text: string): number[] | null {
    const classes: number[] = [];
    const lengths: number[] = [];
    // From where on the rest is known to be impossible.
    const failed = new Set<number>();
    let at = 0;
    let length = this.#longest;
    while (at < text.length) {
      length = Math.min(length, text.length - at);
      while (length > 0 && (failed.has(at + length) || !this.#classes.has(text.slice(at, at + length)))) length--;
      if (length > 0) {
        classes.push(this.#classes.get(text.slice(at, at + length))!);
        lengths.push(length);
        at += length;
        length = this.#longest;
        continue;
      }
      if (lengths.length === 0) return null;
      failed.add(at);
      length = lengths.pop()!;
      classes.pop();
      at -= length;
    }
    return classes;
  }

  /** As `spell`. @throws ArgumentError `UNKNOWN_TOKEN` */
  spellOrThrow(where: string, text: string): number[] {
    const classes = this.spell(text);
    if (classes === null || classes.length === 0) {
      throw new ArgumentError(
        `[${where}] the tokens cannot spell ${JSON.stringify(text)}, expected text made of them; leave the word out or add the missing tokens to the network's classes`,
        'UNKNOWN_TOKEN',
      );
    }
    return classes;
  }
}
