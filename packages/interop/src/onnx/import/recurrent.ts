import { transpose, type Backend, type State } from '@timestep/core';
import { GRUCell, LSTMCell, Module, RNNCell, type Cell } from '@timestep/layers';
import { ensure } from '../../errors.ts';
import { inverse, onnxGates, permuteBlocks } from '../gates.ts';
import { isFloat } from './element-type.ts';
import type { OnnxNode } from './node.ts';
import type { Call } from './operator.ts';
import { arranged } from './operators/recurrent.ts';
import { directionsOf, recurrentLayout, type RecurrentType } from './recurrent-options.ts';
import { show, type HostValue, type Value } from './value.ts';

/** The weights of an operator, if they are known while the model is read. */
type ConstantOf = (input: number) => HostValue | null;

/** The inputs that become parameters of a cell. */
export const cellInputs = [1, 2, 3, 7];

const standard: Readonly<Record<RecurrentType, string>> = {
  LSTM: 'sigmoid,tanh,tanh',
  GRU: 'sigmoid,tanh',
  RNN: 'tanh',
};

/** Whether the operator can be a cell of `@timestep/layers`: its weights are constants and its attributes are usual. */
export function isCell(node: OnnxNode, constantOf: ConstantOf): boolean {
  const reversed = directionsOf(node);
  if (!reversed || (node.has('clip') && node.float('clip', 0) !== 0)) return false;
  const usual = reversed.every((_, direction) => {
    const own = activationsOf(node, direction);
    return own === standard[node.opType as RecurrentType] || (node.opType === 'RNN' && own === 'relu');
  });
  const constant = (input: number) => {
    const value = constantOf(input);
    return value !== null && isFloat(value.type);
  };
  return usual && cellInputs.every((input) => (node.inputs[input] ?? '') === '' || constant(input));
}

/** An LSTM, GRU or RNN operator as one cell per direction. */
export class OnnxRecurrent extends Module {
  readonly cells: readonly Cell<State>[];
  readonly #type: RecurrentType;

  /** @throws InteropError for weights of a wrong shape */
  constructor(node: OnnxNode, constantOf: ConstantOf, backend: Backend) {
    super();
    this.#type = node.opType as RecurrentType;
    this.cells = makeCells(node, constantOf, backend, directionsOf(node)!.length);
  }

  /** Y `[T, directions, N, H]` and each part of the final state `[directions, N, H]`. */
  run(call: Call): Value[] {
    const { reversed, batchFirst, lengths, initial } = recurrentLayout(call, this.#type);
    const x = batchFirst ? transpose(call.tensor(0), [1, 0, 2]) : call.tensor(0);
    const names = Object.keys(this.cells[0]!.stateShapes);
    const results = this.cells.map((cell, direction) => {
      const zeros = cell.initialState(x.shape[1]!, x.backend);
      const state = names.map((name, k) => [name, initial[k]?.[direction] ?? zeros[name]!] as const);
      return cell.sequence(x, { state: Object.fromEntries(state), lengths, reverse: reversed[direction]! });
    });
    return arranged(call, results, names, batchFirst);
  }
}

function makeCells(node: OnnxNode, constantOf: ConstantOf, backend: Backend, directions: number): Cell<State>[] {
  const opType = node.opType as RecurrentType;
  const order = onnxGates[opType];
  const [w, r] = [floatsOf(node, constantOf, 1, 'W'), floatsOf(node, constantOf, 2, 'R')];
  const inputSize = w.shape[2] ?? 0;
  const hiddenSize = r.shape[2] ?? 0;
  const rows = order.length * hiddenSize;
  const expectShape = (name: string, { shape }: HostValue, expected: readonly number[]) =>
    ensure(
      show(shape) === show(expected) && !expected.includes(0),
      'MALFORMED_FILE',
      () => `[onnx] ${name} of ${node.where} has shape ${show(shape)}, expected ${show(expected)} of sizes above 0`,
    );
  expectShape('W', w, [directions, rows, inputSize]);
  expectShape('R', r, [directions, rows, hiddenSize]);
  const given = node.int('hidden_size', hiddenSize);
  ensure(
    given === hiddenSize,
    'MALFORMED_FILE',
    () => `[onnx] ${node.where} has hidden_size ${given}, and R for ${hiddenSize} units`,
  );
  const bias = constantOf(3) && floatsOf(node, constantOf, 3, 'B');
  if (bias) expectShape('B', bias, [directions, 2 * rows]);
  const peephole = opType === 'LSTM' && node.inputs[7] ? floatsOf(node, constantOf, 7, 'P') : null;
  if (peephole) expectShape('P', peephole, [directions, 3 * hiddenSize]);
  // All checks are done before the first cell allocates memory.
  node.int(opType === 'LSTM' ? 'input_forget' : 'linear_before_reset', 0);
  const back = inverse(order);
  return Array.from({ length: directions }, (_, direction) => {
    const part = (data: Float32Array) =>
      data.subarray((direction * data.length) / directions, ((direction + 1) * data.length) / directions);
    const options = { backend, inputSize, hiddenSize, bias: bias !== null };
    const cell = makeCell(node, opType, options, direction, peephole !== null);
    cell.weight_ih.assign(permuteBlocks(part(f32(w)), back));
    cell.weight_hh.assign(permuteBlocks(part(f32(r)), back));
    if (bias) {
      const both = part(f32(bias));
      cell.bias_ih!.assign(permuteBlocks(both.subarray(0, rows), back));
      cell.bias_hh!.assign(permuteBlocks(both.subarray(rows), back));
    }
    if (peephole)
      (cell as LSTMCell).weight_peephole!.assign(permuteBlocks(part(f32(peephole)), inverse(onnxGates.peephole)));
    return cell;
  });
}

/** The activations of a direction, in lower case. */
function activationsOf(node: OnnxNode, direction: number): string {
  const plain = standard[node.opType as RecurrentType];
  const each = plain.split(',').length;
  const given = node.texts('activations')?.map((name) => name.toLowerCase());
  return given?.slice(direction * each, (direction + 1) * each).join() ?? plain;
}

function makeCell(
  node: OnnxNode,
  opType: RecurrentType,
  options: ConstructorParameters<typeof RNNCell>[0],
  direction: number,
  peepholes: boolean,
): LSTMCell | GRUCell | RNNCell {
  if (opType === 'LSTM')
    return new LSTMCell({ ...options, peepholes, coupledGates: node.int('input_forget', 0) === 1 });
  if (opType === 'GRU')
    return new GRUCell({ ...options, reset: node.int('linear_before_reset', 0) === 0 ? 'before' : 'after' });
  return new RNNCell({ ...options, activation: activationsOf(node, direction) === 'relu' ? 'relu' : 'tanh' });
}

function floatsOf(node: OnnxNode, constantOf: ConstantOf, input: number, name: string): HostValue {
  const constant = constantOf(input);
  ensure(
    constant !== null,
    'UNSUPPORTED_MODEL',
    () => `[onnx] ${name} of ${node.where} is not constant, so it is unknown while the file is read`,
  );
  return constant;
}

/** The numbers of a constant as f32. */
function f32({ data }: HostValue): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data);
}
