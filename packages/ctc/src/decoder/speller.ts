import { ArgumentError } from '@timestep/core';

/** Splits a text into tokens. Prefers the longest token that fits. */
export class Speller {
  readonly #classes = new Map<string, number>();
  readonly #longest: number;

  /** @param tokens the text of each class; empty texts and the blank are ignored */
  constructor(tokens: readonly string[], blank: number) {
    tokens.forEach((token, c) => {
      if (c !== blank && token !== '' && !this.#classes.has(token)) this.#classes.set(token, c);
    });
    this.#longest = Math.max(0, ...[...this.#classes.keys()].map((token) => token.length));
  }

  /** Returns the class of a token, or −1. */
  class(token: string): number {
    return this.#classes.get(token) ?? -1;
  }

  /** Returns the classes that spell `text`, or null if the tokens cannot spell it. */
  spell(text: string): number[] | null {
    const classes: number[] = [];
    const lengths: number[] = [];
    // Positions whose rest cannot be spelled
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

  /** Like `spell`, but throws if the tokens cannot spell `text`. @throws ArgumentError `UNKNOWN_TOKEN` */
  spellOrThrow(where: string, text: string): number[] {
    const classes = this.spell(text);
    if (classes === null || classes.length === 0) {
      throw new ArgumentError(
        `[${where}] the tokens cannot spell ${JSON.stringify(text)}; remove the word or add the missing tokens to the network's classes`,
        'UNKNOWN_TOKEN',
      );
    }
    return classes;
  }
}
