import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend, type CpuBackend } from '@timestep/backend-cpu';
import { Generator, noGrad, openScope, tensor, type FusedMode } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dropout } from '../dropout.ts';
import { Embedding } from '../embedding.ts';
import { Linear } from '../linear.ts';
import type { Module } from '../module.ts';
import { GRU } from '../recurrent/gru.ts';
import { Jordan } from '../recurrent/jordan.ts';
import { LSTM } from '../recurrent/lstm.ts';
import { RNN } from '../recurrent/rnn.ts';
import { Sequential } from '../sequential.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { createStream } from './create-stream.ts';
import { ManyToMany } from './many-to-many.ts';

let backend: CpuBackend;
beforeAll(async () => {
  backend = await createCpuBackend({ threads: 2 });
});
afterAll(() => backend.dispose());

const steps = 7;
const options = () => ({ backend, inputSize: 3, generator: new Generator(4) });
const models: [string, () => Module & { forward(x: ReturnType<typeof frames>): unknown }][] = [
  ['RNN, 2 layers', () => new RNN({ ...options(), hiddenSize: 5, numLayers: 2, dropout: 0.5, activation: 'relu' })],
  ['LSTM, 3 layers', () => new LSTM({ ...options(), hiddenSize: 9, numLayers: 3, dropout: 0.5, weightDropout: 0.5 })],
  [
    'LSTM with everything',
    () =>
      new LSTM({
        ...options(),
        hiddenSize: 11,
        numLayers: 2,
        projectionSize: 6,
        peepholes: true,
        coupledGates: true,
        bias: false,
      }),
  ],
  ['GRU', () => new GRU({ ...options(), hiddenSize: 6 })],
  ['GRU, reset before', () => new GRU({ ...options(), hiddenSize: 6, reset: 'before' })],
  [
    'Sequential',
    () =>
      new Sequential(
        new Linear({ ...options(), outputSize: 4 }),
        new GRU({ ...options(), inputSize: 4, hiddenSize: 6 }),
        new Dropout({ rate: 0.5 }),
        new Linear({ ...options(), inputSize: 6, outputSize: 2, bias: false }),
      ),
  ],
  ['ManyToMany', () => new ManyToMany({ backend, layer: new LSTM({ ...options(), hiddenSize: 6 }), outputSize: 4 })],
];

function frames() {
  const generator = new Generator(8);
  return tensor(
    backend,
    Float32Array.from({ length: 3 * steps }, () => generator.normal()),
    { shape: [steps, 1, 3] },
  );
}

describe.each(models)('createStream of %s', (_, make) => {
  it.each<FusedMode>(['auto', 'off'])('steps as the model goes over the whole sequence; fused %s', (fused) =>
    leakChecked(backend, async () => {
      using model = make();
      model.eval();
      const x = frames();
      const result = noGrad(backend, () => model.forward(x)) as
        ReturnType<typeof frames> | { output: ReturnType<typeof frames> };
      const expected = await ('output' in result ? result.output : result).data();
      const values = (await x.data()) as Float32Array;
      model.train();
      using stream = createStream(model, { fused });
      const run = (from: number, to: number): number[] =>
        Array.from({ length: to - from }, (_, k) =>
          Array.from(stream.step(values.subarray(3 * (from + k), 3 * (from + k + 1)))),
        ).flat();
      const first = run(0, 3);
      const state = stream.state();
      const rest = run(3, steps);
      expect([...first, ...rest].length).toBe(expected.length);
      [...first, ...rest].forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 5));
      stream.restore(state);
      expect(run(3, steps)).toEqual(rest);
      stream.reset();
      expect(run(0, 3)).toEqual(first);
      // The weights are those of the beginning.
      for (const parameter of model.parameters()) parameter.assign(new Float32Array(parameter.size));
      stream.reset();
      expect(run(0, 3)).toEqual(first);
    }),
  );

  it('is the backend’s own where it has one', () => {
    using model = make();
    createStream(model, { fused: 'require' }).dispose();
  });
});

it('outlives the scope that it was made in, and steps in any', () =>
  leakChecked(backend, () => {
    for (const fused of ['auto', 'off'] as const) {
      using model = new GRU({ ...options(), hiddenSize: 4 });
      const made = (() => {
        using _scope = openScope(backend);
        const stream = createStream(model, { fused });
        stream.step(new Float32Array(3).fill(1));
        return stream;
      })();
      const before = made.state();
      {
        using _scope = openScope(backend);
        made.step(new Float32Array(3).fill(-1));
      }
      expect(made.state()).not.toEqual(before);
      made.dispose();
      made.dispose();
      expect(() => made.step(new Float32Array(3))).toThrow(/was released/);
    }
  }));

it('says what it cannot take', () => {
  const refused: [Module, RegExp][] = [
    [new LSTM({ ...options(), hiddenSize: 4, bidirectional: true }), /the model is bidirectional/],
    [new GRU({ ...options(), hiddenSize: 4, numLayers: 2, residual: true }), /residual connections/],
    [new LSTM({ ...options(), hiddenSize: 4, layerNorm: true }), /layer-normalised LSTM/],
    [new Jordan({ ...options(), hiddenSize: 4, outputSize: 2 }), /cells of type JordanCell/],
    [new Sequential(new Embedding({ backend, numEmbeddings: 3, embeddingSize: 3 })), /stage 0 is of type Embedding/],
    [new Sequential((x) => x), /stage 0 is a function/],
    [new Sequential(new Dropout({ rate: 0.5 })), /the model has none/],
  ];
  for (const [model, message] of refused) {
    expect(() => createStream(model)).toThrow(message);
    model.dispose();
  }
  using model = new Sequential(
    new GRU({ ...options(), hiddenSize: 4 }),
    new Linear({ ...options(), inputSize: 5, outputSize: 2 }),
  );
  expect(() => createStream(model)).toThrow(/expected x of shape/);
  using layer = new GRU({ ...options(), hiddenSize: 4 });
  for (const fused of ['auto', 'off'] as const) {
    using stream = createStream(layer, { fused });
    expect(() => stream.step(new Float32Array(2))).toThrow(/expected an input of 3/);
    expect(() => stream.restore(new Float32Array(2))).toThrow(/expected a state of 4 floats, got 2/);
  }
  const reference = createReferenceBackend();
  using apart = new GRU({ ...options(), backend: reference, hiddenSize: 4 });
  expect(() => createStream(apart)).toThrow(/memory of backend 'reference' cannot be read without a promise/);
});
