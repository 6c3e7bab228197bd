import { barChart, confusionMatrix, html, type Html, type ReportContents } from '@timestep/app-shared';
import { SlotF1 } from '@timestep/train';
import type { Examples } from './example.ts';
import type { Understood } from './understand.ts';

const slotColors = ['#2563c9', '#d9632a', '#1f8a4c', '#8b5cf6', '#c23030', '#0891b2', '#a16207', '#be185d'];

/** A sentence with its slots marked, and its words shaded by their weight for the intent. */
export function markedSentence({ units, slots, weights }: Understood, joiner: string): Html {
  const most = Math.max(...weights, 1e-9);
  const types = [...new Set(slots.map(({ type }) => type))];
  return html`<p>
    ${units.map((unit, t) => {
      const slot = slots.find(({ start, end }) => t >= start && t < end);
      const line = slot ? `border-bottom:3px solid ${slotColors[types.indexOf(slot.type) % slotColors.length]!};` : '';
      const shade = `background:color-mix(in srgb, var(--accent) ${Math.round((55 * weights[t]!) / most)}%, transparent);`;
      const label = slot && slot.end === t + 1 ? html`<sub class="soft"> ${slot.type}</sub>` : html``;
      return html`<span style="${line}${shade}">${unit}</span>${label}${joiner}`;
    })}
  </p>`;
}

/** Pictures of what the network gets right and wrong, and a conversation. */
export function chatReport(
  examples: Examples,
  found: readonly Understood[],
  conversation: readonly (readonly [said: string, reply: string])[],
  joiner: string,
): ReportContents {
  const intents = [...new Set(examples.map(({ intent }) => intent))].sort();
  const others = found.map(({ intent }) => intent).filter((intent) => !intents.includes(intent));
  const columns = [...intents, ...new Set(others)];
  const counts = intents.map((truth) =>
    columns.map((guess) => examples.filter(({ intent }, n) => intent === truth && found[n]!.intent === guess).length),
  );
  const wrong = examples.flatMap(({ intent }, n) =>
    found[n]!.intent === intent ? [] : [{ intent, found: found[n]! }],
  );
  const slots = new SlotF1();
  const tagged = examples.flatMap(({ tags }, n) => (tags && found[n]!.tags.length > 0 ? [[found[n]!.tags, tags]] : []));
  slots.update(
    tagged.map(([mine]) => mine!),
    tagged.map(([, theirs]) => theirs!),
  );
  const scores = Object.entries(slots.report().types)
    .filter(([, { actual }]) => actual > 0)
    .toSorted(([, a], [, b]) => b.actual - a.actual)
    .slice(0, 25);
  return {
    sections: [
      {
        heading: 'A conversation',
        body: html`<table>
          <tr>
            <th>said</th>
            <th>understood, and asked</th>
          </tr>
          ${conversation.map(
            ([said, reply]) =>
              html`<tr>
                <td>${said}</td>
                <td>${reply.split('\n').map((line) => html`${line}<br />`)}</td>
              </tr>`,
          )}
        </table>`,
      },
      {
        heading: 'Sentences: shaded by their weight for the intent, underlined where a slot is',
        body: found.slice(0, 12).map((one) => html`<div><b>${one.intent}</b>${markedSentence(one, joiner)}</div>`),
      },
      ...(intents.length <= 30
        ? [
            {
              heading: 'Intents',
              body: confusionMatrix(
                { rowLabels: intents, columnLabels: columns, counts },
                { rows: 'intent', columns: 'found' },
              ),
            },
          ]
        : []),
      ...(scores.length > 0
        ? [
            {
              heading: 'Slots, the most frequent first',
              body: barChart(
                scores.map(([type, { f1 }]) => [type, 100 * f1] as const),
                { label: 'F1', unit: ' %' },
              ),
            },
          ]
        : []),
      {
        heading: 'Wrong intents',
        body:
          wrong.length === 0
            ? html`<p>None.</p>`
            : wrong
                .slice(0, 15)
                .map(
                  (one) =>
                    html`<p>
                      <span class="wrong">${one.found.intent}</span> instead of <b>${one.intent}</b>:
                      ${one.found.units.join(joiner)}
                    </p>`,
                ),
      },
    ],
  };
}
