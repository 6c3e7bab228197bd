import type { Trained } from '@timestep/app-shared';
import { generate } from '@timestep/layers';
import type { LanguageNetwork } from './network.ts';
import { units, type UnitName } from './units.ts';
import { type Saved, vocabularyOf } from './vocabulary.ts';

export interface Writing {
  readonly length: number;
  readonly temperature: number;
  readonly topP: number;
  readonly writingSeed: number;
}

/**
 * Continues a text, piece by piece as the model writes it; the first piece is the text itself. An empty text begins a
 * new line.
 */
export async function* continueText(
  {
    model,
    config,
    saved,
  }: Pick<Trained<{ readonly unit: UnitName }, Saved, LanguageNetwork>, 'model' | 'config' | 'saved'>,
  text: string,
  { length, temperature, topP, writingSeed }: Writing,
): AsyncGenerator<string> {
  const unit = units[config.unit];
  const vocabulary = vocabularyOf(saved);
  const given = unit.split(text);
  const known = given.filter((symbol) => vocabulary.has(symbol));
  if (given.length > 0 && known.length === 0) {
    yield `${text}: the model knows none of these ${config.unit}s; it knows ${vocabulary.size}, such as ${examplesOf(vocabulary.tokens)}`;
    return;
  }
  if (known.length < given.length) {
    const strange = [...new Set(given.filter((symbol) => !vocabulary.has(symbol)))];
    yield `(not known: ${strange.slice(0, 8).join(' ')}${strange.length > 8 ? ' …' : ''}) `;
  }
  const prompt = vocabulary.encode([unit.end, ...given]);
  const written = [...given];
  let shown = '';
  const stream = generate(model, { prompt, length, temperature, topP, seed: writingSeed });
  const show = function* (ready: string): Generator<string> {
    if (ready.length > shown.length) yield ready.slice(shown.length);
    shown = ready;
  };
  yield* show(unit.join(written));
  for await (const symbol of stream) {
    written.push(vocabulary.tokenAt(symbol));
    // The last syllable may still get its final consonant.
    const text = unit.join(written);
    yield* show(config.unit === 'jamo' ? text.slice(0, -1) : text);
  }
  yield* show(unit.join(written));
}

function examplesOf(tokens: readonly string[]): string {
  return tokens
    .filter((token) => !/^<.*>$|\s/u.test(token))
    .slice(0, 8)
    .join(' ');
}
