import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

export interface BarSeries {
  readonly name: string;
  /** By category; null where there is none */
  readonly values: readonly (number | null)[];
}

const colors = ['#2f6fde', '#0f9d76', '#d9822b', '#8e5bd0', '#c2405b'];

/** Horizontal bars on a logarithmic axis with a line at 1, as an SVG document. */
export function barChart(title: string, categories: readonly string[], series: readonly BarSeries[]): string {
  use([BarChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);
  const chart = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: 860,
    height: 110 + categories.length * (14 + 13 * series.length),
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: colors,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    title: { text: title, left: 12, top: 8, textStyle: { fontSize: 14, fontWeight: 600 } },
    // Without a browser the chart does not know how wide the names are: it takes them for narrower than they are drawn.
    legend: { top: 34, left: 12, itemHeight: 10, itemWidth: 14, itemGap: 28 },
    grid: { left: 250, right: 60, top: 66, bottom: 36 },
    xAxis: {
      type: 'log',
      name: '',
      axisLabel: { formatter: (value: number) => `${value}×` },
      minorSplitLine: { show: false },
    },
    yAxis: {
      type: 'category',
      data: [...categories],
      inverse: true,
      axisTick: { show: false },
      axisLabel: { width: 235, overflow: 'truncate' },
    },
    series: series.map(({ name, values }, k) => ({
      type: 'bar' as const,
      name,
      data: values.map((value) => value ?? '-'),
      barGap: '10%',
      label: {
        show: true,
        position: 'right' as const,
        fontSize: 10,
        formatter: ({ value }: { value: unknown }) =>
          typeof value === 'number' ? value.toFixed(value < 10 ? 2 : 1) : '',
      },
      ...(k === 0
        ? {
            markLine: {
              silent: true,
              symbol: 'none',
              lineStyle: { color: '#444', type: 'solid' as const },
              label: { formatter: 'PyTorch', position: 'end' as const },
              data: [{ xAxis: 1 }],
            },
          }
        : {}),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
