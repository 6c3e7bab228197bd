import { LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

const styles: readonly { readonly color: string; readonly symbol: string }[] = [
  { color: '#c2405b', symbol: 'triangle' },
  { color: '#d9822b', symbol: 'diamond' },
  { color: '#2f6fde', symbol: 'circle' },
  { color: '#0f9d76', symbol: 'rect' },
];

/**
 * A line for each layer over the lags: which share of unseen sequences it tells right. What stands before a comma in its
 * name gives the colour; a name with a comma is drawn dashed.
 */
export function lagPicture(lags: readonly number[], curves: Readonly<Record<string, readonly number[]>>): string {
  use([LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);
  const kinds = [...new Set(Object.keys(curves).map((name) => name.split(',')[0]!))];
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 420 });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    title: { text: 'One of two symbols, remembered over a lag', left: 12, top: 8, textStyle: { fontSize: 14, fontWeight: 600 } },
    legend: { top: 34, left: 12, width: 640, itemWidth: 40 },
    grid: { left: 62, right: 40, top: 100, bottom: 52 },
    xAxis: { type: 'category', data: lags.map(String), boundaryGap: false, name: 'lag in steps', nameLocation: 'middle', nameGap: 30 },
    yAxis: { type: 'value', min: 40, max: 100, name: '% right', axisLabel: { formatter: (value: number) => `${value} %` } },
    series: Object.entries(curves).map(([name, shares], k) => {
      const { color, symbol } = styles[kinds.indexOf(name.split(',')[0]!) % styles.length]!;
      return {
        type: 'line' as const,
        name,
        symbol,
        symbolSize: 9,
        itemStyle: { color },
        lineStyle: { width: 2, color, type: name.includes(',') ? ('dashed' as const) : ('solid' as const) },
        data: shares.map((share) => Number((100 * share).toFixed(1))),
        ...(k === 0 ? { markLine: { silent: true, symbol: 'none', lineStyle: { color: '#666', type: 'dotted' as const }, label: { formatter: 'chance', position: 'insideEndTop' as const }, data: [{ yAxis: 50 }] } } : {}),
      };
    }),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
