import type { State } from '@timestep/core';
import type { OneToMany } from '@timestep/layers';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { exportLayer } from './layers.ts';
import { axesOf, cast, concat, cut, lift, pick, zeros } from './parts.ts';
import type { OnnxRecurrence } from './recurrent.ts';

/**
 * Adds `model.forward(x, { steps })` or `model.forward(x, { targets })` to a graph: x `[N, D]` → `[T, N, P]`.
 *
 * @param given.steps an integer scalar: the number of steps to generate from the model's own outputs
 * @param given.targets `[T, N, P]`: each step reads the true output before it
 * @throws InteropError `UNSUPPORTED_MODEL` for a layer that cannot be exported
 * @example
 * graph.output('output', exportOneToMany(graph, model, x, { targets }));
 */
export function exportOneToMany(
  graph: OnnxGraph,
  model: OneToMany<State>,
  x: OnnxValue,
  given: { readonly steps: OnnxValue } | { readonly targets: OnnxValue },
): OnnxValue {
  const start = exportStart(graph, model, x);
  const nothing = zeros(graph, axesOf(graph, x, 0, 1), [model.outputSize]);
  const run = (input: OnnxValue, state: OnnxRecurrence['state']) => {
    const made = exportLayer(graph, model.layer, input, { state });
    return { y: exportLayer(graph, model.head, made.output).output, state: made.state! };
  };
  if ('targets' in given)
    return run(concat(graph, [lift(graph, nothing), cut(graph, given.targets, 0, 0, -1)], 0), start).y;
  const names = Object.keys(start);
  const count = graph.one(
    'Range',
    [graph.integers(0), cast(graph, given.steps, 'i64'), graph.integers(1)],
    {},
    { dtype: 'i64', rank: 1 },
  );
  const { outputs } = graph.scan([nothing, ...names.map((name) => start[name]!)], [count], ([before, ...parts]) => {
    const made = run(lift(graph, before!), Object.fromEntries(names.map((name, k) => [name, parts[k]!])));
    const y = pick(graph, made.y, 0);
    return { state: [y, ...names.map((name) => made.state[name]!)], outputs: [y] };
  });
  return outputs[0]!;
}

/** tanh(W_s x + b_s) of each part of the state: `[L, N, …]`. */
function exportStart(graph: OnnxGraph, { layer, starts }: OneToMany<State>, x: OnnxValue): OnnxRecurrence['state'] {
  const parts = Object.entries(layer.cells[0]!.stateShapes).map(([name, shape], k) => {
    const rank = shape.length + 2;
    const rows = graph.one('Tanh', [exportLayer(graph, starts[k]!, x).output], {}, x);
    const parted = graph.one(
      'Reshape',
      [rows, graph.integers([-1, layer.numLayers, ...shape])],
      {},
      { dtype: 'f32', rank },
    );
    const perm = [1, 0, ...shape.map((_, axis) => axis + 2)];
    return [name, graph.one('Transpose', [parted], { perm }, parted)] as const;
  });
  return Object.fromEntries(parts);
}
