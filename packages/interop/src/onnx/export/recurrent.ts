import { show, type State, type Tensor } from '@timestep/core';
import { GRUCell, LSTMCell, RNNCell, type Recurrent } from '@timestep/layers';
import { InteropError } from '../../errors.ts';
import { joined, onnxGates, permuteBlocks } from '../gates.ts';
import type { OnnxAttribute, OnnxGraph, OnnxValue } from './graph.ts';

/** A recurrent layer's results: the output `[T, N, P·directions]` and each part of the final state, `[L·directions, N, P]`. */
export interface OnnxRecurrence {
  readonly output: OnnxValue;
  readonly state: Readonly<Record<string, OnnxValue>>;
}

export interface OnnxRecurrentInput {
  /** `[N]`, i32, each 1…T: the runtime refuses a length of 0. */
  readonly lengths?: OnnxValue | undefined;
  /** Each part of the state before the first step, `[L·directions, N, P]`; zeros by default. */
  readonly state?: Readonly<Record<string, OnnxValue>> | undefined;
}

type KnownCell = LSTMCell | GRUCell | RNNCell;

interface Operator {
  readonly opType: 'LSTM' | 'GRU' | 'RNN';
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** One ONNX node for each layer; both directions of a layer share it. */
export function exportRecurrent(graph: OnnxGraph, layer: Recurrent<State>, x: OnnxValue, input: OnnxRecurrentInput = {}): OnnxRecurrence {
  const cells = layer.cells.map(knownCell);
  const names = Object.keys(cells[0]!.stateShapes);
  const finals: Record<string, OnnxValue[]> = Object.fromEntries(names.map((name) => [name, []]));
  let current = x;
  for (let depth = 0; depth < layer.numLayers; depth++) {
    const ofLayer = cells.slice(depth * layer.directions, (depth + 1) * layer.directions);
    const rows = (part: OnnxValue) => sliceRows(graph, part, depth * layer.directions, (depth + 1) * layer.directions);
    const initial = names.map((name) => input.state?.[name] && rows(input.state[name]));
    const [first, ...states] = exportLayer(graph, ofLayer, current, input.lengths ?? null, initial);
    states.forEach((state, k) => finals[names[k]!]!.push(state));
    // Y is [T, directions, N, H].
    const ordered = graph.one('Transpose', [first!], { perm: [0, 2, 1, 3] }, { dtype: 'f32', rank: 4 });
    const output = graph.one('Reshape', [ordered, graph.integers([0, 0, -1])], {}, { dtype: 'f32', rank: 3 });
    current = layer.residual && depth > 0 ? graph.one('Add', [output, current], {}, output) : output;
  }
  const state = Object.fromEntries(names.map((name) => [name, concatRows(graph, finals[name]!)]));
  return { output: current, state };
}

function exportLayer(graph: OnnxGraph, cells: readonly KnownCell[], x: OnnxValue, lengths: OnnxValue | null, initial: readonly (OnnxValue | undefined)[]): OnnxValue[] {
  const [first] = cells as readonly [KnownCell];
  const { opType, attributes } = operatorOf(first, cells.length);
  const order = onnxGates[opType];
  const { hiddenSize: H, inputSize: D } = first;
  const stacked = (name: string, pick: (cell: KnownCell) => readonly Tensor[], shape: readonly number[], by: readonly number[]) =>
    graph.parameter(`${opType.toLowerCase()}_${name}`, cells.flatMap(pick), [cells.length, ...shape], (contents) => joined(contents.map((values) => permuteBlocks(values, by))));
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
  return graph.node(opType, inputs, { hidden_size: H, direction: cells.length === 2 ? 'bidirectional' : 'forward', ...attributes }, results);
}

function operatorOf(cell: KnownCell, directions: number): Operator {
  if (cell instanceof LSTMCell) return { opType: 'LSTM', attributes: { input_forget: cell.coupledGates ? 1 : 0 } };
  if (cell instanceof GRUCell) return { opType: 'GRU', attributes: { linear_before_reset: cell.reset === 'after' ? 1 : 0 } };
  return { opType: 'RNN', attributes: { activations: Array.from({ length: directions }, () => (cell.activation === 'relu' ? 'Relu' : 'Tanh')) } };
}

function knownCell(cell: Recurrent<State>['cells'][number]): KnownCell {
  if (cell instanceof LSTMCell && cell.weight_hr) {
    throw new InteropError('UNSUPPORTED_MODEL', `[onnx] ONNX's LSTM has no projection, and this one has weight_hr of shape ${show(cell.weight_hr.shape)}; train it with projectionSize: 0 to export it`);
  }
  if (cell instanceof LSTMCell && cell.norm_ih) {
    throw new InteropError('UNSUPPORTED_MODEL', "[onnx] ONNX's LSTM has no norms inside; train it with layerNorm: false to export it");
  }
  // A subclass may have other equations.
  const known = [LSTMCell, GRUCell, RNNCell].find((kind) => cell.constructor === kind);
  if (known) return cell as KnownCell;
  throw new InteropError('UNSUPPORTED_MODEL', `[onnx] ONNX has no operator for the recurrent cell ${cell.constructor.name}; only LSTMCell, GRUCell and RNNCell can be exported`);
}

function sliceRows(graph: OnnxGraph, part: OnnxValue, from: number, to: number): OnnxValue {
  return graph.one('Slice', [part, graph.integers([from]), graph.integers([to]), graph.integers([0])], {}, part);
}

function concatRows(graph: OnnxGraph, parts: readonly OnnxValue[]): OnnxValue {
  return parts.length === 1 ? parts[0]! : graph.one('Concat', parts, { axis: 0 }, parts[0]!);
}
