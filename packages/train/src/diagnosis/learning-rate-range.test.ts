import { createCpuBackend } from '@timestep/backend-cpu';
import { full, type Backend } from '@timestep/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { epochData, learningRateRange, SGD } from '../index.ts';
import { lineLoss, LineModel } from '../test-support/line.ts';
import { lines, weights } from '../test-support/with-trainer.ts';

let backend: Backend;
beforeAll(async () => void (backend = await createCpuBackend({ threads: 1 })));
afterAll(() => backend.dispose());

it('raises the rate until the loss diverges, suggests one, and leaves everything as it was', async () => {
  const model = new LineModel(backend, { rate: 0.2 });
  const optimizer = new SGD(model.namedParameters(), { learningRate: 0.3, momentum: 0.5 });
  const data = lines(32);
  const before = { weights: await weights(model), data: data.state(), random: model.dropout.generator.state };
  const buffers = backend.memory().buffers;
  const range = await learningRateRange({ model, loss: lineLoss, optimizer, data, from: 1e-4, to: 1e4, steps: 120 });
  expect(range.rates[0]).toBe(1e-4);
  expect(range.rates[20]! / range.rates[0]!).toBeCloseTo(1e8 ** (20 / 119), 6);
  expect(range.losses.length).toBeLessThan(120);
  expect(range.smoothed.at(-1)!).toBeGreaterThan(4 * Math.min(...range.smoothed));
  expect(range.suggestion!).toBeGreaterThan(1e-3);
  expect(range.suggestion!).toBeLessThan(range.rates[range.smoothed.indexOf(Math.min(...range.smoothed))]!);
  expect(await weights(model)).toEqual(before.weights);
  expect(data.state()).toEqual(before.data);
  expect(model.dropout.generator.state).toEqual(before.random);
  expect(optimizer.groups[0]!.learningRate).toBe(0.3);
  expect(optimizer.state().tensors.size).toBe(0);
  expect(backend.memory().buffers).toBe(buffers);
  // The same batches and masks again.
  expect(await learningRateRange({ model, loss: lineLoss, optimizer, data, from: 1e-4, to: 1e4, steps: 120 })).toEqual(
    range,
  );
  model.dispose();
});

it('refuses wrong ranges and too little data', async () => {
  const model = new LineModel(backend);
  const optimizer = new SGD(model.namedParameters(), { learningRate: 0.1 });
  const given = { model, loss: lineLoss, optimizer, data: lines() };
  await expect(learningRateRange({ ...given, from: 1 })).rejects.toThrow(/from to be less than to/u);
  await expect(learningRateRange({ ...given, stepts: 3 } as never)).rejects.toThrow(/did you mean steps/u);
  const two = epochData(
    () => [[0], [1]],
    () => ({ x: new Float32Array(3), y: new Float32Array(1) }),
    { seed: 1, epochs: 1 },
  );
  await expect(learningRateRange({ ...given, data: two })).rejects.toThrow(/at least 3 updates, got 2/u);
  const bad = () => full(backend, [], NaN);
  await expect(learningRateRange({ ...given, loss: bad })).rejects.toThrow(/./u);
  model.dispose();
});
