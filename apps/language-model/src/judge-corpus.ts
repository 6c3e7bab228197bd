import type { Metrics } from '@timestep/app-shared';
import { estimateNgrams, readArpa } from '@timestep/ctc';
import type { Vocabulary } from '@timestep/datasets';
import { BitsPerCharacter, Perplexity } from '@timestep/train';
import type { Corpus } from './corpus.ts';
import { surprises } from './judge.ts';
import type { LanguageNetwork } from './network.ts';
import { countCharacters, symbolsOf, type Unit } from './units.ts';

export interface JudgeRequest {
  readonly corpus: Corpus;
  readonly unit: Unit;
  readonly vocabulary: Vocabulary;
  /** The order of the n-gram model beside; 0 for none. */
  readonly order: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Perplexity and bits per character of a text. A symbol that training did not see counts as the unknown one, and
 * `unknownSymbols` says how many there are. A character that is written with several symbols, as a syllable in jamo, costs
 * the bits of all of them. With an order, the same figures of an n-gram model of the training part.
 */
export async function judgeCorpus(
  network: LanguageNetwork,
  { corpus, unit, vocabulary, order, signal }: JudgeRequest,
): Promise<Metrics> {
  const symbols = symbolsOf(corpus.text, unit);
  const indices = vocabulary.encode(symbols);
  const costs = await surprises(network, indices, vocabulary.indexOf(unit.end), signal);
  const own = figuresOf(costs, corpus.text);
  const unknownSymbols = symbols.filter((symbol) => !vocabulary.has(symbol)).length;
  if (order === 0 || corpus.training === null) return { ...own, unknownSymbols };
  const ngram = figuresOf(ngramSurprises(corpus.training, symbols, { unit, order }), corpus.text);
  return {
    ...own,
    unknownSymbols,
    ngramPerplexity: ngram.perplexity,
    ngramBitsPerCharacter: ngram.bitsPerCharacter,
  };
}

function figuresOf(
  costs: Iterable<number> & { readonly length: number },
  text: string,
): { readonly perplexity: number; readonly bitsPerCharacter: number } {
  const [perplexity, bits] = [new Perplexity(), new BitsPerCharacter()];
  let nats = 0;
  for (const cost of costs) nats += cost;
  perplexity.updateLoss(nats / costs.length, costs.length);
  bits.updateLoss(nats / costs.length, costs.length, countCharacters(text));
  return { perplexity: perplexity.compute(), bitsPerCharacter: bits.compute() };
}

/** −ln p of every symbol by an n-gram model of the training text, a sentence for each line. */
function ngramSurprises(
  training: string,
  symbols: readonly string[],
  { unit, order }: { readonly unit: Unit; readonly order: number },
): Float64Array {
  const lines: string[][] = [[]];
  for (const symbol of symbolsOf(training, unit)) {
    if (symbol === unit.end) lines.push([]);
    else lines.at(-1)!.push(nameOf(symbol));
  }
  lines.pop();
  const model = readArpa(estimateNgrams(lines, { order, discountFallback: true }));
  const costs = new Float64Array(symbols.length);
  let state = model.start;
  symbols.forEach((symbol, at) => {
    costs[at] = -model.step(state, model.index(symbol === unit.end ? '</s>' : nameOf(symbol)));
    state = symbol === unit.end ? model.start : model.next;
  });
  return costs;
}

/** A name without white space, and none that an ARPA file uses itself. */
function nameOf(symbol: string): string {
  return Array.from(symbol, (character) => character.codePointAt(0)!.toString(36)).join('-');
}
