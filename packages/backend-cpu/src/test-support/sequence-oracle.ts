import type { GruVariant, LstmVariant, RnnVariant } from '@timestep/backend-api';
import { Tape, type Node } from './tape.ts';

export type Cell =
  | { readonly kind: 'rnn'; readonly variant: RnnVariant }
  | { readonly kind: 'lstm'; readonly variant: LstmVariant }
  | { readonly kind: 'gru'; readonly variant: GruVariant };

export interface Sizes {
  readonly steps: number;
  readonly batch: number;
  readonly inputSize: number;
  readonly hiddenSize: number;
}

/** Arrays by the names of the contract; a missing one is null there. */
export type Arrays = Readonly<Record<string, Float32Array | null>>;

export const gatesOf = { rnn: 1, lstm: 4, gru: 3 } as const;

export function outputSizeOf(cell: Cell, hiddenSize: number): number {
  return cell.kind === 'lstm' && cell.variant.projectionSize > 0 ? cell.variant.projectionSize : hiddenSize;
}

interface State {
  readonly h: Node;
  readonly c: Node;
}

/** One step of one sequence, straight from the equations of the contract. */
function step(
  tape: Tape,
  cell: Cell,
  hiddenSize: number,
  weights: Record<string, Node>,
  x: Node,
  { h, c }: State,
): State {
  const gate = (of: Node, index: number): Node => tape.slice(of, index * hiddenSize, hiddenSize);
  const input = tape.add(tape.product(weights['weightIh']!, x), weights['biasIh']!);
  const rows = (of: Node, index: number, width: number): Node =>
    tape.slice(of, index * hiddenSize * width, hiddenSize * width);
  if (cell.kind === 'rnn') {
    const sum = tape.add(input, tape.product(weights['weightHh']!, h), weights['biasHh']!);
    return { h: cell.variant.activation === 'relu' ? tape.relu(sum) : tape.tanh(sum), c };
  }
  if (cell.kind === 'gru') {
    const width = h.value.length;
    const hidden = (index: number, of: Node): Node =>
      tape.add(tape.product(rows(weights['weightHh']!, index, width), of), gate(weights['biasHh']!, index));
    const r = tape.sigmoid(tape.add(gate(input, 0), hidden(0, h)));
    const z = tape.sigmoid(tape.add(gate(input, 1), hidden(1, h)));
    const reset = cell.variant.reset === 'after' ? tape.multiply(r, hidden(2, h)) : hidden(2, tape.multiply(r, h));
    const n = tape.tanh(tape.add(gate(input, 2), reset));
    return { h: tape.add(tape.multiply(tape.complement(z), n), tape.multiply(z, h)), c };
  }
  const sum = tape.add(input, tape.product(weights['weightHh']!, h), weights['biasHh']!);
  const peephole = (index: number, of: Node): Node[] =>
    cell.variant.peepholes ? [tape.multiply(gate(weights['peephole']!, index), of)] : [];
  const i = tape.sigmoid(tape.add(gate(sum, 0), ...peephole(0, c)));
  const f = cell.variant.coupledGates ? tape.complement(i) : tape.sigmoid(tape.add(gate(sum, 1), ...peephole(1, c)));
  const g = tape.tanh(gate(sum, 2));
  const next = tape.add(tape.multiply(f, c), tape.multiply(i, g));
  const o = tape.sigmoid(tape.add(gate(sum, 3), ...peephole(2, next)));
  const m = tape.multiply(o, tape.tanh(next));
  return { h: cell.variant.projectionSize > 0 ? tape.product(weights['weightHr']!, m) : m, c: next };
}

/** Outputs and input gradients in float64, sequence by sequence. */
export function runOracle(
  cell: Cell,
  sizes: Sizes,
  options: { lengths: Int32Array | null; reverse: boolean },
  inputs: Arrays,
  outputGradients: Arrays,
): { outputs: Record<string, Float64Array>; gradients: Record<string, Float64Array> } {
  const { steps, batch, inputSize, hiddenSize } = sizes;
  const outputSize = outputSizeOf(cell, hiddenSize);
  const tape = new Tape();
  const gateRows = gatesOf[cell.kind] * hiddenSize;
  const weights: Record<string, Node> = {};
  for (const [name, length] of Object.entries({
    weightIh: gateRows * inputSize,
    weightHh: gateRows * outputSize,
    biasIh: gateRows,
    biasHh: gateRows,
  })) {
    weights[name] = tape.constant(inputs[name] ?? new Float64Array(length));
  }
  for (const name of ['weightHr', 'peephole']) if (inputs[name]) weights[name] = tape.constant(inputs[name]);
  const part = (name: string, width: number, row: number): Node =>
    tape.constant(inputs[name]?.subarray(row * width, (row + 1) * width) ?? new Float64Array(width));

  const x = Array.from({ length: steps * batch }, (_, row) => part('x', inputSize, row));
  const output = new Float64Array(steps * batch * outputSize);
  const hN = new Float64Array(batch * outputSize);
  const cN = new Float64Array(batch * hiddenSize);
  const starts: State[] = [];
  const addTo = (node: Node, gradient: Float32Array | null | undefined, row: number): void => {
    const width = node.value.length;
    if (gradient) for (let i = 0; i < width; i++) node.gradient[i]! += gradient[row * width + i]!;
  };
  for (let n = 0; n < batch; n++) {
    const length = options.lengths?.[n] ?? steps;
    let state: State = { h: part('h0', outputSize, n), c: part('c0', hiddenSize, n) };
    starts.push(state);
    for (let s = 0; s < length; s++) {
      const t = options.reverse ? length - 1 - s : s;
      state = step(tape, cell, hiddenSize, weights, x[t * batch + n]!, state);
      output.set(state.h.value, (t * batch + n) * outputSize);
      addTo(state.h, outputGradients['output'], t * batch + n);
    }
    hN.set(state.h.value, n * outputSize);
    cN.set(state.c.value, n * hiddenSize);
    addTo(state.h, outputGradients['hN'], n);
    addTo(state.c, outputGradients['cN'], n);
  }
  tape.backward();

  const gradients: Record<string, Float64Array> = {};
  const join = (nodes: readonly Node[], width: number): Float64Array => {
    const joined = new Float64Array(nodes.length * width);
    nodes.forEach((node, i) => {
      joined.set(node.gradient, i * width);
    });
    return joined;
  };
  gradients['x'] = join(x, inputSize);
  gradients['h0'] = join(
    starts.map((state) => state.h),
    outputSize,
  );
  gradients['c0'] = join(
    starts.map((state) => state.c),
    hiddenSize,
  );
  for (const [name, node] of Object.entries(weights)) gradients[name] = node.gradient;
  return { outputs: { output, hN, cN }, gradients };
}
