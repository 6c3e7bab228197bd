import {
  confusionMatrix,
  type Confusions,
  type CTCRecognizer,
  type Html,
  html,
  type Judged,
  type Reading,
  type ReportContents,
  type SearchSettings,
  type Trained,
} from '@timestep/app-shared';
import { confusionPairs } from '@timestep/ctc';
import type { SpeechPart, SpeechSaved } from '../data/parts.ts';
import { drawTestSet, evaluate, type TestSet } from '../evaluation.ts';
import { utteranceFigure } from './utterance-figure.ts';

type TrainedSpeech = Trained<{ readonly convolutionStride: number }, SpeechSaved, CTCRecognizer>;
type JudgedSpeech = Judged<SpeechPart, SearchSettings>;

/** One utterance from sound to digits, confusions, transcripts. */
export async function speechReport(
  { model, config, saved }: TrainedSpeech,
  { part, inference }: JudgedSpeech,
): Promise<ReportContents> {
  const test = drawTestSet(part, saved.features);
  const { error, readings } = await evaluate(model, test, inference);
  const shown = examples(test);
  return {
    figures: [
      [`${(100 * error.rate).toFixed(1)} %`, `digit error over ${test.utterances.length} utterances`],
      [
        `${error.substitutions} / ${error.insertions} / ${error.deletions}`,
        `substituted / inserted / left out of ${error.referenceLength}`,
      ],
    ],
    sections: [
      {
        heading: 'From sound to digits',
        body: html`<p class="soft">
            Above: mel spectrogram. Middle: the probability of each class at each step of the network; CTC leaves most
            steps to the blank. Below: the steps at which each digit was read.
          </p>
          <figure>
            ${utteranceFigure(test.utterances[shown[0]!]!, readings[shown[0]!]!, {
              features: saved.features,
              stride: config.convolutionStride,
            })}
          </figure>`,
      },
      {
        heading: 'Confusions',
        body: html`<p class="soft">
            How often each spoken digit was read as each digit; column “–” counts digits left out, row “+” digits read
            where none was spoken. Shaded by share of the row.
          </p>
          <figure>${confusionMatrix(confusionsOf(test, readings), { rows: 'spoken', columns: 'read' })}</figure>`,
      },
      { heading: 'Ten transcripts', body: transcriptTable(test, readings, shown) },
    ],
  };
}

/** Ten utterances beside what the model reads, for the terminal. */
export async function examplesOf(
  { model, saved }: TrainedSpeech,
  { part, inference }: JudgedSpeech,
): Promise<readonly string[]> {
  const test = drawTestSet(part, saved.features);
  const shown = examples(test);
  const few = { utterances: shown.map((i) => test.utterances[i]!), features: shown.map((i) => test.features[i]!) };
  const { readings } = await evaluate(model, few, inference);
  const lines = few.utterances.map(({ digits }, i) => `${digits.join('').padEnd(6)}  ${readings[i]!.labels.join('')}`);
  return ['spoken  read', ...lines];
}

/** The first ten utterances that show the most: the longest before the shorter ones. */
function examples({ utterances }: TestSet): number[] {
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
