import type { Html } from './html.ts';
import { matrixChart } from './matrix-chart.ts';

/** How often each reference label (row) was read as each label (column). */
export interface Confusions {
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  /** `counts[row][column]` */
  readonly counts: readonly (readonly number[])[];
}

/** A grid of counts, shaded by their share of the row; what is off the diagonal has another colour. */
export function confusionMatrix(
  { rowLabels, columnLabels, counts }: Confusions,
  { rows, columns }: { rows: string; columns: string },
): Html {
  const totals = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  return matrixChart({
    rowLabels,
    columnLabels,
    rows,
    columns,
    label: 'confusion matrix',
    cell: (row, column) => {
      const count = counts[row]![column]!;
      return {
        // The square root lets rare mistakes show beside full rows.
        shade: totals[row]! > 0 ? Math.sqrt(count / totals[row]!) : 0,
        text: count > 0 ? String(count) : '',
        color: rowLabels[row] === columnLabels[column] ? 'var(--good)' : 'var(--bad)',
      };
    },
  });
}
