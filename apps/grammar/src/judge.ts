import { noGrad, openScope } from '@timestep/core';
import { encodeStrings } from './batch.ts';
import type { Language } from './languages.ts';
import type { GrammarNetwork } from './network.ts';

/** Symbols that are read at a time: strings of thousands of steps go in small groups. */
const symbolsAtATime = 2 ** 16;

/** After each symbol of each string but the last one, the symbols that the network lets follow. */
export async function readStrings(
  network: GrammarNetwork,
  symbols: string,
  strings: readonly string[],
): Promise<string[][]> {
  const { backend } = network.output.weight;
  const result: string[][] = [];
  for (let from = 0; from < strings.length;) {
    const group: string[] = [];
    let longest = 0;
    while (from < strings.length && group.length < 256) {
      longest = Math.max(longest, strings[from]!.length);
      if (group.length > 0 && (group.length + 1) * longest > symbolsAtATime) break;
      group.push(strings[from++]!);
    }
    using scope = openScope(backend);
    const logits = await scope
      .run(() => noGrad(backend, () => network.forward(encodeStrings(backend, symbols, group))))
      .data();
    for (const [n, string] of group.entries()) {
      const follows = (t: number, s: number): boolean => logits[(t * group.length + n) * symbols.length + s]! > 0;
      const steps = Array.from({ length: string.length - 1 }, (_, t) =>
        Array.from(symbols)
          .filter((__, s) => follows(t, s))
          .join(''),
      );
      result.push(steps);
    }
  }
  return result;
}

/**
 * Which strings are right: the symbols that the network lets follow are those of the language after every symbol, the
 * criterion of Gers and Schmidhuber 2001.
 */
export async function judge(
  network: GrammarNetwork,
  language: Language,
  strings: readonly string[],
): Promise<boolean[]> {
  const predicted = await readStrings(network, language.symbols, strings);
  const inOrder = (symbols: string): string => [...symbols].sort().join('');
  return strings.map((string, n) => {
    const legal = language.legal(string);
    return predicted[n]!.every((symbols, t) => inOrder(symbols) === inOrder(legal[t]!));
  });
}
