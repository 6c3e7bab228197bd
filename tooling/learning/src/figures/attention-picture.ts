import { Generator, type Backend } from '@timestep/core';
import { greedyDecode } from '@timestep/layers';
import { HeatmapChart } from 'echarts/charts';
import { GridComponent, TitleComponent, VisualMapComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { mkdirSync, writeFileSync } from 'node:fs';
import { exactMatch, sourceOf, trainDateModel } from '../date-model.ts';
import { alphabet, digits, drawDates, type DateBatch } from '../dates.ts';

const examples = ['3 Mar. 1987', 'Wednesday the 12th of Nov. 2031', '4.VII.1916'];

function batchOf(written: readonly string[]): DateBatch {
  const lengths = Int32Array.from(written, (text) => text.length);
  const source = new Int32Array(Math.max(...lengths) * written.length);
  written.forEach((text, n) =>
    [...text].forEach((symbol, t) => (source[t * written.length + n] = alphabet.indexOf(symbol))),
  );
  return { source, lengths, targets: new Int32Array(0), written, isos: [] };
}

/** Trains the reader of dates, prints how well it reads unseen ones and draws where it looks. */
export async function attentionPicture(backend: Backend, file: URL): Promise<void> {
  for (const attention of ['luong', 'bahdanau'] as const) {
    const started = performance.now();
    const { model, steps } = await trainDateModel(backend, { attention, seed: 1, steps: 3000 });
    const share = await exactMatch(model, drawDates(5000, new Generator(77), true));
    console.log(
      `dates  ${attention}: ${(100 * share).toFixed(2)} % of 5,000 unseen dates exact after ${steps * 64} written ones, ${((performance.now() - started) / 1000).toFixed(0)} s`,
    );
    if (attention === 'bahdanau') {
      const results = await greedyDecode(model, sourceOf(backend, batchOf(examples)), { maxLength: 11 });
      mkdirSync(new URL('.', file), { recursive: true });
      writeFileSync(
        file,
        draw(
          examples.map((source, n) => ({
            source,
            target: results[n]!.tokens.map((symbol) => digits[symbol]!).join(''),
            weights: results[n]!.weights,
          })),
        ),
      );
    }
    model.dispose();
  }
}

/** Source symbols to the right, target symbols down, darker where more of the attention went. */
function draw(
  results: readonly { readonly source: string; readonly target: string; readonly weights: readonly Float32Array[] }[],
): string {
  use([HeatmapChart, GridComponent, TitleComponent, VisualMapComponent, SVGRenderer]);
  const height = 250;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 760, height: results.length * height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'ui-monospace, monospace' },
    title: results.map(({ source, target }, k) => ({
      text: `${source} → ${target}`,
      left: 12,
      top: k * height + 8,
      textStyle: { fontSize: 13 },
    })),
    grid: results.map(({ source }, k) => ({ left: 50, width: source.length * 20, top: k * height + 36, height: 180 })),
    xAxis: results.map(({ source }, k) => ({
      gridIndex: k,
      type: 'category' as const,
      data: [...source].map((symbol) => (symbol === ' ' ? '␣' : symbol)),
      axisLabel: { interval: 0 },
    })),
    yAxis: results.map(({ target }, k) => ({
      gridIndex: k,
      type: 'category' as const,
      inverse: true,
      data: [...target],
      axisLabel: { interval: 0 },
    })),
    visualMap: { show: false, min: 0, max: 1, inRange: { color: ['#f4f6fb', '#2f6fde', '#0b1f4d'] } },
    series: results.map(({ source, target, weights }, k) => ({
      type: 'heatmap' as const,
      xAxisIndex: k,
      yAxisIndex: k,
      data: [...target].flatMap((_, row) =>
        [...source].map((__, column) => [column, row, Number(weights[row]![column]!.toFixed(3))]),
      ),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
