import { axis, chart, chartColors, type ChartSize } from './chart.ts';
import type { Html } from './html.ts';

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A CSS colour; the page's accents in turn by default */
  readonly color?: string;
  readonly dashed?: boolean;
}

/** The space between two curves, such as the quantiles of a forecast. */
export interface Band {
  readonly points: readonly (readonly [x: number, low: number, high: number])[];
  /** A CSS colour; that of the first series by default */
  readonly color?: string;
}

export interface LineChartOptions extends ChartSize {
  readonly xLabel: string;
  readonly yLabel: string;
  /** The lowest y shown; that of the data by default */
  readonly yMin?: number;
  /** The highest y shown, where higher points would flatten the rest; that of the data by default */
  readonly yMax?: number;
  /** Written after the numbers of the y axis, such as `%` */
  readonly yUnit?: string;
  /** A logarithmic x axis */
  readonly xLog?: boolean;
  /** A logarithmic y axis */
  readonly yLog?: boolean;
  /** Drawn under the lines */
  readonly bands?: readonly Band[];
}

/** Lines over one pair of axes, as SVG. Points that are not finite leave a gap. */
export function lineChart(
  series: readonly Series[],
  { xLabel, yLabel, yMin, yMax, yUnit = '', xLog = false, yLog = false, bands = [], ...size }: LineChartOptions,
): Html {
  const inside = (y: number): number | null => {
    if (!Number.isFinite(y)) return null;
    return yMax === undefined ? y : Math.min(y, yMax);
  };
  const option = {
    grid: { left: 56, right: 18, top: series.length > 1 ? 34 : 16, bottom: 44 },
    legend: { show: series.length > 1, top: 2, right: 10, textStyle: { color: 'var(--soft)' }, itemHeight: 8 },
    xAxis: axis(xLabel, { type: xLog ? 'log' : 'value', min: 'dataMin', max: 'dataMax', splitLine: { show: false } }),
    yAxis: axis(yLabel, {
      type: yLog ? 'log' : 'value',
      scale: true,
      nameGap: 40,
      ...(yMin === undefined ? {} : { min: yMin }),
      ...(yMax === undefined ? {} : { max: yMax }),
      axisLabel: { color: 'var(--soft)', showMaxLabel: yMax === undefined, formatter: `{value}${yUnit}` },
    }),
    series: [
      ...bands.map(bandSeries),
      ...series.map(({ name, points, color, dashed = false }, i) => ({
        type: 'line',
        name,
        showSymbol: points.length === 1,
        connectNulls: false,
        data: points.filter(([x]) => Number.isFinite(x)).map(([x, y]) => [x, inside(y)]),
        color: color ?? chartColors[i % chartColors.length],
        lineStyle: { width: 1.8, type: dashed ? 'dashed' : 'solid' },
      })),
    ],
  };
  return chart(option, `${yLabel} over ${xLabel}`, size);
}

/** A filled polygon through all lower points and back through the upper ones. */
function bandSeries({ points, color = 'var(--accent)' }: Band): object {
  return {
    type: 'custom',
    silent: true,
    data: [...points],
    encode: { x: 0, y: [1, 2] },
    renderItem: (
      { dataIndex }: { dataIndex: number },
      { coord }: { coord: (point: readonly number[]) => readonly number[] },
    ) =>
      dataIndex > 0
        ? null
        : {
            type: 'polygon',
            shape: {
              points: [
                ...points.map(([x, low]) => coord([x, low])),
                ...points.toReversed().map(([x, , high]) => coord([x, high])),
              ],
            },
            style: { fill: color, opacity: 0.18 },
          },
  };
}

/**
 * A `yMax` that leaves out the few high points with which a loss begins: the largest but for the highest 2 %, and a
 * little.
 */
export function usualHighest(points: Series['points']): number {
  const sorted = points
    .map(([, y]) => y)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  return 1.1 * (sorted[Math.floor(0.98 * (sorted.length - 1))] ?? 1);
}
