import { html, type Html, matrixChart, type ReportContents } from '@timestep/app-shared';
import type { Direction, Pairs } from './corpus.ts';
import type { Translation } from './translate.ts';

/** Pictures of the attention, and translations beside the references. */
export function translationReport(
  { from, to }: Direction,
  { pairs }: Pairs,
  found: readonly Translation[],
): ReportContents {
  const drawn = chooseDrawn(found);
  return {
    sections: [
      {
        heading: 'Where it looks',
        body: [
          html`<p class="soft">
            Each row is a unit that it writes, and the shades tell which units of the source it looks at for it. A unit
            that ends in · goes on in the next one.
          </p>`,
          ...drawn.map((translation) => attentionPicture(translation, from, to)),
        ],
      },
      {
        heading: 'Translations',
        body: html`<table>
          <tr>
            <th>${from}</th>
            <th>${to}, reference</th>
            <th>${to}, model</th>
          </tr>
          ${pairs.slice(0, 30).map(
            ({ source, target }, i) =>
              html`<tr>
                <td>${source}</td>
                <td>${target}</td>
                <td class="${found[i]!.text === target ? 'right' : ''}">${found[i]!.text}</td>
              </tr>`,
          )}
        </table>`,
      },
    ],
  };
}

/** Four of the translations, of different lengths, that fit on a page. */
function chooseDrawn(found: readonly Translation[]): readonly Translation[] {
  const fitting = found
    .filter(({ sourceUnits, units }) => units.length > 2 && units.length <= 24 && sourceUnits.length <= 24)
    .toSorted((a, b) => a.units.length - b.units.length);
  return [0.3, 0.6, 0.85, 1].flatMap((share) => fitting[Math.floor(share * (fitting.length - 1))] ?? []);
}

function attentionPicture({ text, sourceUnits, units, attention }: Translation, from: string, to: string): Html {
  const picture = matrixChart({
    rowLabels: [...units.map(label), 'end'].slice(0, attention.length),
    columnLabels: sourceUnits.map(label),
    rows: to,
    columns: from,
    label: `the attention while it writes: ${text}`,
    cell: (row, column) => ({ shade: attention[row]![column]! }),
    size: 26,
  });
  return html`<figure>
    ${picture}
    <figcaption>${text}</figcaption>
  </figure>`;
}

/** `low` inside a word → `low·`, `est</w>` at its end → `est`. */
function label(unit: string): string {
  return unit.endsWith('</w>') ? unit.slice(0, -'</w>'.length) : `${unit}·`;
}
