import { checkValue, is, type Rule } from '@timestep/core';
import type { GradientFlow } from './gradient-flow.ts';

const flowsRule: Rule = (value) =>
  Object.prototype.toString.call(value) === '[object Object]' ? null : 'an object of results of gradientFlow by name';

const panel = { width: 260, height: 200, left: 44, right: 10, top: 28, bottom: 34 };
const colors = ['#2563a8', '#c2571a', '#2e7d4f', '#7a4fa3', '#8a6d00', '#555'];

/**
 * Draws ‖∂L/∂h_t‖ over time on a logarithmic scale as SVG: one panel per model on the same axes, one line per layer.
 * The SVG is self-contained, so you can write it to a file or insert it into a page.
 *
 * @param flows by name, such as `{ RNN: …, LSTM: …, GRU: … }`
 * @throws ArgumentError for anything but an object whose values are results of `gradientFlow`
 * @example
 * ```ts
 * const flow = await gradientFlow(model, batch, loss);
 * await writeFile('flow.svg', gradientFlowPicture({ LSTM: flow }));
 * ```
 */
export function gradientFlowPicture(flows: Readonly<Record<string, GradientFlow>>): string {
  checkValue('gradientFlowPicture', 'flows', flows, flowsRule);
  const entries = Object.entries(flows);
  for (const [name, flow] of entries)
    checkValue('gradientFlowPicture', `flow '${name}'`, flow, is.like('the result of gradientFlow', 'layers'));
  const exponents = entries.flatMap(([, { layers }]) =>
    layers.flatMap(({ norms }) => Array.from(norms).filter(isDrawn).map(Math.log10)),
  );
  const low = Math.floor(exponents.reduce((least, one) => Math.min(least, one), exponents.length > 0 ? Infinity : -1));
  const high = Math.max(
    low + 1,
    Math.ceil(exponents.reduce((most, one) => Math.max(most, one), exponents.length > 0 ? -Infinity : 0)),
  );
  const width = Math.max(1, entries.length) * panel.width;
  const panels = entries.map(
    ([name, flow], index) =>
      `<g transform="translate(${index * panel.width} 0)">${drawPanel(name, flow, low, high)}</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${panel.height}" width="${width}" font-family="sans-serif" font-size="10" role="img" aria-label="Norm of the gradient at each hidden state">${panels.join('')}</svg>`;
}

function drawPanel(name: string, { layers }: GradientFlow, low: number, high: number): string {
  const [right, bottom] = [panel.width - panel.right, panel.height - panel.bottom];
  const steps = Math.max(1, ...layers.map(({ norms }) => norms.length));
  const x = (t: number): string => (panel.left + (t / Math.max(1, steps - 1)) * (right - panel.left)).toFixed(1);
  const y = (exponent: number): string =>
    (bottom - ((exponent - low) / (high - low)) * (bottom - panel.top)).toFixed(1);
  const every = Math.max(1, Math.ceil((high - low) / 6));
  const ticks = Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, k) => low + k * every);
  const grid = ticks.map(
    (exponent) =>
      `<line x1="${panel.left}" x2="${right}" y1="${y(exponent)}" y2="${y(exponent)}" stroke="#ddd"/><text x="${panel.left - 4}" y="${Number(y(exponent)) + 3}" text-anchor="end">1e${exponent}</text>`,
  );
  const lines = layers.map((layer, index) => {
    const color = colors[index % colors.length]!;
    const label = `${escape(layer.name)}: ${layer.verdict}${layer.lostAt === null ? '' : ` before step ${layer.lostAt + 1}`}`;
    return `<path d="${pathOf(layer.norms, x, y)}" fill="none" stroke="${color}" stroke-width="1.5"/><text x="${right - 4}" y="${bottom - 6 - 12 * (layers.length - 1 - index)}" text-anchor="end" fill="${color}">${label}</text>`;
  });
  const axis = `<line x1="${panel.left}" x2="${right}" y1="${bottom}" y2="${bottom}" stroke="#555"/><text x="${panel.left}" y="${bottom + 13}" text-anchor="middle">0</text><text x="${right}" y="${bottom + 13}" text-anchor="end">${steps - 1}</text><text x="${(panel.left + right) / 2}" y="${panel.height - 6}" text-anchor="middle">step t</text>`;
  return `<text x="${panel.left}" y="16" font-size="12" font-weight="bold">${escape(name)}: ‖∂L/∂h‖</text>${grid.join('')}${axis}${lines.join('')}`;
}

/** A line with gaps where there is nothing to draw. */
function pathOf(norms: Float64Array, x: (t: number) => string, y: (exponent: number) => string): string {
  let pen = 'M';
  let path = '';
  norms.forEach((norm, t) => {
    if (!isDrawn(norm)) {
      pen = 'M';
      return;
    }
    path += `${pen}${x(t)} ${y(Math.log10(norm))}`;
    pen = 'L';
  });
  return path;
}

/** What has a logarithm. */
function isDrawn(norm: number): boolean {
  return norm > 0 && Number.isFinite(norm);
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
