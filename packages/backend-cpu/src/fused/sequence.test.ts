import { afterAll, beforeAll, expect, test } from 'vitest';
import { CpuBackend } from '../backend.ts';
import { createEngine } from '../engine/create-engine.ts';
import { createCpuBackend } from '../index.ts';
import { countingProduct } from '../test-support/outside-product.ts';
import { runOracle, type Cell } from '../test-support/sequence-oracle.ts';
import { describeCase, inputsOf, randomSource, runOp, type SequenceCase } from '../test-support/sequence-case.ts';

const plainLstm = { peepholes: false, coupledGates: false, projectionSize: 0 };
const cells: Cell[] = [
  { kind: 'rnn', variant: { activation: 'tanh' } },
  { kind: 'rnn', variant: { activation: 'relu' } },
  { kind: 'lstm', variant: plainLstm },
  { kind: 'lstm', variant: { ...plainLstm, peepholes: true } },
  { kind: 'lstm', variant: { ...plainLstm, coupledGates: true } },
  { kind: 'lstm', variant: { peepholes: true, coupledGates: true, projectionSize: 5 } },
  { kind: 'lstm', variant: { ...plainLstm, projectionSize: 3 } },
  { kind: 'gru', variant: { reset: 'after' } },
  { kind: 'gru', variant: { reset: 'before' } },
];

const shapes: Omit<SequenceCase, 'cell'>[] = [
  { steps: 9, batch: 5, inputSize: 5, hiddenSize: 7 },
  { steps: 9, batch: 17, inputSize: 5, hiddenSize: 33, reverse: true },
  { steps: 9, batch: 5, inputSize: 1, hiddenSize: 7, lengths: [9, 0, 4, 9, 1] },
  { steps: 9, batch: 6, inputSize: 5, hiddenSize: 8, lengths: [2, 7, 0, 8, 8, 3], reverse: true },
  { steps: 2, batch: 33, inputSize: 5, hiddenSize: 130 },
  { steps: 9, batch: 1, inputSize: 5, hiddenSize: 33 },
  { steps: 1, batch: 2, inputSize: 1, hiddenSize: 1 },
  { steps: 9, batch: 3, inputSize: 5, hiddenSize: 1, reverse: true },
  { steps: 0, batch: 3, inputSize: 5, hiddenSize: 7 },
  { steps: 4, batch: 2, inputSize: 5, hiddenSize: 7, lengths: [0, 0] },
  { steps: 4, batch: 0, inputSize: 5, hiddenSize: 7 },
  { steps: 9, batch: 5, inputSize: 5, hiddenSize: 7, without: ['biasIh', 'h0', 'c0', 'dhN'] },
  { steps: 9, batch: 5, inputSize: 5, hiddenSize: 7, without: ['biasHh', 'dOutput'], lengths: [9, 0, 4, 9, 1] },
  { steps: 9, batch: 5, inputSize: 5, hiddenSize: 7, without: ['biasIh', 'biasHh', 'dcN', 'dhN', 'h0'], reverse: true },
  { steps: 9, batch: 5, inputSize: 5, hiddenSize: 7, wanted: ['weightHh', 'biasIh'] },
  { steps: 9, batch: 5, inputSize: 5, hiddenSize: 7, wanted: ['x', 'h0', 'biasHh', 'weightHr'] },
  { steps: 9, batch: 5, inputSize: 5, hiddenSize: 7, needsSaved: false, lengths: [9, 0, 4, 9, 1] },
  // More rows than a chunk of the input product takes, more than 256 rows for the weight gradient, D over 512
  { steps: 40, batch: 9, inputSize: 3, hiddenSize: 12 },
  { steps: 3, batch: 4, inputSize: 530, hiddenSize: 9 },
];

const threadCounts = [1, 2, 3];
let backends: CpuBackend[] = [];
/** A backend whose sweeps call a library, here one in plain loops. */
let outside: CpuBackend;
const library = countingProduct();
beforeAll(async () => {
  outside = new CpuBackend(await createEngine({ threads: 1 }, library));
  backends = await Promise.all(threadCounts.map((threads) => createCpuBackend({ threads })));
  // Threads from the first row on, so that small cases show what depends on the split.
  for (const backend of backends) backend.engine.partsFor = () => backend.engine.threads;
});
afterAll(async () => {
  await Promise.all([outside, ...backends].map((backend) => backend.dispose()));
});

