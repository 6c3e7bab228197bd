import { type Html, html } from './html.ts';

/** How often each reference label (row) was read as each label (column). */
export interface Confusions {
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  /** `counts[row][column]` */
  readonly counts: readonly (readonly number[])[];
}

const cell = 34;
const left = 64;
const top = 34;

/** A grid of counts, shaded by their share of the row; what is off the diagonal has another colour. */
export function confusionMatrix(
  { rowLabels, columnLabels, counts }: Confusions,
  { rows, columns }: { rows: string; columns: string },
): Html {
  const [width, height] = [left + cell * columnLabels.length + 8, top + cell * rowLabels.length + 30];
  const cells = counts.flatMap((row, r) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, c) => {
      const [x, y] = [left + c * cell, top + r * cell];
      const right = rowLabels[r] === columnLabels[c];
      const share = total > 0 ? count / total : 0;
      // The square root lets rare mistakes show beside full rows.
      return html`<rect
          x="${x}"
          y="${y}"
          width="${cell - 1}"
          height="${cell - 1}"
          rx="3"
          fill="var(${right ? '--good' : '--bad'})"
          fill-opacity="${Math.round(Math.sqrt(share) * 80) / 100}"
        /><rect
          x="${x}"
          y="${y}"
          width="${cell - 1}"
          height="${cell - 1}"
          rx="3"
          fill="none"
          stroke="var(--line)"
        />${count > 0 ? html`<text x="${x + cell / 2}" y="${y + cell / 2 + 4}" text-anchor="middle" style="fill: var(--ink)">${count}</text>` : ''}`;
    });
  });
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="confusion matrix">
    ${columnLabels.map((label, c) => html`<text x="${left + c * cell + cell / 2}" y="${top - 8}" text-anchor="middle">${label}</text>`)}
    ${rowLabels.map((label, r) => html`<text x="${left - 8}" y="${top + r * cell + cell / 2 + 4}" text-anchor="end">${label}</text>`)}
    ${cells}
    <text x="${left + (cell * columnLabels.length) / 2}" y="${height - 8}" text-anchor="middle">${columns}</text>
    <text transform="translate(14 ${top + (cell * rowLabels.length) / 2}) rotate(-90)" text-anchor="middle">
      ${rows}
    </text>
  </svg>`;
}
