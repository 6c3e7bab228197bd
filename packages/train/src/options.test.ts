import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, zeros } from '@timestep/core';
import { GRUCell, Linear, LSTM } from '@timestep/layers';
import { expect, it } from 'vitest';
import * as train from './index.ts';
import { fileStorage } from './node/index.ts';
import { LineModel } from './test-support/line.ts';

const backend = createReferenceBackend();
const model = new LineModel(backend);
const policy = new train.MemorylessPolicy(new Linear({ backend, inputSize: 1, outputSize: 2 }));
const environment = {
  observationSize: 1,
  actions: { kind: 'discrete', count: 2 },
  reset: () => new Float32Array(1),
  step: () => ({ observation: new Float32Array(1), reward: 1, done: true }),
};
const random = new Generator(1);
const layer = new LSTM({ backend, inputSize: 2, hiddenSize: 3 });
const cell = new GRUCell({ backend, inputSize: 2, hiddenSize: 3 });
const construct =
  (Class: unknown) =>
  (...values: unknown[]): unknown =>
    Reflect.construct(Class as new () => object, values) as unknown;
const search = train.openES([1, 2], { seed: 1 });

type Untyped = (...values: unknown[]) => unknown;

/** Calls that are right, by the position of what is replaced by something wrong, and the names of its options. */
const calls: Readonly<
  Record<string, { readonly call: unknown; readonly right: readonly unknown[]; readonly options?: number }>
> = {
  stepDecay: { call: train.stepDecay, right: [{ every: 2 }], options: 0 },
  cosine: { call: train.cosine, right: [{ steps: 5 }], options: 0 },
  oneCycle: { call: train.oneCycle, right: [{ steps: 5 }], options: 0 },
  plateau: { call: train.plateau, right: [{}], options: 0 },
  epochData: { call: train.epochData, right: [() => [[0]], () => 1, { seed: 1 }], options: 2 },
  generatedData: { call: train.generatedData, right: [() => 1, { seed: 1 }], options: 1 },
  shuffledBatches: { call: train.shuffledBatches, right: [5, 2, random, {}], options: 3 },
  windowData: { call: train.windowData, right: [[1, 2, 3, 4, 5], { steps: 2, batch: 1 }], options: 1 },
  cmaES: { call: train.cmaES, right: [[1, 2], { seed: 1 }], options: 1 },
  openES: { call: train.openES, right: [[1, 2], { seed: 1 }], options: 1 },
  evolve: {
    call: train.evolve,
    right: [{ model, strategy: train.openES(new Float64Array(21), { seed: 1 }), fitness: () => 1, generations: 0 }],
    options: 0,
  },
  parameterVector: { call: train.parameterVector, right: [model] },
  episodeData: { call: train.episodeData, right: [policy, [environment], { seed: 1 }], options: 2 },
  rollOut: { call: train.rollOut, right: [policy, [environment], { random }], options: 2 },
  gradientFlow: { call: train.gradientFlow, right: [model, {}, () => 1, {}], options: 3 },
  clipGradientNorm: { call: train.clipGradientNorm, right: [[], 1] },
  clipGradientValue: { call: train.clipGradientValue, right: [[], 1] },
  encodeCheckpoint: { call: train.encodeCheckpoint, right: [{ state: null, tensors: new Map() }], options: 0 },
  decodeCheckpoint: { call: train.decodeCheckpoint, right: [new Uint8Array(0), 'name'] },
  modelOfCheckpoint: { call: train.modelOfCheckpoint, right: [new Uint8Array(0)] },
  gradientFlowPicture: { call: train.gradientFlowPicture, right: [{}] },
  recomputeSequence: { call: train.recomputeSequence, right: [layer] },
  recomputeFinalState: { call: train.recomputeFinalState, right: [layer] },
  MemorylessPolicy: { call: construct(train.MemorylessPolicy), right: [model] },
  RecurrentPolicy: {
    call: construct(train.RecurrentPolicy),
    right: [layer, new Linear({ backend, inputSize: 3, outputSize: 2 })],
  },
  RealTimeRecurrentLearner: { call: construct(train.RealTimeRecurrentLearner), right: [cell] },
  fileStorage: { call: fileStorage, right: ['folder'] },
  Adam: {
    call: construct(train.Adam),
    right: [model.parameters(), {}],
    options: 1,
  },
  AdamW: {
    call: construct(train.AdamW),
    right: [model.parameters(), {}],
    options: 1,
  },
  SGD: {
    call: construct(train.SGD),
    right: [model.parameters(), { learningRate: 1 }],
    options: 1,
  },
  RMSprop: {
    call: construct(train.RMSprop),
    right: [model.parameters(), {}],
    options: 1,
  },
  Adagrad: {
    call: construct(train.Adagrad),
    right: [model.parameters(), {}],
    options: 1,
  },
};

