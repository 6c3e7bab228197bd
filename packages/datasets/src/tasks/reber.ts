import { ArgumentError, checkValue, is } from '@timestep/core';
import { isNumbers, isRandom } from '../checks.ts';
import type { RandomSource } from '../random-source.ts';
import { checkTokenBatch, type TokenBatch } from './tokens.ts';

/**
 * The seven symbols, in the order of their tokens.
 *
 * @example
 * Array.from(tokens, (token) => reberSymbols[token]).join('');
 */
export const reberSymbols = ['B', 'T', 'P', 'S', 'X', 'V', 'E'] as const;
/** A symbol of the Reber grammar. */
export type ReberSymbol = (typeof reberSymbols)[number];

type Edges = Readonly<Partial<Record<ReberSymbol, number>>>;

/**
 * Reber's grammar (1967): for each node, the possible symbols and the nodes they lead to. The last node is the end.
 */
const grammar: readonly Edges[] = [
  { B: 1 },
  { T: 2, P: 3 },
  { S: 2, X: 4 },
  { T: 3, V: 5 },
  { X: 3, S: 6 },
  { P: 4, V: 6 },
  { E: 7 },
  {},
];
const end = grammar.length - 1;

/** A batch of strings of the embedded Reber grammar. */
export interface ReberBatch extends TokenBatch {
  /** `[T, N]`, the next symbol; 0 at the last step of a sequence */
  readonly targets: Int32Array;
  /** `[T, N, 7]`, 1 if the grammar allows the symbol next */
  readonly legal: Uint8Array;
}

/**
 * Makes a batch of strings of the embedded Reber grammar (Hochreiter and Schmidhuber 1997, experiment 1): `B`, then `T`
 * or `P`, a whole string of Reber's grammar, the same `T` or `P` again, `E`. A model has to remember the second symbol
 * until the second to last.
 *
 * @param batch N
 * @throws ArgumentError for a batch out of range
 * @example
 * const { tokens, targets, lengths } = embeddedReber(256, new Generator(7));
 */
export function embeddedReber(batch: number, random: RandomSource): ReberBatch {
  checkValue('embeddedReber', 'batch', batch, is.integer(1, 2 ** 20));
  const strings = Array.from({ length: batch }, () => embeddedReberString(random));
  const lengths = Int32Array.from(strings, (string) => string.length);
  const steps = lengths.reduce((most, length) => Math.max(most, length), 0);
  const tokens = new Int32Array(steps * batch);
  const targets = new Int32Array(steps * batch);
  const legal = new Uint8Array(steps * batch * reberSymbols.length);
  strings.forEach((string, n) => {
    legalSuccessors(string).forEach((successors, t) => {
      const at = t * batch + n;
      tokens[at] = reberSymbols.indexOf(string[t]!);
      if (t + 1 < string.length) targets[at] = reberSymbols.indexOf(string[t + 1]!);
      for (const symbol of successors) legal[at * reberSymbols.length + reberSymbols.indexOf(symbol)] = 1;
    });
  });
  return { tokens, targets, legal, shape: [steps, batch], lengths, symbols: reberSymbols.length };
}

/**
 * Makes one string of the embedded Reber grammar.
 *
 * @throws ArgumentError if `random` is not a RandomSource
 * @example
 * embeddedReberString(new Generator(7)).join('');
 */
export function embeddedReberString(random: RandomSource): ReberSymbol[] {
  checkValue('embeddedReberString', 'random', random, isRandom);
  const string: ReberSymbol[] = ['B', random.integer(2) === 0 ? 'T' : 'P'];
  for (let node = 0; node !== end;) {
    const edges = Object.entries(grammar[node]!) as [ReberSymbol, number][];
    const [symbol, next] = edges[random.integer(edges.length)]!;
    string.push(symbol);
    node = next;
  }
  string.push(string[1]!, 'E');
  return string;
}

/**
 * Returns the symbols that the grammar allows after each symbol of an embedded Reber string.
 *
 * @throws ArgumentError for a string that breaks the grammar; it names the first wrong symbol
 * @example
 * legalSuccessors(['B', 'T'])[1];    // ['B']
 */
export function legalSuccessors(string: readonly ReberSymbol[]): ReberSymbol[][] {
  checkValue('legalSuccessors', 'string', string, is.arrayOf(is.oneOf(...reberSymbols), 'an array of symbols'));
  const result: ReberSymbol[][] = [];
  let allowed: ReberSymbol[] = ['B'];
  let node = 0;
  string.forEach((symbol, t) => {
    if (!allowed.includes(symbol)) {
      throw new ArgumentError(
        `[legalSuccessors] ${string.join('')} breaks the embedded Reber grammar: expected ${allowed.join(' or ') || 'the end'} at ${t}, got ${symbol}`,
      );
    }
    if (t === 0) allowed = ['T', 'P'];
    else if (t === 1) allowed = ['B'];
    else if (node !== end) {
      node = grammar[node]![symbol]!;
      allowed = node === end ? [string[1]!] : (Object.keys(grammar[node]!) as ReberSymbol[]);
    } else allowed = symbol === 'E' ? [] : ['E'];
    result.push(allowed);
  });
  return result;
}

/** The score of predictions. */
export interface ReberScore {
  /** The fraction of sequences in which every prediction is right */
  readonly sequences: number;
  /** The fraction of sequences in which the remembered symbol, the second to last, is predicted */
  readonly remembered: number;
}

/**
 * Scores predictions by the criterion of the paper: a prediction is right if every legal symbol scores above every
 * illegal one (Hochreiter and Schmidhuber 1997).
 *
 * @param scores `[T, N, 7]`, logits or probabilities of the next symbol
 * @throws ArgumentError if scores and batch differ in size
 * @example
 * const { sequences, remembered } = scoreReber(await model.forward(x).data(), batch);
 */
export function scoreReber(scores: ArrayLike<number>, batch: ReberBatch): ReberScore {
  checkValue('scoreReber', 'scores', scores, isNumbers);
  checkTokenBatch('scoreReber', batch);
  checkValue('scoreReber', 'batch.legal', batch.legal, is.instanceOf(Uint8Array));
  const expected = batch.tokens.length * reberSymbols.length;
  if (scores.length !== expected)
    throw new ArgumentError(`[scoreReber] expected scores [T, N, 7] of ${expected} numbers, got ${scores.length}`);
  const [, count] = batch.shape;
  const size = reberSymbols.length;
  let sequences = 0;
  let remembered = 0;
  for (let n = 0; n < count; n++) {
    let right = true;
    for (let t = 0; t + 1 < batch.lengths[n]!; t++) {
      let worstLegal = Infinity;
      let bestIllegal = -Infinity;
      for (let symbol = 0; symbol < size; symbol++) {
        const at = (t * count + n) * size + symbol;
        if (batch.legal[at]) worstLegal = Math.min(worstLegal, scores[at]!);
        else bestIllegal = Math.max(bestIllegal, scores[at]!);
      }
      // Written so that a NaN counts as wrong.
      const fits = worstLegal > bestIllegal;
      if (!fits) right = false;
      if (t === batch.lengths[n]! - 3 && fits) remembered++;
    }
    if (right) sequences++;
  }
  return { sequences: sequences / count, remembered: remembered / count };
}
