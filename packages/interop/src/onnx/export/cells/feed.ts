import { FiniteImpulseCell, MinGRUCell, MinLSTMCell } from '@timestep/layers';
import type { OnnxCell } from '../onnx-cell.ts';
import { exportFunction } from '../activation.ts';
import type { OnnxGraph, OnnxValue } from '../graph.ts';
import { add, complement, concat, cut, multiply, product } from '../parts.ts';
import { exactly } from './exactly.ts';

/** h' = a∘h + b, where a and b depend only on the input. */
const linearStep: OnnxCell['step'] = (graph, [a, b], { h }) => {
  const next = add(graph, multiply(graph, a!, h!), b!);
  return { output: next, state: { h: next } };
};

export const exportMinGRUCell = exactly(MinGRUCell, ({ weight_ih, bias_ih, hiddenSize: H }) => ({
  prepare: (graph, x) => {
    const [update, fresh] = [0, 1].map((gate) => product(graph, x, weight_ih, bias_ih, [gate * H, (gate + 1) * H])) as [
      OnnxValue,
      OnnxValue,
    ];
    const z = graph.one('Sigmoid', [update], {}, x);
    return [complement(graph, z), multiply(graph, z, fresh)];
  },
  step: linearStep,
}));

export const exportMinLSTMCell = exactly(MinLSTMCell, ({ weight_ih, bias_ih, hiddenSize: H }) => ({
  prepare: (graph, x) => {
    const sum = (gate: number) => product(graph, x, weight_ih, bias_ih, [gate * H, (gate + 1) * H]);
    // As the layer computes it: σ(f)/(σ(f) + σ(i)) would be 0/0 where both gates are 0.
    const [input, forget] = [0, 1].map((gate) =>
      graph.one('Softplus', [graph.one('Neg', [sum(gate)], {}, x)], {}, x),
    ) as [OnnxValue, OnnxValue];
    const odds = graph.one('Sub', [input, forget], {}, x);
    const keep = graph.one('Sigmoid', [odds], {}, x);
    const renew = graph.one('Sigmoid', [graph.one('Neg', [odds], {}, x)], {}, x);
    return [keep, multiply(graph, renew, sum(2))];
  },
  step: linearStep,
}));

export const exportFiniteImpulseCell = exactly(FiniteImpulseCell, (cell) => ({
  prepare: (_, x) => [x],
  step: (graph, [x], { taps: before }) => {
    const { inputSize: D, hiddenSize: H, taps, weight_ih, bias_ih, activation } = cell;
    const line = concat(graph, [graph.one('Unsqueeze', [x!, graph.integers([1])], {}, before!), before!], 1);
    const flat = graph.one('Reshape', [line, graph.integers([-1, taps * D])], {}, x!);
    const filters = graph.parameter('filters', [weight_ih], [taps * D, H], ([contents]) =>
      filterColumns(contents!, taps, H, D),
    );
    const sums = add(
      graph,
      graph.one('MatMul', [flat, filters], {}, x!),
      graph.parameter('bias', [bias_ih], [H], ([contents]) => contents!),
    );
    return { output: exportFunction(graph, activation, sums), state: { taps: cutTaps(graph, line, taps) } };
  },
}));

function cutTaps(graph: OnnxGraph, line: OnnxValue, taps: number): OnnxValue {
  return cut(graph, line, 1, 0, taps - 1);
}

/** `[K, H, D]` → `[K·D, H]` */
function filterColumns(values: Float32Array, taps: number, units: number, inputs: number): Float32Array {
  const columns = new Float32Array(values.length);
  for (let tap = 0; tap < taps; tap++) {
    for (let unit = 0; unit < units; unit++) {
      for (let input = 0; input < inputs; input++)
        columns[(tap * inputs + input) * units + unit] = values[(tap * units + unit) * inputs + input]!;
    }
  }
  return columns;
}
