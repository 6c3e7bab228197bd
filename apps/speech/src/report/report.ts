import {
  confusionMatrix,
  type Confusions,
  figures,
  formatSeconds,
  type History,
  type Html,
  html,
  lineChart,
  page,
  type Reading,
  usualHighest,
} from '@timestep/app-shared';
import { confusionPairs } from '@timestep/ctc';
import type { Evaluation, TestSet } from '../evaluation.ts';
import type { SpeechConfig } from '../model/config.ts';
import { utteranceFigure } from './utterance-figure.ts';

export interface ReportContents {
  readonly title: string;
  /** The data of training and evaluation, in one or two sentences */
  readonly about: string;
  readonly config: SpeechConfig;
  readonly parameters: number;
  readonly seconds: number;
  readonly history: History;
  readonly test: TestSet;
  readonly evaluation: Evaluation;
}

/**
 * A page about a model that needs no other file: curves, one utterance from sound to digits, confusions, transcripts.
 */
export function reportPage({
  title,
  about,
  config,
  parameters,
  seconds,
  history,
  test,
  evaluation,
}: ReportContents): string {
  const { error, readings } = evaluation;
  const shown = examples(test);
  const percent = history.error.map(([step, value]) => [step, 100 * value] as const);
  return page(
    title,
    html`<h1>${title}</h1>
      <p class="soft">${about}</p>
      ${figures([
        [`${(100 * error.rate).toFixed(1)} %`, `digit error over ${test.utterances.length} utterances`],
        [
          `${error.substitutions} / ${error.insertions} / ${error.deletions}`,
          `substituted / inserted / left out of ${error.referenceLength}`,
        ],
        [formatSeconds(seconds), 'training'],
        [parameters.toLocaleString('en'), 'parameters'],
      ])}
      <h2>From sound to digits</h2>
      <p class="soft">
        An utterance of a speaker held out of training. Above: mel spectrogram. Middle: the probability of each class at
        each step of the network; CTC leaves most steps to the blank. Below: the steps at which each digit was read.
      </p>
      <figure>${utteranceFigure(test.utterances[shown[0]!]!, readings[shown[0]!]!, config)}</figure>
      <h2>Training</h2>
      <div class="pair">
        <figure>
          ${lineChart([{ name: 'loss on augmented training utterances', points: history.loss }], { xLabel: 'step', yLabel: 'CTC loss', yMin: 0, yMax: usualHighest(history.loss) })}
          <figcaption>CTC loss, nats an utterance</figcaption>
        </figure>
        <figure>
          ${lineChart([{ name: 'digit error on the watched utterances', points: percent, color: 'var(--second)' }], { xLabel: 'step', yLabel: 'error', yMin: 0, yMax: 100, yUnit: '%' })}
          <figcaption>Digit error while training</figcaption>
        </figure>
      </div>
      <div class="pair">
        <section>
          <h2>Confusions</h2>
          <p class="soft">
            How often each spoken digit was read as each digit; column “–” counts digits left out, row “+” digits read
            where none was spoken. Shaded by share of the row.
          </p>
          <figure>${confusionMatrix(confusionsOf(test, readings), { rows: 'spoken', columns: 'read' })}</figure>
        </section>
        <section>
          <h2>Ten transcripts</h2>
          ${transcriptTable(test, readings, shown)}
        </section>
      </div>`,
  );
}

/** The first ten utterances that show the most: the longest before the shorter ones. */
export function examples({ utterances }: TestSet): number[] {
  const order = utterances
    .map((_, index) => index)
    .sort((a, b) => utterances[b]!.digits.length - utterances[a]!.digits.length || a - b);
  const long = order.slice(0, 1);
  return [...long, ...utterances.keys()].filter((index, place, all) => all.indexOf(index) === place).slice(0, 10);
}

function transcriptTable({ utterances }: TestSet, readings: readonly Reading[], shown: readonly number[]): Html {
  return html`<table>
    <tr>
      <th>speaker</th>
      <th>spoken</th>
      <th>read</th>
    </tr>
    ${shown.map((index) => {
      const { speaker, digits } = utterances[index]!;
      const [spoken, read] = [digits.join(''), readings[index]!.labels.join('')];
      return html`<tr>
        <td>${speaker}</td>
        <td class="mono">${spoken}</td>
        <td class="mono"><span class="${spoken === read ? 'right' : 'wrong'}">${read || '–'}</span></td>
      </tr>`;
    })}
  </table>`;
}

function confusionsOf({ utterances }: TestSet, readings: readonly Reading[]): Confusions {
  const pairs = confusionPairs(
    utterances.map((one) => one.digits.join('')),
    readings.map((one) => one.labels.join('')),
    { unit: 'digit', matches: true },
  );
  // Place 10 of either side is the digit that is not there: an insertion's reference, a deletion's reading.
  const placeOf = (digit: string | null): number => (digit === null ? 10 : Number(digit));
  const counts = Array.from({ length: 11 }, () => new Array<number>(11).fill(0));
  for (const { reference, hypothesis, count } of pairs) counts[placeOf(reference)]![placeOf(hypothesis)]! += count;
  const digits = Array.from({ length: 10 }, (_, digit) => String(digit));
  return { rowLabels: [...digits, '+'], columnLabels: [...digits, '–'], counts };
}
