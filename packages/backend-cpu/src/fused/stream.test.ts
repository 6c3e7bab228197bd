import type { DeviceBuffer, Stream, StreamLayer } from '@timestep/backend-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCpuBackend, type CpuBackend } from '../index.ts';
import { inputsOf, randomSource } from '../test-support/sequence-case.ts';
import { outputSizeOf, runOracle, type Arrays, type Cell } from '../test-support/sequence-oracle.ts';

const plainLstm = { peepholes: false, coupledGates: false, projectionSize: 0 };
const cells: Cell[] = [
  { kind: 'rnn', variant: { activation: 'tanh' } },
  { kind: 'rnn', variant: { activation: 'relu' } },
  { kind: 'lstm', variant: plainLstm },
  { kind: 'lstm', variant: { ...plainLstm, peepholes: true } },
  { kind: 'lstm', variant: { ...plainLstm, coupledGates: true } },
  { kind: 'lstm', variant: { peepholes: true, coupledGates: true, projectionSize: 5 } },
  { kind: 'gru', variant: { reset: 'after' } },
  { kind: 'gru', variant: { reset: 'before' } },
];
const steps = 5;

let backends: CpuBackend[] = [];
beforeAll(async () => {
  backends = await Promise.all([
    createCpuBackend({ threads: 1 }),
    createCpuBackend({ threads: 2 }),
    createCpuBackend({ threads: 1, relaxedSimd: false }),
  ]);
});
afterAll(async () => {
  await Promise.all(backends.map((backend) => backend.dispose()));
});

function upload(backend: CpuBackend, arrays: Arrays, name: string): DeviceBuffer | null {
  const data = arrays[name];
  if (!data) return null;
  const buffer = backend.alloc('f32', data.length);
  backend.write(buffer, data);
  return buffer;
}

function layerOf(backend: CpuBackend, cell: Cell, inputSize: number, hiddenSize: number, arrays: Arrays): StreamLayer {
  const weight = (name: string) => upload(backend, arrays, name);
  const weights = {
    weightIh: weight('weightIh')!,
    weightHh: weight('weightHh')!,
    biasIh: weight('biasIh'),
    biasHh: weight('biasHh'),
    weightHr: weight('weightHr'),
    peephole: weight('peephole'),
  };
  return { ...cell, inputSize, hiddenSize, weights };
}

function freeLayers(backend: CpuBackend, layers: readonly StreamLayer[]): void {
  for (const layer of layers) {
    const buffers =
      layer.kind === 'linear'
        ? [layer.weight, layer.bias]
        : Object.values(layer.weights as object as Record<string, DeviceBuffer | null>);
    for (const buffer of buffers) if (buffer) backend.free(buffer);
  }
}

function runStream(stream: Stream, x: Float32Array, inputSize: number, outputSize: number): Float32Array {
  const outputs = new Float32Array((x.length / inputSize) * outputSize);
  const output = new Float32Array(outputSize);
  for (let t = 0; t < x.length / inputSize; t++) {
    stream.step(x.subarray(t * inputSize, (t + 1) * inputSize), output);
    outputs.set(output, t * outputSize);
  }
  return outputs;
}

/** |a − b| ≤ 1e-6 + 1e-5·scale, as for the sequences. */
function expectClose(name: string, actual: Float32Array, expected: ArrayLike<number>): void {
  expect(actual.length, name).toBe(expected.length);
  const scale = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  actual.forEach((value, i) => {
    if (!(Math.abs(value - expected[i]!) <= 1e-6 + 1e-5 * scale))
      expect.fail(`${name}[${i}] is ${value}, expected ${expected[i]}`);
  });
}

// Units that fill no vector, no block and no pair of blocks; the last is cut between the threads
const sizes = [
  [3, 5],
  [5, 6],
  [1, 33],
  [20, 70],
  [300, 300],
] as const;
const cases = cells.flatMap((cell) =>
  sizes.map(
    ([inputSize, hiddenSize]) =>
      [`${JSON.stringify(cell)}, D ${inputSize}, H ${hiddenSize}`, cell, inputSize, hiddenSize] as const,
  ),
);

test.each(cases)('%s', (_, cell, inputSize, hiddenSize) => {
  const shape = { cell, steps, batch: 1, inputSize, hiddenSize };
  const { inputs, gradients } = inputsOf(
    { ...shape, without: hiddenSize === 5 ? ['biasHh'] : [] },
    5 * hiddenSize + inputSize,
  );
  const oracle = runOracle(cell, shape, { lengths: null, reverse: false }, inputs, gradients);
  const P = outputSizeOf(cell, hiddenSize);
  const start = Float32Array.from([...inputs['h0']!, ...(inputs['c0'] ?? [])]);
  const results = backends.map((backend) => {
    const before = backend.memory().buffers;
    const layer = layerOf(backend, cell, inputSize, hiddenSize, inputs);
    expect(backend.stream.supports([layer])).toBe(true);
    const stream = backend.stream.open([layer]);
    freeLayers(backend, [layer]);
    expect(stream.stateSize).toBe(start.length);
    stream.writeState(start);
    const outputs = runStream(stream, inputs['x']!, inputSize, P);
    const state = new Float32Array(stream.stateSize);
    stream.readState(state);
    stream.release();
    stream.release();
    expect(backend.memory().buffers).toBe(before);
    return { outputs, state };
  });
  expect(results[1], 'results depend on the number of threads').toStrictEqual(results[0]);
  for (const { outputs, state } of results) {
    expectClose('output', outputs, oracle.outputs['output']!);
    expectClose('h', state.subarray(0, P), oracle.outputs['hN']!);
    if (cell.kind === 'lstm') expectClose('c', state.subarray(P), oracle.outputs['cN']!);
  }
});

