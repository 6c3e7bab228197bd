import {
  type CTCRecognizer,
  html,
  type Judged,
  type ReportContents,
  type SearchSettings,
  type Trained,
} from '@timestep/app-shared';
import { confusionPairs } from '@timestep/ctc';
import type { InkPart, InkSaved } from '../data/parts.ts';
import { drawTestSet, evaluate } from '../evaluation.ts';
import { writingFigure } from './writing-figure.ts';

type TrainedInk = Trained<{ readonly convolutionStride: number }, InkSaved, CTCRecognizer>;
type JudgedInk = Judged<InkPart, SearchSettings>;

/** Writings that are drawn in full, mistakes that are listed, and writings for the terminal. */
const [shown, listed, printed] = [6, 12, 10];

/** Writings from ink to letters, and what was taken for what. */
export async function inkReport(
  { model, config, saved: { alphabet } }: TrainedInk,
  { part, inference }: JudgedInk,
): Promise<ReportContents> {
  const test = drawTestSet(part);
  const { error, texts, readings } = await evaluate(model, alphabet, test, inference);
  const references = test.writings.map(({ text }) => text);
  const pairs = confusionPairs(references, [...texts]).slice(0, listed);
  const longest = references.map((_, i) => i).sort((a, b) => references[b]!.length - references[a]!.length || a - b);
  // Long ones show the most; half of them as they come, so that mistakes are not picked out.
  const chosen = [...new Set([...longest.slice(0, shown / 2), ...references.keys()])].slice(0, shown);
  const look = { alphabet, stride: config.convolutionStride };
  return {
    figures: [
      [`${(100 * error.rate).toFixed(2)} %`, `character error over ${references.length} strings`],
      [
        `${error.substitutions} / ${error.insertions} / ${error.deletions}`,
        `substituted / inserted / left out of ${error.referenceLength}`,
      ],
    ],
    sections: [
      {
        heading: 'From ink to letters',
        body: html`<p class="soft">
            Above: the ink, in colours of the letters it was read as. Middle: the probability of each letter read, and
            of the blank, while the pen moves. Below: the letters where the most probable path has them.
          </p>
          ${chosen.map((i) => html`<figure>${writingFigure(test.writings[i]!, readings[i]!, look)}</figure>`)}`,
      },
      {
        heading: 'What was taken for what',
        body: html`<table>
          <tr>
            <th>written</th>
            <th>read</th>
            <th class="number">times</th>
          </tr>
          ${pairs.map(
            ({ reference, hypothesis, count }) =>
              html`<tr>
                <td class="mono">${reference ?? '(nothing)'}</td>
                <td class="mono">${hypothesis ?? '(nothing)'}</td>
                <td class="number">${count}</td>
              </tr>`,
          )}
        </table>`,
      },
    ],
  };
}

/** The first writings beside what the model reads, for the terminal. */
export async function examplesOf(
  { model, saved: { alphabet } }: TrainedInk,
  { part, inference }: JudgedInk,
): Promise<readonly string[]> {
  const test = drawTestSet(part);
  const few = { writings: test.writings.slice(0, printed), features: test.features.slice(0, printed) };
  const { texts } = await evaluate(model, alphabet, few, inference);
  return few.writings.map(({ text }, i) => `${text.padEnd(12)}${texts[i]!}`);
}