/** |a − b| ≤ absolute + relative·scale, with the scale of the whole array: single elements cancel. */
function expectClose(
  name: string,
  actual: Float32Array,
  expected: Float64Array,
  relative: number,
  absolute: number,
): void {
  expect(actual.length, name).toBe(expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  actual.forEach((value, i) => {
    const error = Math.abs(value - expected[i]!);
    if (!(error <= absolute + relative * scale)) expect.fail(`${name}[${i}] is ${value}, expected ${expected[i]}`);
  });
}

const cases = cells.flatMap((cell) => shapes.map((shape): SequenceCase => ({ ...shape, cell })));

test.each(cases.map((one, index) => [describeCase(one), one, index] as const))('%s', async (_name, one, index) => {
  const arrays = inputsOf(one, index + 1);
  const results = [];
  for (const backend of backends) results.push(await runOp(backend, one, arrays));
  const options = { lengths: one.lengths ? Int32Array.from(one.lengths) : null, reverse: one.reverse ?? false };
  const oracle = runOracle(one.cell, one, options, arrays.inputs, arrays.gradients);

  const [first, ...others] = results;
  for (const other of others) expect(other, 'results depend on the number of threads').toStrictEqual(first);
  library.calls = 0;
  const byLibrary = await runOp(outside, one, arrays);
  expect(library.calls > 0).toBe(one.batch > 0 && one.steps > 0 && (one.lengths?.some((length) => length > 0) ?? true));

  const expectGradients = one.needsSaved ?? true;
  for (const { outputs, gradients } of [first!, byLibrary]) {
    for (const [name, actual] of Object.entries(outputs)) expectClose(name, actual, oracle.outputs[name]!, 1e-5, 1e-6);
    for (const [name, input] of Object.entries(expectGradients ? arrays.inputs : {})) {
      // A missing bias or state has a gradient all the same; a missing weight belongs to another variant.
      const isWanted =
        (one.wanted?.includes(name) ?? true) && (input !== null || !['weightHr', 'peephole'].includes(name));
      const actual = gradients[name];
      if (!isWanted) expect(actual, name).toBeNull();
      else expectClose(`gradient of ${name}`, actual!, oracle.gradients[name]!, 1e-4, 1e-5);
    }
  }
});

test('the oracle agrees with finite differences of itself', () => {
  for (const cell of cells) {
    const one: SequenceCase = { cell, steps: 3, batch: 2, inputSize: 2, hiddenSize: 6, lengths: [2, 3], reverse: true };
    const { inputs, gradients } = inputsOf(one, 7);
    const options = { lengths: Int32Array.from([2, 3]), reverse: true };
    const loss = (): number => {
      const { outputs } = runOracle(cell, one, options, inputs, gradients);
      return Object.entries(gradients).reduce(
        (sum, [name, upstream]) => sum + upstream!.reduce((part, d, i) => part + d * outputs[name]![i]!, 0),
        0,
      );
    };
    const analytic = runOracle(cell, one, options, inputs, gradients).gradients;
    const random = randomSource(3);
    for (const [name, data] of Object.entries(inputs)) {
      if (data === null) continue;
      for (let probe = 0; probe < 6; probe++) {
        const i = Math.floor(((random() + 1) / 2) * data.length);
        const kept = data[i]!;
        data[i] = kept + 2 ** -10;
        const above = loss();
        data[i] = kept - 2 ** -10;
        const below = loss();
        data[i] = kept;
        const width = Math.fround(kept + 2 ** -10) - Math.fround(kept - 2 ** -10);
        expect((above - below) / width, `${cell.kind} ${name}[${i}]`).toBeCloseTo(analytic[name]![i]!, 4);
      }
    }
  }
});

test('values past a length have no effect, not even NaN', async () => {
  for (const cell of cells) {
    const one: SequenceCase = { cell, steps: 5, batch: 3, inputSize: 4, hiddenSize: 6, lengths: [5, 2, 0] };
    const arrays = inputsOf(one, 11);
    const clean = await runOp(backends[0]!, one, arrays);
    for (let t = 0; t < 5; t++) {
      for (let n = 0; n < 3; n++) {
        const P = arrays.gradients['output']!.length / 15;
        if (t < one.lengths![n]!) continue;
        arrays.inputs['x']!.fill(NaN, (t * 3 + n) * 4, (t * 3 + n + 1) * 4);
        arrays.gradients['output']!.fill(NaN, (t * 3 + n) * P, (t * 3 + n + 1) * P);
      }
    }
    expect(await runOp(backends[1]!, one, arrays)).toStrictEqual(clean);
  }
});

test('a gradient that vanishes ends at 0, not in denormal numbers, which are slow', async () => {
  for (const cell of cells) {
    const one: SequenceCase = { cell, steps: 900, batch: 2, inputSize: 3, hiddenSize: 6, without: ['dOutput', 'dcN'] };
    const arrays = inputsOf(one, 13);
    // Weights this small forget: a step takes the gradient to two thirds or less.
    for (const data of Object.values(arrays.inputs)) data?.forEach((value, i) => (data[i] = value / 4));
    for (const backend of [backends[0]!, outside]) {
      const { gradients } = await runOp(backend, one, arrays);
      const dx = gradients['x']!;
      expect(dx.some((value) => value !== 0)).toBe(true);
      expect(dx.slice(0, 6)).toEqual(new Float32Array(6));
      expect(
        dx.filter((value) => value !== 0 && Math.abs(value) < 2 ** -126),
        cell.kind,
      ).toEqual(new Float32Array(0));
    }
  }
});
