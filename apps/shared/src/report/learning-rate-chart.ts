import type { LearningRateRange } from '@timestep/train';
import type { ChartSize } from './chart.ts';
import type { Html } from './html.ts';
import { lineChart } from './line-chart.ts';

/** The picture of a learning-rate range test: the losses over the rates, and the suggested rate as a dashed line. */
export function learningRateChart(range: LearningRateRange, size: ChartSize = {}): Html {
  const { rates, losses, smoothed, suggestion } = range;
  const points = (values: readonly number[]): [number, number][] => values.map((value, k) => [rates[k]!, value]);
  const [low, high] = [Math.min(...smoothed), smoothed[0]!];
  const mark = suggestion === null ? [] : [[suggestion, low] as const, [suggestion, high] as const];
  return lineChart(
    [
      { name: 'smoothed', points: points(smoothed) },
      { name: 'each update', points: points(losses), color: 'var(--soft)' },
      ...(mark.length > 0 ? [{ name: `suggestion ${suggestion!.toPrecision(2)}`, points: mark, dashed: true }] : []),
    ],
    // Where the loss diverges, it would flatten the rest.
    { xLabel: 'learning rate', yLabel: 'loss', xLog: true, yMax: low + 1.5 * Math.max(high - low, 1e-6), ...size },
  );
}
