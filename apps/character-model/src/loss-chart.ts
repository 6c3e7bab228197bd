import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

/** A curve that grows while training runs. */
export interface LossChart {
  add(step: number, loss: number): void;
  clear(): void;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function createLossChart(parent: HTMLElement): LossChart {
  let steps: number[] = [];
  let losses: number[] = [];
  const axis = {
    stroke: () => colour('--quiet'),
    grid: { stroke: () => colour('--line'), width: 1 },
    ticks: { stroke: () => colour('--line'), width: 1 },
  };
  const size = (): { width: number; height: number } => ({ width: parent.clientWidth, height: parent.clientHeight });
  const plot = new uPlot(
    {
      ...size(),
      legend: { show: false },
      cursor: { y: false },
      scales: {
        x: { time: false, range: (_, low, high) => [low ?? 0, Math.max(high ?? 0, 10)] },
        y: { range: (_, _low, high) => [0, (high ?? 4) * 1.05] },
      },
      series: [{}, { stroke: () => colour('--accent'), width: 2, points: { show: false } }],
      axes: [axis, { ...axis, size: 44 }],
    },
    [steps, losses],
    parent,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(parent);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => plot.redraw());
  const draw = (): void => {
    plot.setData([steps, losses]);
    parent.dataset['points'] = String(steps.length);
  };
  return {
    add(step, loss) {
      steps.push(step);
      losses.push(loss);
      draw();
    },
    clear() {
      steps = [];
      losses = [];
      draw();
    },
  };
}
