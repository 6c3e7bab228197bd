import { HeatmapChart } from 'echarts/charts';
import { GridComponent, TitleComponent, VisualMapComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

/**
 * A row for each layer, a column for each lag, and in the field which share of unseen sequences is told right, from
 * white at chance, a half, to dark at all. Lines would lie on one another. A row ends where its numbers do.
 */
export function lagPicture(lags: readonly number[], shares: Readonly<Record<string, readonly number[]>>): string {
  use([HeatmapChart, GridComponent, TitleComponent, VisualMapComponent, SVGRenderer]);
  const rows = Object.entries(shares);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 110 + 34 * rows.length });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    title: {
      text: 'One of two symbols, remembered over a lag: % right (chance 50)',
      left: 12,
      top: 8,
      textStyle: { fontSize: 14, fontWeight: 600 },
    },
    grid: { left: 190, right: 24, top: 44, bottom: 56 },
    xAxis: {
      type: 'category',
      data: lags.map(String),
      name: 'lag in steps',
      nameLocation: 'middle',
      nameGap: 32,
      axisTick: { show: false },
      axisLine: { show: false },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: rows.map(([name]) => name),
      axisTick: { show: false },
      axisLine: { show: false },
    },
    visualMap: { show: false, min: 50, max: 100, inRange: { color: ['#f4f6fb', '#8fb3f0', '#2f6fde'] } },
    series: [
      {
        type: 'heatmap',
        data: rows.flatMap(([, row], y) =>
          row.map((share, x) => ({
            value: [x, y, Number((100 * share).toFixed(1))],
            label: { color: share > 0.8 ? '#ffffff' : '#222222' },
          })),
        ),
        label: { show: true },
        itemStyle: { borderColor: '#ffffff', borderWidth: 2 },
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
