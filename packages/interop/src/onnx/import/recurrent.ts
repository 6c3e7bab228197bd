import { stack, unstack, type Backend, type State, type Tensor } from '@timestep/core';
import { GRUCell, LSTMCell, Module, RNNCell, type Cell } from '@timestep/layers';
import { ensure } from '../../errors.ts';
import { inverse, onnxGates, permuteBlocks } from '../gates.ts';
import type { Constant } from './constant.ts';
import type { OnnxNode } from './node.ts';
import { isHost, onHost, type Value } from './value.ts';

type OpType = 'LSTM' | 'GRU' | 'RNN';

/** The weights of an operator, as the file holds them. */
type ConstantOf = (input: number) => Constant | null;

const standard: Readonly<Record<OpType, string>> = { LSTM: 'sigmoid,tanh,tanh', GRU: 'sigmoid,tanh', RNN: 'tanh' };

/** An LSTM, GRU or RNN operator: a cell of ours for each direction. */
export class OnnxRecurrent extends Module {
  readonly cells: readonly Cell<State>[];
  readonly #reversed: readonly boolean[];
  readonly #where: string;

  /** @throws InteropError for weights that are no constants, misshapen ones, and options without a counterpart */
  constructor(node: OnnxNode, constantOf: ConstantOf, backend: Backend) {
    super();
    this.#where = node.where;
    const direction = node.text('direction', 'forward');
    ensure(
      ['forward', 'reverse', 'bidirectional'].includes(direction),
      'MALFORMED_FILE',
      () => `[onnx] ${node.where} has the direction '${direction}'`,
    );
    this.#reversed = direction === 'bidirectional' ? [false, true] : [direction === 'reverse'];
    ensure(
      node.int('layout', 0) === 0,
      'UNSUPPORTED_MODEL',
      () => `[onnx] ${node.where} has layout 1, batches first; export it with layout 0`,
    );
    ensure(
      !node.has('clip') || node.float('clip', 0) === 0,
      'UNSUPPORTED_MODEL',
      () => `[onnx] ${node.where} clips its gates; there is no such option here`,
    );
    this.cells = makeCells(node, constantOf, backend, this.#reversed.length);
  }

  /** Y `[T, directions, N, H]` and each part of the final state `[directions, N, H]`. */
  run(inputs: readonly (Value | null)[]): Value[] {
    const [x, , , , sequenceLens, ...initial] = inputs;
    ensure(!!x && !isHost(x), 'MALFORMED_FILE', () => `[onnx] ${this.#where} has no input tensor`);
    const lengths = sequenceLens ? onHost(this.#where, 'sequence_lens', sequenceLens).data : null;
    const results = this.cells.map((cell, direction) => {
      const batch = (x as Tensor).shape[1] ?? 0;
      const names = Object.keys(cell.stateShapes);
      const zeros = cell.initialState(batch, (x as Tensor).backend);
      const parts = names.map((name, k) => {
        const given = initial[k];
        return [name, given && !isHost(given) ? rowOf(given, direction) : zeros[name]!] as const;
      });
      return cell.sequence(x as Tensor, {
        state: Object.fromEntries(parts),
        lengths,
        reverse: this.#reversed[direction]!,
      });
    });
    const states = Object.keys(this.cells[0]!.stateShapes).map((name) =>
      stack(results.map(({ state }) => state[name]!)),
    );
    return [
      stack(
        results.map(({ output }) => output),
        1,
      ),
      ...states,
    ];
  }
}

function rowOf(part: Tensor, direction: number): Tensor {
  const rows = unstack(part);
  ensure(
    direction < rows.length,
    'MALFORMED_FILE',
    () => `[onnx] an initial state of shape [${part.shape.join(', ')}] has no part for direction ${direction}`,
  );
  return rows[direction]!;
}

function makeCells(node: OnnxNode, constantOf: ConstantOf, backend: Backend, directions: number): Cell<State>[] {
  const opType = node.opType as OpType;
  const order = onnxGates[opType];
  const [w, r] = [floatsOf(node, constantOf, 1, 'W'), floatsOf(node, constantOf, 2, 'R')];
  const inputSize = w.shape[2] ?? 0;
  const hiddenSize = r.shape[2] ?? 0;
  const rows = order.length * hiddenSize;
  const expectShape = (name: string, { shape }: Constant, expected: readonly number[]) =>
    ensure(
      shape.join() === expected.join() && !expected.includes(0),
      'MALFORMED_FILE',
      () =>
        `[onnx] ${name} of ${node.where} has shape [${shape.join(', ')}], expected [${expected.join(', ')}] of sizes above 0`,
    );
  expectShape('W', w, [directions, rows, inputSize]);
  expectShape('R', r, [directions, rows, hiddenSize]);
  const bias = constantOf(3) && floatsOf(node, constantOf, 3, 'B');
  if (bias) expectShape('B', bias, [directions, 2 * rows]);
  const peephole = opType === 'LSTM' && node.inputs[7] ? floatsOf(node, constantOf, 7, 'P') : null;
  if (peephole) expectShape('P', peephole, [directions, 3 * hiddenSize]);
  // Everything that can be wrong is found before the first cell takes memory.
  node.int(opType === 'LSTM' ? 'input_forget' : 'linear_before_reset', 0);
  for (let direction = 0; direction < directions; direction++) activationsOf(node, opType, direction);
  const back = inverse(order);
  return Array.from({ length: directions }, (_, direction) => {
    const part = ({ data }: Constant & { kind: 'float' }) =>
      data.subarray((direction * data.length) / directions, ((direction + 1) * data.length) / directions);
    const options = { backend, inputSize, hiddenSize, bias: bias !== null };
    const cell = makeCell(node, opType, options, direction, peephole !== null);
    cell.weight_ih.assign(permuteBlocks(part(w), back));
    cell.weight_hh.assign(permuteBlocks(part(r), back));
    if (bias) {
      const both = part(bias);
      cell.bias_ih!.assign(permuteBlocks(both.subarray(0, rows), back));
      cell.bias_hh!.assign(permuteBlocks(both.subarray(rows), back));
    }
    if (peephole)
      (cell as LSTMCell).weight_peephole!.assign(permuteBlocks(part(peephole), inverse(onnxGates.peephole)));
    return cell as unknown as Cell<State>;
  });
}

/** The activations of a direction, in lower case, found to be known. */
function activationsOf(node: OnnxNode, opType: OpType, direction: number): string {
  const each = standard[opType].split(',').length;
  const given = node.texts('activations')?.map((name) => name.toLowerCase());
  const own = given?.slice(direction * each, (direction + 1) * each).join() ?? standard[opType];
  const known = own === standard[opType] || (opType === 'RNN' && own === 'relu');
  ensure(
    known,
    'UNSUPPORTED_MODEL',
    () =>
      `[onnx] ${node.where} has the activations ${own}; ${standard[opType]}${opType === 'RNN' ? ' or relu' : ''} can be read`,
  );
  return own;
}

function makeCell(
  node: OnnxNode,
  opType: OpType,
  options: ConstructorParameters<typeof RNNCell>[0],
  direction: number,
  peepholes: boolean,
): LSTMCell | GRUCell | RNNCell {
  if (opType === 'LSTM')
    return new LSTMCell({ ...options, peepholes, coupledGates: node.int('input_forget', 0) === 1 });
  if (opType === 'GRU')
    return new GRUCell({ ...options, reset: node.int('linear_before_reset', 0) === 0 ? 'before' : 'after' });
  return new RNNCell({ ...options, activation: activationsOf(node, opType, direction) === 'relu' ? 'relu' : 'tanh' });
}

function floatsOf(node: OnnxNode, constantOf: ConstantOf, input: number, name: string): Constant & { kind: 'float' } {
  const constant = constantOf(input);
  ensure(
    constant?.kind === 'float',
    'UNSUPPORTED_MODEL',
    () =>
      `[onnx] ${name} of ${node.where} is no float constant of the file; recurrent weights that are computed cannot be read`,
  );
  return constant as Constant & { kind: 'float' };
}
