import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

const colors = ['#c2405b', '#d9822b', '#8e5bd0', '#2f6fde', '#0f9d76'];
const symbols = ['triangle', 'diamond', 'rect', 'circle', 'roundRect'];

/** A line for each layer over the lags on a logarithmic axis: which share of unseen sequences it tells right. */
export function lagPicture(lags: readonly number[], curves: Readonly<Record<string, readonly number[]>>): string {
  use([LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 400 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: colors,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    title: { text: 'One of two symbols, remembered over a lag', left: 12, top: 8, textStyle: { fontSize: 14, fontWeight: 600 } },
    legend: { top: 34, left: 12 },
    grid: { left: 62, right: 40, top: 76, bottom: 52 },
    xAxis: { type: 'category', data: lags.map(String), boundaryGap: false, name: 'lag in steps', nameLocation: 'middle', nameGap: 30 },
    yAxis: { type: 'value', min: 40, max: 100, name: '% right', axisLabel: { formatter: (value: number) => `${value} %` } },
    series: Object.entries(curves).map(([name, shares], k) => ({
      type: 'line' as const,
      name,
      symbol: symbols[k % symbols.length]!,
      symbolSize: 9,
      lineStyle: { width: 2 },
      data: shares.map((share) => Number((100 * share).toFixed(1))),
      ...(k === 0 ? { markLine: { silent: true, symbol: 'none', lineStyle: { color: '#666', type: 'dashed' as const }, label: { formatter: 'chance', position: 'insideEndTop' as const }, data: [{ yAxis: 50 }] } } : {}),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
