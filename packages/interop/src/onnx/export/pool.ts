import type { State } from '@timestep/core';
import type { ManyToOne } from '@timestep/layers';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { lastStep, stepsBelow } from './lengths.ts';

const row = { dtype: 'f32', rank: 2 } as const;
const cube = { dtype: 'f32', rank: 3 } as const;

/** What a ManyToOne reads of its layer's outputs: `[T, N, P]` → `[N, P]`. */
export function exportPool(graph: OnnxGraph, { pool, layer }: ManyToOne<State>, output: OnnxValue, lengths: OnnxValue | undefined): OnnxValue {
  const fill = (mask: OnnxValue, value: number) => graph.one('Where', [mask, output, graph.floats(Float32Array.of(value), [])], {}, cube);
  const sum = (value: OnnxValue) => graph.one('ReduceSum', [value, graph.integers([0])], { keepdims: 0 }, row);
  const step = (from: number, to: number) => graph.one('Squeeze', [cut(graph, output, 0, from, to, cube), graph.integers([0])], {}, row);
  if (pool === 'max') return graph.one('ReduceMax', [lengths ? fill(stepsBelow(graph, output, lengths), -1e30) : output], { axes: [0], keepdims: 0 }, row);
  if (pool === 'mean') {
    if (!lengths) return graph.one('ReduceMean', [output], { axes: [0], keepdims: 0 }, row);
    const counts = graph.one('Cast', [graph.one('Unsqueeze', [lengths, graph.integers([1])], {}, { dtype: 'i32', rank: 2 })], { to: 1 }, row);
    // Past a length the outputs are 0 already.
    return graph.one('Div', [sum(output), graph.one('Max', [counts, graph.floats(Float32Array.of(1), [])], {}, row)], {}, row);
  }
  const last = lengths ? sum(fill(lastStep(graph, output, lengths), 0)) : step(-1, Number.MAX_SAFE_INTEGER);
  if (!layer.bidirectional) return last;
  // The reverse direction ends at the first step.
  const half = layer.outputSize / 2;
  return graph.one('Concat', [cut(graph, last, 1, 0, half, row), cut(graph, step(0, 1), 1, half, 2 * half, row)], { axis: 1 }, row);
}

function cut(graph: OnnxGraph, value: OnnxValue, axis: number, from: number, to: number, result: Pick<OnnxValue, 'dtype' | 'rank'>): OnnxValue {
  return graph.one('Slice', [value, graph.integers([from]), graph.integers([to]), graph.integers([axis])], {}, result);
}