async function errorOf(call: unknown, values: readonly unknown[]): Promise<unknown> {
  try {
    await (call as Untyped)(...values);
    return null;
  } catch (error) {
    return error;
  }
}

it.each(Object.keys(calls))('%s refuses unknown options and values of the wrong kind, with a code', async (name) => {
  const { call, right, options } = calls[name]!;
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error;
  const optionsAt = options === undefined ? null : (right[options] as Readonly<Record<string, unknown>>);
  if (optionsAt) {
    const wrong = [
      5,
      'sum',
      null,
      [],
      true,
      { ...optionsAt, sede: 1 },
      { ...optionsAt, [`${Object.keys(optionsAt)[0] ?? 'learningRat'}s`]: 1 },
    ];
    for (const key of Object.keys(optionsAt))
      for (const value of [null, 'abc', NaN, -1.5, Symbol('x')])
        if (!(name === 'encodeCheckpoint' && key === 'state')) wrong.push({ ...optionsAt, [key]: value });
    for (const value of wrong) {
      const values = right.with(options!, value);
      expect(await errorOf(call, values), `${name} with options ${String(JSON.stringify(value))}`).toEqual(refused);
    }
  } else {
    for (const value of [undefined, null, 5.5, {}, Symbol('x'), NaN]) {
      if (value === 5.5 && name.startsWith('clip')) continue;
      // A picture of no flow is an empty one.
      if (typeof value === 'object' && value !== null && name === 'gradientFlowPicture') continue;
      const error = await errorOf(call, right.with(0, value));
      expect(error, `${name} of ${String(value)}`).toEqual(refused);
    }
  }
});

it('restoring the state of another search is refused, whatever it holds', () => {
  const other = train.cmaES([1, 2], { seed: 1 });
  for (const one of [search, other]) {
    const state = one.state() as Readonly<Record<string, train.Json>>;
    for (const bad of [
      null,
      5,
      [],
      {},
      { mean: [1, 2] },
      { ...state, random: null },
      { ...state, mean: [1, NaN] },
      { ...state, generation: -1 },
    ])
      expect(() => one.restore(bad as train.Json), JSON.stringify(bad)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    one.restore(state);
  }
});

it('evolve gives each part its mode back', async () => {
  using own = new LineModel(backend);
  own.hidden.eval();
  const strategy = train.openES(await train.parameterVector(own).read(), { seed: 1, populationSize: 4 });
  const before = own.modules().map(({ training }) => training);
  await train.evolve({ model: own, strategy, generations: 1, fitness: (one) => (one.dropout.training ? NaN : 1) });
  expect(own.modules().map(({ training }) => training)).toEqual(before);
});

it('tensors, losses and parts of the wrong kind are named where they are passed', async () => {
  const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error;
  for (const bad of [undefined, null, 5, [[[1, 2]]], new Float32Array(2)]) {
    for (const call of [train.recomputeSequence, train.recomputeFinalState])
      expect(await errorOf(call, [layer, bad])).toEqual(refused);
    expect(() => new train.RecurrentPolicy(layer, bad as unknown as Linear)).toThrow(refused);
  }
  for (const bad of [null, 5, { layers: 5 }.layers, 'flow', [1]])
    expect(() => train.gradientFlowPicture({ LSTM: bad } as never)).toThrow(/flow 'LSTM' to be the result of/);
  expect(() => train.recomputeSequence(layer, zeros(backend, [4, 2]))).toThrow(/x of shape \[T, N, D\], got \[4, 2\]/);
  expect(() => new train.RecurrentPolicy(layer, new Linear({ backend, inputSize: 4, outputSize: 2 }))).toThrow(
    /inputSize 3.*got 4/,
  );
  using learner = new train.RealTimeRecurrentLearner(cell);
  const x = zeros(backend, [1, 2]);
  for (const bad of [undefined, 5, 'x', {}]) {
    expect(() => learner.step(bad as never, (output) => output)).toThrow(refused);
    expect(() => learner.step(x, bad as never)).toThrow(refused);
    expect(() => learner.step(x, (() => bad) as never)).toThrow(refused);
  }
  expect(() => learner.step(x, (async () => x) as never)).toThrow(/asynchronous/);
  expect(() => learner.step(x, (output) => output)).toThrow(/expected the loss to be a scalar, got shape \[1, 3\]/);
  expect(() => learner.step(zeros(backend, [1, 4]), (output) => output)).toThrow(/x of shape \[1, 2\], got \[1, 4\]/);
});
