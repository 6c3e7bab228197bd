import { axis, chart, type ChartSize } from './chart.ts';
import type { Html } from './html.ts';

export interface BarChartOptions extends ChartSize {
  readonly label: string;
  /** Written after the numbers, such as `%` */
  readonly unit?: string;
  /** Digits after the point of the numbers at the bars; 1 by default */
  readonly digits?: number;
}

/** One horizontal bar for each name, the first at the top. */
export function barChart(
  bars: readonly (readonly [name: string, value: number, color?: string])[],
  { label, unit = '', digits = 1, width = 560, height = 60 + 26 * bars.length }: BarChartOptions,
): Html {
  const longest = Math.max(...bars.map(([name]) => name.length), 4);
  const option = {
    grid: { left: Math.min(240, 16 + 7 * longest), right: 60, top: 8, bottom: 44 },
    xAxis: axis(label, { type: 'value', axisLabel: { color: 'var(--soft)', formatter: `{value}${unit}` } }),
    yAxis: axis('', { type: 'category', inverse: true, data: bars.map(([name]) => name) }),
    series: [
      {
        type: 'bar',
        barMaxWidth: 18,
        data: bars.map(([, value, color]) => ({
          value,
          itemStyle: { color: color ?? 'var(--accent)' },
          label: { show: true, position: 'right', color: 'var(--ink)', formatter: `${value.toFixed(digits)}${unit}` },
        })),
      },
    ],
  };
  return chart(option, label, { width, height });
}
