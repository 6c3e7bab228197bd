import type { State } from '@timestep/core';
import type { ManyToOne } from '@timestep/layers';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { lastStep, stepsBelow } from './lengths.ts';
import { cast, concat, cut, pick, scalar } from './parts.ts';

const row = { dtype: 'f32', rank: 2 } as const;
const cube = { dtype: 'f32', rank: 3 } as const;

/** Pools the outputs of a ManyToOne: `[T, N, P]` → `[N, P]`. */
export function exportPool(
  graph: OnnxGraph,
  { pool, layer }: ManyToOne<State>,
  output: OnnxValue,
  lengths: OnnxValue | undefined,
): OnnxValue {
  const fill = (mask: OnnxValue, value: number) => graph.one('Where', [mask, output, scalar(graph, value)], {}, cube);
  const sum = (value: OnnxValue) => graph.one('ReduceSum', [value, graph.integers([0])], { keepdims: 0 }, row);
  if (pool === 'max') {
    const largest = graph.one(
      'ReduceMax',
      [lengths ? fill(stepsBelow(graph, output, lengths), -1e30) : output],
      { axes: [0], keepdims: 0 },
      row,
    );
    if (!lengths) return largest;
    const some = graph.one(
      'Unsqueeze',
      [
        graph.one('Greater', [cast(graph, lengths, 'i64'), graph.integers(0)], {}, { dtype: 'bool', rank: 1 }),
        graph.integers([1]),
      ],
      {},
      { dtype: 'bool', rank: 2 },
    );
    return graph.one('Where', [some, largest, scalar(graph, 0)], {}, row);
  }
  if (pool === 'mean') {
    if (!lengths) return graph.one('ReduceMean', [output], { axes: [0], keepdims: 0 }, row);
    const counts = cast(
      graph,
      graph.one('Unsqueeze', [lengths, graph.integers([1])], {}, { dtype: 'i32', rank: 2 }),
      'f32',
    );
    // Past a length the outputs are 0 already.
    return graph.one('Div', [sum(output), graph.one('Max', [counts, scalar(graph, 1)], {}, row)], {}, row);
  }
  const last = lengths ? sum(fill(lastStep(graph, output, lengths), 0)) : pick(graph, output, -1);
  if (!layer.bidirectional) return last;
  // The reverse direction ends at the first step.
  const half = layer.outputSize / 2;
  return concat(graph, [cut(graph, last, 1, 0, half), cut(graph, pick(graph, output, 0), 1, half, 2 * half)], 1);
}
