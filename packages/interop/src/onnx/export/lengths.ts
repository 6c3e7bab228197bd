import type { Conv1d } from '@timestep/layers';
import { elementTypes } from '../types.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';

const flags = { dtype: 'bool', rank: 3 } as const;

/** Makes the mask `[T, N, 1]` of the steps of x `[T, N, …]` that count. */
export function stepsBelow(graph: OnnxGraph, x: OnnxValue, lengths: OnnxValue): OnnxValue {
  const [column, row] = placesAndLengths(graph, x, lengths);
  return graph.one('Less', [column, row], {}, flags);
}

/** Makes the mask `[T, N, 1]` of the last step that counts. */
export function lastStep(graph: OnnxGraph, x: OnnxValue, lengths: OnnxValue): OnnxValue {
  const [column, row] = placesAndLengths(graph, x, lengths);
  return graph.one('Equal', [graph.one('Add', [column, graph.integers(1)], {}, column), row], {}, flags);
}

/** The steps as `[T, 1, 1]` and the lengths as `[1, N, 1]`. */
function placesAndLengths(graph: OnnxGraph, x: OnnxValue, lengths: OnnxValue): [OnnxValue, OnnxValue] {
  const shape = graph.one('Shape', [x], {}, { dtype: 'i64', rank: 1 });
  const steps = graph.one('Gather', [shape, graph.integers(0)], { axis: 0 }, { dtype: 'i64', rank: 0 });
  const places = graph.one('Range', [graph.integers(0), steps, graph.integers(1)], {}, { dtype: 'i64', rank: 1 });
  const column = graph.one('Unsqueeze', [places, graph.integers([1, 2])], {}, { dtype: 'i64', rank: 3 });
  const wide = graph.one('Cast', [lengths], { to: elementTypes.i64 }, { dtype: 'i64', rank: 1 });
  return [column, graph.one('Unsqueeze', [wide, graph.integers([0, 2])], {}, { dtype: 'i64', rank: 3 })];
}

/** x `[T, N, D]` with zeros at and past each length. */
export function maskSteps(graph: OnnxGraph, x: OnnxValue, lengths: OnnxValue): OnnxValue {
  return graph.one(
    'Where',
    [stepsBelow(graph, x, lengths), x, graph.floats(Float32Array.of(0), [])],
    {},
    { dtype: 'f32', rank: 3 },
  );
}

/**
 * Computes the lengths after a convolution: ⌊(length + padding − reach)/stride⌋ + 1, and 0 for a sequence that is empty
 * or too short.
 */
export function convolvedLengths(graph: OnnxGraph, layer: Conv1d, lengths: OnnxValue): OnnxValue {
  const vector = { dtype: 'i64', rank: 1 } as const;
  const [before, after] = layer.padding;
  const reach = layer.dilation * (layer.kernelSize - 1) + 1;
  const given = graph.one('Cast', [lengths], { to: elementTypes.i64 }, vector);
  const room = graph.one('Add', [given, graph.integers(before + after - reach + layer.stride)], {}, vector);
  // Division truncates towards 0, so a negative number must be replaced first.
  const least = graph.one('Max', [room, graph.integers(0)], {}, vector);
  const windows = graph.one('Div', [least, graph.integers(layer.stride)], {}, vector);
  const empty = graph.one('Equal', [given, graph.integers(0)], {}, { dtype: 'bool', rank: 1 });
  const counts = graph.one('Where', [empty, graph.integers(0), windows], {}, vector);
  return graph.one('Cast', [counts], { to: elementTypes.i32 }, { dtype: 'i32', rank: 1 });
}
