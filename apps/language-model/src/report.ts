import {
  barChart,
  type Html,
  html,
  type Judged,
  type Metrics,
  type ReportContents,
  type Trained,
} from '@timestep/app-shared';
import type { Corpus } from './corpus.ts';
import { surprises } from './judge.ts';
import type { LanguageNetwork } from './network.ts';
import { symbolsOf, units, type UnitName } from './units.ts';
import { type Saved, vocabularyOf } from './vocabulary.ts';
import { continueText, type Writing } from './write.ts';

type Model = Trained<{ readonly unit: UnitName }, Saved, LanguageNetwork>;
type Request = Judged<Corpus, Writing> & { readonly metrics: Metrics };

/** Symbols of the text that are shown with the surprise of each. */
const shown: Readonly<Record<UnitName, number>> = { word: 160, character: 700, syllable: 400, jamo: 900 };

/** What the model writes, what surprises it in a text, and an n-gram model beside it. */
export async function languageReport(trained: Model, { part, inference, metrics }: Request): Promise<ReportContents> {
  const sections = [
    { heading: 'What it writes', body: await writings(trained, part, inference) },
    { heading: 'What surprises it', body: await surprisePicture(trained, part) },
  ];
  const { bitsPerCharacter, ngramBitsPerCharacter } = metrics;
  if (bitsPerCharacter !== undefined && ngramBitsPerCharacter !== undefined)
    sections.push({
      heading: 'Beside an n-gram model',
      body: html`<figure>
        ${barChart(
          [
            ['this network', bitsPerCharacter],
            ['n-gram model', ngramBitsPerCharacter, 'var(--soft)'],
          ],
          { label: 'bits per character', digits: 3 },
        )}
        <figcaption>
          Interpolated modified Kneser–Ney, fitted on the same training text. Fewer bits are better.
        </figcaption>
      </figure>`,
    });
  return { sections };
}

/** The model continues the first line of the text, at three temperatures. */
async function writings(trained: Model, { text }: Corpus, inference: Writing): Promise<readonly Html[]> {
  const [line] = text.split('\n');
  const prompt = Array.from(line!).slice(0, 40).join('');
  const pieces: Html[] = [];
  for (const temperature of [0.4, 0.8, 1]) {
    const written: string[] = [];
    for await (const piece of continueText(trained, prompt, { ...inference, temperature })) written.push(piece);
    pieces.push(
      html`<figure>
        <pre style="white-space: pre-wrap; font: inherit">${written.join('')}</pre>
        <figcaption>temperature ${temperature}</figcaption>
      </figure>`,
    );
  }
  return pieces;
}

/** Each symbol of the beginning of the text, darker the more bits it costs. */
async function surprisePicture({ model, config, saved }: Model, { text }: Corpus): Promise<Html> {
  const unit = units[config.unit];
  const vocabulary = vocabularyOf(saved);
  const symbols = symbolsOf(text, unit).slice(0, shown[config.unit]);
  const costs = await surprises(model, vocabulary.encode(symbols), vocabulary.indexOf(unit.end));
  const pieces = symbols.map((symbol, at) => {
    const bits = costs[at]! / Math.LN2;
    const share = Math.min(100, Math.round((bits / surprising) * 100));
    const written = symbol === unit.end ? '¶\n' : config.unit === 'word' ? `${symbol} ` : symbol;
    return html`<span
      title="${bits.toFixed(1)} bits"
      style="background: color-mix(in srgb, var(--second) ${share}%, transparent)"
      >${written}</span
    >`;
  });
  return html`<pre style="white-space: pre-wrap; font: inherit; line-height: 1.8">${pieces}</pre>
    <p class="soft">
      The stronger the colour of a symbol, the less the model expected it. Full colour is ${surprising} bits or more.
    </p>`;
}

/** The bits of a symbol in full colour. */
const surprising = 10;
