import type { State, Tensor } from '@timestep/core';
import { GRUCell, LSTMCell, RNNCell, type Cell } from '@timestep/layers';
import { joined, onnxGates, permuteBlocks } from '../gates.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import type { OnnxAttribute } from './protos.ts';

export type OperatorCell = LSTMCell | GRUCell | RNNCell;

interface Operator {
  readonly opType: 'LSTM' | 'GRU' | 'RNN';
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/**
 * Returns the cells of a layer if ONNX has an operator for them: plain LSTM, GRU or RNN cells, with the same options in
 * both directions. Returns null otherwise. ONNX's LSTM has neither projections nor norms.
 */
export function operatorCells(cells: readonly Cell<State>[]): readonly OperatorCell[] | null {
  // A subclass may have other equations.
  const known = cells.filter(
    ({ constructor }) => constructor === LSTMCell || constructor === GRUCell || constructor === RNNCell,
  ) as unknown as OperatorCell[];
  const plain = known.filter((cell) => !(cell instanceof LSTMCell && (cell.weight_hr || cell.norm_ih)));
  const alike = new Set(
    plain.map((cell) =>
      JSON.stringify([
        operatorOf(cell, 1),
        cell.bias_ih !== null,
        cell instanceof LSTMCell && cell.weight_peephole !== null,
      ]),
    ),
  );
  return plain.length === cells.length && alike.size === 1 ? plain : null;
}

/**
 * Adds the node of one layer, for both directions: Y `[T, directions, N, H]` and each part of the final state
 * `[directions, N, H]`.
 *
 * @param lengths i32 `[N]`, each 1…T
 */
export function exportOperator(
  graph: OnnxGraph,
  cells: readonly OperatorCell[],
  x: OnnxValue,
  lengths: OnnxValue | null,
  initial: readonly (OnnxValue | undefined)[],
): OnnxValue[] {
  const [first] = cells as readonly [OperatorCell];
  const { opType, attributes } = operatorOf(first, cells.length);
  const order = onnxGates[opType];
  const { hiddenSize: H, inputSize: D } = first;
  const stacked = (
    name: string,
    pick: (cell: OperatorCell) => readonly Tensor[],
    shape: readonly number[],
    by: readonly number[],
  ) =>
    graph.parameter(`${opType.toLowerCase()}_${name}`, cells.flatMap(pick), [cells.length, ...shape], (contents) =>
      joined(contents.map((values) => permuteBlocks(values, by))),
    );
  const gates = order.length;
  const bias = first.bias_ih && stacked('B', ({ bias_ih, bias_hh }) => [bias_ih!, bias_hh!], [2 * gates * H], order);
  const peephole = first instanceof LSTMCell && first.weight_peephole;
  const inputs = [
    x,
    stacked('W', ({ weight_ih }) => [weight_ih], [gates * H, D], order),
    stacked('R', ({ weight_hh }) => [weight_hh], [gates * H, H], order),
    bias,
    lengths,
    ...initial.map((part) => part ?? null),
    ...(peephole ? [stacked('P', (cell) => [(cell as LSTMCell).weight_peephole!], [3 * H], onnxGates.peephole)] : []),
  ];
  const state = { dtype: 'f32', rank: 3 } as const;
  const results = [{ dtype: 'f32', rank: 4 } as const, state, ...(opType === 'LSTM' ? [state] : [])];
  return graph.node(
    opType,
    inputs,
    { hidden_size: H, direction: cells.length === 2 ? 'bidirectional' : 'forward', ...attributes },
    results,
  );
}

function operatorOf(cell: OperatorCell, directions: number): Operator {
  if (cell instanceof LSTMCell) return { opType: 'LSTM', attributes: { input_forget: cell.coupledGates ? 1 : 0 } };
  if (cell instanceof GRUCell)
    return { opType: 'GRU', attributes: { linear_before_reset: cell.reset === 'after' ? 1 : 0 } };
  return {
    opType: 'RNN',
    attributes: {
      activations: Array.from({ length: directions }, () => (cell.activation === 'relu' ? 'Relu' : 'Tanh')),
    },
  };
}
