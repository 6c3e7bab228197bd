import { figures, formatSeconds, type History, html, lineChart, page, usualHighest } from '@timestep/app-shared';
import { confusionPairs } from '@timestep/ctc';
import type { Evaluation, TestSet } from '../evaluation.ts';
import type { HandwritingConfig } from '../model/config.ts';
import { writingFigure } from './writing-figure.ts';

export interface ReportContents {
  /** The data of training and evaluation, in one or two sentences */
  readonly about: string;
  readonly config: HandwritingConfig;
  readonly test: TestSet;
  readonly evaluation: Evaluation;
  /** Where the model has just been trained */
  readonly training?: { readonly seconds: number; readonly history: History };
}

/** Writings that are drawn in full, and mistakes that are listed. */
const [shown, listed] = [6, 12];

/** A page about a model that needs no other file: curves, writings from ink to letters, what was taken for what. */
export function reportPage({ about, config, test, evaluation, training }: ReportContents): string {
  const { error, texts, readings } = evaluation;
  const references = test.writings.map(({ text }) => text);
  const pairs = confusionPairs(references, [...texts]).slice(0, listed);
  const longest = references.map((_, i) => i).sort((a, b) => references[b]!.length - references[a]!.length || a - b);
  // Long ones show the most; half of them as they come, so that mistakes are not picked out.
  const chosen = [...new Set([...longest.slice(0, shown / 2), ...references.keys()])].slice(0, shown);
  return page(
    'Handwriting',
    html`<h1>Handwriting</h1>
      <p class="soft">${about}</p>
      ${figures([
        [`${(100 * error.rate).toFixed(2)} %`, `character error over ${references.length} strings`],
        [
          `${error.substitutions} / ${error.insertions} / ${error.deletions}`,
          `substituted / inserted / left out of ${error.referenceLength}`,
        ],
        ...(training ? [[formatSeconds(training.seconds), 'training'] as const] : []),
      ])}
      <h2>From ink to letters</h2>
      <p class="soft">
        Above: the ink, in colours of the letters it was read as. Middle: the probability of each letter read, and of
        the blank, while the pen moves. Below: the letters where the most probable path has them.
      </p>
      ${chosen.map((i) => html`<figure>${writingFigure(test.writings[i]!, readings[i]!, config)}</figure>`)}
      ${
        training
          ? html`<h2>Training</h2>
              <div class="pair">
                <figure>
                  ${lineChart([{ name: 'loss', points: training.history.loss }], { xLabel: 'step', yLabel: 'CTC loss', yMin: 0, yMax: usualHighest(training.history.loss) })}
                  <figcaption>CTC loss, nats a string</figcaption>
                </figure>
                <figure>
                  ${lineChart([{ name: 'character error', points: training.history.error.map(([step, value]) => [step, 100 * value] as const), color: 'var(--second)' }], { xLabel: 'step', yLabel: 'error', yMin: 0, yMax: 100, yUnit: '%' })}
                  <figcaption>Character error while training</figcaption>
                </figure>
              </div>`
          : ''
      }
      <h2>What was taken for what</h2>
      <table>
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
  );
}
