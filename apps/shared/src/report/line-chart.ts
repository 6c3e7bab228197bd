import { type Html, html } from './html.ts';
import { ticks } from './scale.ts';

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A CSS colour; the page's accents in turn by default */
  readonly color?: string;
}

export interface LineChartOptions {
  readonly xLabel: string;
  readonly yLabel: string;
  /** The lowest y shown; that of the data by default */
  readonly yMin?: number;
  /** The highest y shown, where higher points would flatten the rest; that of the data by default */
  readonly yMax?: number;
  /** Written after the numbers of the y axis, such as `%` */
  readonly yUnit?: string;
}

const [width, height] = [560, 260];
const margin = { left: 52, right: 14, top: 14, bottom: 40 };
const colors = ['var(--accent)', 'var(--second)', 'var(--good)', 'var(--soft)'];

/** Lines over one pair of axes, as SVG. Points that are not finite leave a gap. */
export function lineChart(
  series: readonly Series[],
  { xLabel, yLabel, yMin, yMax, yUnit = '' }: LineChartOptions,
): Html {
  const points = series.flatMap((one) => one.points).filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  const extent = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;
  const [xLow, xHigh] = points.length > 0 ? extent(points.map(([x]) => x)) : [0, 1];
  const [dataLow, dataHigh] = points.length > 0 ? extent(points.map(([, y]) => y)) : [0, 1];
  const [yLow, yHigh] = [yMin ?? dataLow, Math.max(yMax ?? dataHigh, (yMin ?? dataLow) + 1e-9)];
  const px = (x: number) =>
    round(margin.left + ((x - xLow) / (xHigh - xLow || 1)) * (width - margin.left - margin.right));
  const py = (y: number) =>
    round(
      height - margin.bottom - ((Math.min(y, yHigh) - yLow) / (yHigh - yLow)) * (height - margin.top - margin.bottom),
    );
  const bottom = height - margin.bottom;
  const right = width - margin.right;
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-label="${yLabel} over ${xLabel}">
    ${ticks(yLow, yHigh).map((y) => html`<line x1="${margin.left}" x2="${right}" y1="${py(y)}" y2="${py(y)}" stroke="var(--line)" /><text x="${margin.left - 6}" y="${py(y) + 4}" text-anchor="end">${y}${yUnit}</text>`)}
    ${ticks(xLow, xHigh).map((x) => html`<text x="${px(x)}" y="${bottom + 16}" text-anchor="middle">${x}</text>`)}
    <line x1="${margin.left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="var(--soft)" />
    <text x="${(margin.left + right) / 2}" y="${height - 6}" text-anchor="middle">${xLabel}</text>
    ${series.map((one, i) => html`<path d="${path(one.points, px, py)}" fill="none" stroke="${one.color ?? colors[i % colors.length]!}" stroke-width="1.8" stroke-linejoin="round" />`)}
    ${series.map((one, i) => html`<text x="${right - 4}" y="${margin.top + 12 + 15 * i}" text-anchor="end" style="fill: ${one.color ?? colors[i % colors.length]!}">${one.name}</text>`)}
  </svg>`;
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

function path(points: Series['points'], px: (x: number) => number, py: (y: number) => number): string {
  let pen = 'M';
  const commands: string[] = [];
  for (const [x, y] of points) {
    if (Number.isFinite(x) && Number.isFinite(y)) {
      commands.push(`${pen}${px(x)} ${py(y)}`);
      pen = 'L';
    } else pen = 'M';
  }
  return commands.join('');
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
