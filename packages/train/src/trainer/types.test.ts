import type { Tensor } from '@timestep/core';
import type { Linear, Module } from '@timestep/layers';
import { expect, expectTypeOf, it } from 'vitest';
import {
  Adam,
  crossEntropyLoss,
  epochData,
  generatedData,
  SGD,
  Trainer,
  type DataSource,
  type LossContext,
  type Optimizer,
  type TrainerOptions,
} from '../index.ts';

// What the compiler is to accept and refuse: `tsc` is the judge, and the run only sees that the file is whole.
it('types of a Trainer follow from its model and data', () => {
  expectTypeOf(generatedData((index, random) => ({ index, x: random.uniform() }), { seed: 1 })).toEqualTypeOf<
    DataSource<{ index: number; x: number }>
  >();
  expectTypeOf(
    epochData(
      () => [[0]],
      async (indices) => Float32Array.from(indices),
      { seed: 1 },
    ),
  ).toEqualTypeOf<DataSource<Float32Array<ArrayBuffer>>>();
  type Options = TrainerOptions<Linear, { readonly x: Tensor }>;
  expectTypeOf<Options['loss']>().parameter(0).toEqualTypeOf<Linear>();
  expectTypeOf<Options['loss']>().parameter(1).toEqualTypeOf<{ readonly x: Tensor }>();
  expectTypeOf<Options['loss']>().parameter(2).toEqualTypeOf<LossContext>();
  expectTypeOf<Adam>().toExtend<Optimizer>();
  expectTypeOf<SGD>().toExtend<Optimizer>();
  const build = (model: Linear, data: DataSource<number>) => [
    new Trainer({
      model,
      data,
      optimizer: new Adam(model.namedParameters()),
      loss: (own, batch) => (
        expectTypeOf(own).toEqualTypeOf<Linear>(),
        expectTypeOf(batch).toEqualTypeOf<number>(),
        own.weight
      ),
    }),
    new Trainer({
      model,
      // @ts-expect-error a loss for batches of another kind
      data,
      optimizer: new Adam(model.namedParameters()),
      loss: (own: Linear, batch: string) => (batch.length, own.weight),
    }),
    // @ts-expect-error a loss function returns a tensor, and at once
    new Trainer({ model, data, optimizer: new Adam(model.namedParameters()), loss: async (own: Linear) => own.weight }),
    // @ts-expect-error a learning rate has no default in SGD
    new SGD(model.namedParameters(), {}),
    // @ts-expect-error options of another optimizer
    new SGD(model.namedParameters(), { learningRate: 1, beta1: 0.9 }),
  ];
  expect(build).toBeTypeOf('function');
  expectTypeOf(crossEntropyLoss).returns.toEqualTypeOf<Tensor>();
  expectTypeOf<Linear>().toExtend<Module>();
});
