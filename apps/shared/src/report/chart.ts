import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  VisualMapComponent,
} from 'echarts/components';
import { init, use, type EChartsCoreOption } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Html } from './html.ts';

use([
  BarChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  VisualMapComponent,
  SVGRenderer,
]);

/** The page's colours, in the order in which series take them. They follow the reader's choice of light or dark. */
export const chartColors = ['var(--accent)', 'var(--second)', 'var(--good)', 'var(--soft)', 'var(--bad)'] as const;

export interface ChartSize {
  /** Pixels; 560 by default. */
  readonly width?: number;
  /** Pixels; 260 by default. */
  readonly height?: number;
}

/** The looks of an axis, in the page's colours. */
export function axis(name: string, more: object = {}): object {
  return {
    name,
    nameLocation: 'middle',
    nameGap: 28,
    nameTextStyle: { color: 'var(--soft)' },
    axisLine: { lineStyle: { color: 'var(--soft)' } },
    axisTick: { lineStyle: { color: 'var(--soft)' } },
    axisLabel: { color: 'var(--soft)' },
    splitLine: { lineStyle: { color: 'var(--line)' } },
    ...more,
  };
}

/**
 * Draws an ECharts option as SVG that needs no script; the page's colours are CSS variables, so that one picture serves
 * light and dark.
 *
 * @param label says in words what is to be seen
 */
export function chart(option: EChartsCoreOption, label: string, { width = 560, height = 260 }: ChartSize = {}): Html {
  const drawing = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    drawing.setOption({
      animation: false,
      color: [...chartColors],
      textStyle: { fontFamily: 'system-ui, sans-serif', fontSize: 11, color: 'var(--soft)' },
      ...option,
    });
    const escaped = label.replaceAll(/[&<>"]/gu, (letter) => `&#${letter.charCodeAt(0)};`);
    return { markup: drawing.renderToSVGString().replace('<svg ', `<svg role="img" aria-label="${escaped}" `) };
  } finally {
    drawing.dispose();
  }
}
