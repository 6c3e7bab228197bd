import { Generator, type Backend } from '@timestep/core';
import { expect } from 'vitest';
import { Adam, generatedData, Trainer, type DataSource, type TrainerOptions } from '../index.ts';
import { lineBatch, lineLoss, LineModel, type LineBatch } from './line.ts';

export type LineOptions = TrainerOptions<LineModel, LineBatch>;

export const generator = (seed: number): Generator => new Generator(seed);

/** Endless batches of the line problem. */
export const lines = (size = 8, seed = 3): DataSource<LineBatch> =>
  generatedData((_, random) => lineBatch(size, random), { seed });

/** All parameters, one after another. */
export async function weights(model: LineModel): Promise<number[]> {
  return [...(await model.stateDict()).values()].flatMap(({ data }) => [...data]);
}

/** Runs `body` with a trainer and its model; both are disposed at the end, and nothing may be left. */
export async function withTrainer(
  backend: Backend,
  options: Partial<LineOptions>,
  body: (trainer: Trainer<LineModel, LineBatch>, model: LineModel) => Promise<void>,
  given?: LineModel,
): Promise<void> {
  const before = backend.memory().buffers - (given ? given.parameters().length : 0);
  const model = given ?? new LineModel(backend);
  try {
    using trainer = new Trainer({
      model,
      loss: lineLoss,
      optimizer: new Adam(model.namedParameters(), { learningRate: 0.05 }),
      data: lines(),
      ...options,
    });
    await body(trainer, model);
  } finally {
    model.dispose();
  }
  expect(backend.memory().buffers).toBe(before);
}