test('layers hand on their outputs, to a linear head too, from zeros on', () => {
  const chain = [
    [cells[7]!, 4, 4],
    [cells[6]!, 4, 9],
    [cells[5]!, 9, 12],
    [cells[0]!, 5, 37],
  ] as const;
  const random = randomSource(3);
  const classes = 34;
  const head = {
    weight: Float32Array.from({ length: classes * 37 }, random),
    bias: Float32Array.from({ length: classes }, random),
  };
  const x = Float32Array.from({ length: steps * 4 }, random);
  const layers = chain.map(([cell, inputSize, hiddenSize], k) => {
    const shape = { cell, steps, batch: 1, inputSize, hiddenSize };
    return { shape, ...inputsOf({ ...shape, without: ['h0', 'c0'] }, k + 1) };
  });
  let current: ArrayLike<number> = x;
  for (const { shape, inputs, gradients } of layers) {
    current = runOracle(
      shape.cell,
      shape,
      { lengths: null, reverse: false },
      { ...inputs, x: Float32Array.from(current) },
      gradients,
    ).outputs['output']!;
  }
  const expected = Float64Array.from({ length: steps * classes }, (_, i) => {
    const [t, row] = [Math.floor(i / classes), i % classes];
    let sum = head.bias[row]!;
    for (let k = 0; k < 37; k++) sum += head.weight[row * 37 + k]! * current[t * 37 + k]!;
    return sum;
  });
  for (const backend of backends) {
    const opened: StreamLayer[] = layers.map(({ shape, inputs }) =>
      layerOf(backend, shape.cell, shape.inputSize, shape.hiddenSize, inputs),
    );
    opened.push({
      kind: 'linear',
      inputSize: 37,
      outputSize: classes,
      weight: upload(backend, head, 'weight')!,
      bias: upload(backend, head, 'bias'),
    });
    const stream = backend.stream.open(opened);
    freeLayers(backend, opened);
    expect(stream.stateSize).toBe(4 + 9 + 5 + 12 + 37);
    expectClose('output', runStream(stream, x, 4, classes), expected);
    // The same again from the state in the middle: an odd number of steps behind it
    const state = new Float32Array(stream.stateSize);
    stream.writeState(state);
    const first = runStream(stream, x.subarray(0, 12), 4, classes);
    stream.readState(state);
    const rest = runStream(stream, x.subarray(12), 4, classes);
    stream.writeState(state);
    expect(runStream(stream, x.subarray(12), 4, classes)).toStrictEqual(rest);
    expectClose('halves', Float32Array.from([...first, ...rest]), expected);
    stream.release();
  }
});

test('a step survives the growth of the memory, and allocates no buffer', () => {
  const backend = backends[0]!;
  const { inputs } = inputsOf(
    { cell: cells[2]!, steps: 1, batch: 1, inputSize: 3, hiddenSize: 8, without: ['h0', 'c0'] },
    9,
  );
  const layer = layerOf(backend, cells[2]!, 3, 8, inputs);
  const [grown, plain] = [backend.stream.open([layer]), backend.stream.open([layer])];
  freeLayers(backend, [layer]);
  const x = new Float32Array([0.3, -0.2, 0.9, 0.1, 0.5, -0.7]);
  const before = backend.memory();
  const expected = runStream(plain, x, 3, 8);
  const output = new Float32Array(8);
  grown.step(x.subarray(0, 3), output);
  expect(backend.memory().buffers).toBe(before.buffers);
  const memory = backend.engine.f32;
  backend.free(backend.alloc('f32', memory.length));
  expect(backend.engine.f32).not.toBe(memory);
  grown.step(x.subarray(3), output);
  expect(output).toStrictEqual(expected.subarray(8));
  for (const stream of [grown, plain]) stream.release();
});

test('says what is wrong', () => {
  const backend = backends[0]!;
  const gru: Cell = { kind: 'gru', variant: { reset: 'after' } };
  const { inputs } = inputsOf({ cell: gru, steps: 1, batch: 1, inputSize: 3, hiddenSize: 4 }, 2);
  const layer = layerOf(backend, gru, 3, 4, inputs);
  const stream = backend.stream.open([layer]);
  freeLayers(backend, [layer]);
  expect(() => stream.step(new Float32Array(4), new Float32Array(4))).toThrow(
    /expected an input of 3 and an output of 4 floats, got 4 and 4/,
  );
  expect(() => stream.step(new Float32Array(3), new Float32Array(3))).toThrow(/got 3 and 3/);
  expect(() => {
    stream.readState(new Float32Array(3));
  }).toThrow(/expected a state of 4 floats, got 3/);
  stream.release();
  expect(() => stream.step(new Float32Array(3), new Float32Array(4))).toThrow(/was released/);
  expect(() => backend.stream.open([])).toThrow(/expected a layer/);
});
