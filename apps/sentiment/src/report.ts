import { confusionMatrix, html, type Html, type ReportContents } from '@timestep/app-shared';
import type { Share } from './classify.ts';
import type { Examples } from './example.ts';

/** A sentence whose words are green where they speak for "positive", and red where they speak against it. */
export function shadedSentence(shares: readonly Share[]): Html {
  const most = Math.max(...shares.map(({ share }) => Math.abs(share)), 0.5);
  return html`<span>
    ${shares.map(({ word, share }) => {
      const color = share > 0 ? 'var(--good)' : 'var(--bad)';
      const strength = Math.round((70 * Math.abs(share)) / most);
      return html`<span
        style="background:color-mix(in srgb, ${color} ${strength}%, transparent);border-radius:3px"
        title="${share.toFixed(2)}"
        >${word}</span
      > `;
    })}
  </span>`;
}

interface Shown {
  readonly positive: boolean;
  readonly probability: number;
  readonly shares: readonly Share[];
}

/** Pictures of what the network got right and wrong, and the words that decided. */
export function sentimentReport(
  examples: Examples,
  found: readonly (number | null)[],
  right: readonly Shown[],
  wrong: readonly Shown[],
): ReportContents {
  const labels = ['negative', 'positive'];
  const counts = [false, true].map((truth) =>
    [false, true].map(
      (guess) => examples.filter(({ positive }, n) => positive === truth && (found[n] ?? 0) >= 0.5 === guess).length,
    ),
  );
  const rows = (shown: readonly Shown[]): Html =>
    html`<table>
      <tr>
        <th class="number">positive</th>
        <th>label</th>
        <th>sentence</th>
      </tr>
      ${shown.map(
        ({ positive, probability, shares }) =>
          html`<tr>
            <td class="number">${(100 * probability).toFixed(0)} %</td>
            <td>${labels[Number(positive)]!}</td>
            <td>${shadedSentence(shares)}</td>
          </tr>`,
      )}
    </table>`;
  return {
    sections: [
      {
        heading: 'The words that decided',
        body: html`${rows(right)}
          <p class="soft">
            Green words speak for positive, red ones for negative: the change of the log odds where the word is left
            out.
          </p>`,
      },
      { heading: 'Read wrongly, the surest first', body: wrong.length === 0 ? html`<p>None.</p>` : rows(wrong) },
      {
        heading: 'Labels and answers',
        body: confusionMatrix(
          { rowLabels: labels, columnLabels: labels, counts },
          { rows: 'label', columns: 'answer' },
        ),
      },
    ],
  };
}
