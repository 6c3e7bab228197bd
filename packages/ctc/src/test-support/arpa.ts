import { randomInteger } from './random.ts';

/** The text of a random ARPA file over `words`, with gaps in every order but the first. */
export function randomArpa(random: () => number, words: readonly string[], order: number): string {
  const sections: string[][] = Array.from({ length: order }, () => []);
  for (let n = 1; n <= order; n++) {
    for (let code = 0; code < words.length ** n; code++) {
      if (n > 1 && random() < 0.5) continue;
      const gram = Array.from({ length: n }, (_, k) => words[Math.floor(code / words.length ** k) % words.length]!);
      const backoff = n < order && random() < 0.8 ? `\t${(random() - 0.7).toFixed(4)}` : '';
      sections[n - 1]!.push(`-${(0.1 + 2 * random()).toFixed(4)}\t${gram.join(' ')}${backoff}`);
    }
  }
  const counts = sections.map((lines, n) => `ngram ${n + 1}=${lines.length}`).join('\n');
  return `\\data\\\n${counts}\n\n${sections.map((lines, n) => `\\${n + 1}-grams:\n${lines.join('\n')}\n`).join('\n')}\n\\end\\\n`;
}

/** One of the list. */
export function pick<T>(random: () => number, list: readonly T[]): T {
  return list[randomInteger(random, list.length)]!;
}
