import { axis, chart } from './chart.ts';
import type { Html } from './html.ts';

export interface MatrixCell {
  /** 0…1: how strongly the cell is coloured */
  readonly shade: number;
  /** Written inside; nothing by default */
  readonly text?: string;
  /** A CSS colour; the page's accent by default */
  readonly color?: string;
}

export interface MatrixChartOptions {
  readonly rowLabels: readonly string[];
  readonly columnLabels: readonly string[];
  /** The name of the rows, at the left */
  readonly rows: string;
  /** The name of the columns, below */
  readonly columns: string;
  /** A description of the chart */
  readonly label: string;
  readonly cell: (row: number, column: number) => MatrixCell;
  /** Pixels of a cell; 34 by default */
  readonly size?: number;
}

/** A grid of shaded cells with names at both sides, such as counts, or attention from one sentence to another. */
export function matrixChart({
  rowLabels,
  columnLabels,
  rows,
  columns,
  label,
  cell,
  size = 34,
}: MatrixChartOptions): Html {
  const longest = (labels: readonly string[]): number => Math.max(2, ...labels.map((text) => Array.from(text).length));
  const [left, top] = [34 + 9 * longest(rowLabels), 12 + (longest(columnLabels) > 4 ? 8 : 0)];
  // Long names below the columns are turned.
  const turned = longest(columnLabels) * 8 > size;
  const bottom = 40 + (turned ? 7 * longest(columnLabels) : 12);
  const data = rowLabels.flatMap((_, row) =>
    columnLabels.map((__, column) => {
      const { shade, text = '', color = 'var(--accent)' } = cell(row, column);
      return {
        value: [column, row, shade],
        itemStyle: {
          color,
          opacity: Math.round(Math.min(1, Math.max(0, shade)) * 80) / 100,
          borderRadius: 3,
        },
        label: { show: text !== '', formatter: text, color: 'var(--ink)', opacity: 1 },
      };
    }),
  );
  const option = {
    grid: { left, right: 12, top, bottom },
    xAxis: axis(columns, {
      type: 'category',
      data: [...columnLabels],
      nameGap: bottom - 24,
      axisTick: { show: false },
      axisLabel: { color: 'var(--soft)', interval: 0, rotate: turned ? 60 : 0 },
    }),
    yAxis: axis(rows, {
      type: 'category',
      inverse: true,
      data: [...rowLabels],
      nameGap: left - 16,
      axisTick: { show: false },
      axisLabel: { color: 'var(--soft)', interval: 0 },
    }),
    visualMap: { show: false, type: 'continuous', min: 0, max: 1, dimension: 2, inRange: { opacity: [1, 1] } },
    series: [{ type: 'heatmap', data, itemStyle: { borderColor: 'var(--line)', borderWidth: 1 } }],
  };
  return chart(option, label, {
    width: left + 12 + size * columnLabels.length,
    height: top + bottom + size * rowLabels.length,
  });
}
