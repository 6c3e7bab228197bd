import type { State } from '@timestep/core';
import type { Cell, Recurrent } from '@timestep/layers';
import { exportCell, startOf } from './cell.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { stepsBelow } from './lengths.ts';
import { exportOperator, operatorCells, type OperatorCell } from './operator.ts';
import { add, cast, concat, lift, pick, scalar } from './parts.ts';

/**
 * The result of a recurrent layer: the output `[T, N, P·directions]` and each part of the final state,
 * `[L·directions, N, …]`.
 */
export interface OnnxRecurrence {
  readonly output: OnnxValue;
  readonly state: Readonly<Record<string, OnnxValue>>;
}

/** The lengths and the initial state of a recurrent layer. */
export interface OnnxRecurrentInput {
  /** `[N]`, i32, each 0…T */
  readonly lengths?: OnnxValue | undefined;
  /** Each part of the state before the first step, `[L·directions, N, …]`; zeros by default. */
  readonly state?: Readonly<Record<string, OnnxValue>> | undefined;
}

/** The inputs that all layers share, other than x. */
interface Given {
  /** i32 `[N]` */
  readonly lengths: OnnxValue | null;
  /** Whether step t of sequence n counts, bool `[T, N, 1]`; null without lengths. */
  readonly mask: OnnxValue | null;
}

/** The output of one layer, `[T, N, P·directions]`, and each part of its state, `[directions, N, …]`. */
interface LayerResult {
  readonly output: OnnxValue;
  readonly states: readonly OnnxValue[];
}

/** Exports layer by layer: as ONNX's operator if there is one, otherwise as a Scan per direction. */
export function exportRecurrent(
  graph: OnnxGraph,
  layer: Recurrent<State>,
  x: OnnxValue,
  input: OnnxRecurrentInput = {},
): OnnxRecurrence {
  const names = Object.keys(layer.cells[0]!.stateShapes);
  const finals: Record<string, OnnxValue[]> = Object.fromEntries(names.map((name) => [name, []]));
  const lengths = input.lengths ?? null;
  const given = { lengths, mask: lengths && stepsBelow(graph, x, lengths) };
  let current = x;
  for (let depth = 0; depth < layer.numLayers; depth++) {
    const [from, to] = [depth * layer.directions, (depth + 1) * layer.directions];
    const cells = layer.cells.slice(from, to);
    const known = operatorCells(cells);
    const initial = names.map((name) => {
      const part = input.state?.[name];
      return (
        part && graph.one('Slice', [part, graph.integers([from]), graph.integers([to]), graph.integers([0])], {}, part)
      );
    });
    const { output, states } = known
      ? runOperator(graph, known, current, given, initial)
      : runCells(graph, cells, current, given, initial);
    states.forEach((state, k) => finals[names[k]!]!.push(state));
    current = layer.residual && depth > 0 ? add(graph, output, current) : output;
  }
  return { output: current, state: Object.fromEntries(names.map((name) => [name, concat(graph, finals[name]!, 0)])) };
}

function runOperator(
  graph: OnnxGraph,
  cells: readonly OperatorCell[],
  x: OnnxValue,
  { lengths, mask }: Given,
  initial: readonly (OnnxValue | undefined)[],
): LayerResult {
  const whole = { dtype: 'i64', rank: 1 } as const;
  const wide = lengths && cast(graph, lengths, 'i64');
  // ONNX Runtime refuses a length of 0. Such a sequence makes one step, whose results are dropped.
  const running = wide && cast(graph, graph.one('Max', [wide, graph.integers(1)], {}, whole), 'i32');
  const [first, ...states] = exportOperator(graph, cells, x, running, initial);
  // Y is [T, directions, N, H].
  const ordered = graph.one('Transpose', [first!], { perm: [0, 2, 1, 3] }, { dtype: 'f32', rank: 4 });
  const output = graph.one('Reshape', [ordered, graph.integers([0, 0, -1])], {}, { dtype: 'f32', rank: 3 });
  if (!wide || !mask) return { output, states };
  const some = graph.one('Greater', [wide, graph.integers(0)], {}, { dtype: 'bool', rank: 1 });
  const rows = graph.one('Unsqueeze', [some, graph.integers([0, 2])], {}, { dtype: 'bool', rank: 3 });
  return {
    output: choose(graph, mask, output, scalar(graph, 0)),
    states: states.map((state, k) => choose(graph, rows, state, initial[k] ?? scalar(graph, 0))),
  };
}

function runCells(
  graph: OnnxGraph,
  cells: readonly Cell<State>[],
  x: OnnxValue,
  given: Given,
  initial: readonly (OnnxValue | undefined)[],
): LayerResult {
  const results = cells.map((cell, direction) =>
    runCell(
      graph,
      cell,
      x,
      given,
      initial.map((part) => part && pick(graph, part, direction)),
      direction === 1,
    ),
  );
  const states = results[0]!.states.map((_, k) =>
    concat(
      graph,
      results.map(({ states: own }) => lift(graph, own[k]!)),
      0,
    ),
  );
  return {
    output: concat(
      graph,
      results.map(({ output }) => output),
      2,
    ),
    states,
  };
}

/** Exports one direction of one layer, step by step. Steps past a length change nothing and give 0. */
function runCell(
  graph: OnnxGraph,
  cell: Cell<State>,
  x: OnnxValue,
  { mask }: Given,
  initial: readonly (OnnxValue | undefined)[],
  reverse: boolean,
): LayerResult {
  const { prepare, step } = exportCell(cell);
  const names = Object.keys(cell.stateShapes);
  const zeros = initial.includes(undefined) ? startOf(graph, cell, x, 1) : {};
  const start = names.map((name, k) => initial[k] ?? zeros[name]!);
  const sequences = [...prepare(graph, x), ...(mask ? [mask] : [])];
  const { state, outputs } = graph.scan(
    start,
    sequences,
    (before, rows) => {
      const made = step(
        graph,
        mask ? rows.slice(0, -1) : rows,
        Object.fromEntries(names.map((name, k) => [name, before[k]!])),
      );
      const after = names.map((name) => made.state[name]!);
      if (!mask) return { state: after, outputs: [made.output] };
      const running = rows.at(-1)!;
      return {
        state: after.map((part, k) => choose(graph, widened(graph, running, part.rank), part, before[k]!)),
        outputs: [choose(graph, running, made.output, scalar(graph, 0))],
      };
    },
    { reverse },
  );
  return { output: outputs[0]!, states: state };
}

function choose(graph: OnnxGraph, mask: OnnxValue, a: OnnxValue, b: OnnxValue): OnnxValue {
  return graph.one('Where', [mask, a, b], {}, a);
}

/** Reshapes a mask `[N, 1]` to the number of axes of a state. */
function widened(graph: OnnxGraph, mask: OnnxValue, rank: number): OnnxValue {
  if (rank === 2) return mask;
  if (rank === 1) return graph.one('Squeeze', [mask, graph.integers([1])], {}, { dtype: 'bool', rank });
  return graph.one(
    'Unsqueeze',
    [mask, graph.integers(Array.from({ length: rank - 2 }, (_, k) => k + 2))],
    {},
    { dtype: 'bool', rank },
  );
}
