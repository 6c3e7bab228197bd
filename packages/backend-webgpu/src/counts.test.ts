import { Generator, linearScan, mean, openScope, square, tensor } from '@timestep/core';
import { GRU, LSTM, MinGRU, MinLSTM } from '@timestep/layers';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { describe, expect, test } from 'vitest';
import { createWebGpuBackend, type WebGpuBackend } from './index.ts';
import { missingAdapter } from './test-support/adapter.ts';
import { characterTrainer } from './test-support/character-model.ts';
import { openIdleDevice } from './test-support/idle-device.ts';

const missing = await missingAdapter();

/** Runs `body` with a backend that encodes and counts, and computes nothing. */
async function counting<Result>(body: (backend: WebGpuBackend) => Result | Promise<Result>): Promise<Result> {
  const device = await openIdleDevice();
  const backend = await createWebGpuBackend({ device });
  try {
    return await body(backend);
  } finally {
    await backend.dispose();
    device.destroy();
    await device.lost;
  }
}

/** Dispatches of the forward and of the backward pass of one layer, every gradient wanted. */
function countPasses(
  backend: WebGpuBackend,
  Layer: typeof LSTM | typeof GRU | typeof MinGRU | typeof MinLSTM,
  hiddenSize: number,
  batch: number,
  steps: number,
): { forward: number; backward: number } {
  using _scope = openScope(backend);
  const layer = new Layer({ backend, inputSize: hiddenSize, hiddenSize, generator: new Generator(4) });
  const x = tensor(backend, new Float32Array(steps * batch * hiddenSize), {
    shape: [steps, batch, hiddenSize],
    requiresGrad: true,
  });
  backend.profiler.reset();
  const { output } = layer.forward(x);
  const forward = backend.profiler.counters().dispatches;
  const loss = mean(square(output));
  backend.profiler.reset();
  loss.backward();
  return { forward, backward: backend.profiler.counters().dispatches };
}

describe.skipIf(missing !== null)('what training takes', () => {
  test.each([LSTM, GRU])(
    '%o of H 256, N 32, T 100: a dispatch for each step forward, at most two back, and a constant',
    async (Layer) => {
      const { forward, backward } = await counting((backend) => countPasses(backend, Layer, 256, 32, 100));
      expect(forward).toBeLessThanOrEqual(100 + 10);
      expect(backward).toBeLessThanOrEqual(2 * 100 + 20);
    },
  );

  test.each([16, 64, 128])('LSTM and GRU of H %i, N 32, T 100: many steps in a dispatch', async (hiddenSize) => {
    for (const Layer of [LSTM, GRU]) {
      const { forward, backward } = await counting((backend) => countPasses(backend, Layer, hiddenSize, 32, 100));
      expect(forward).toBeLessThanOrEqual(100 / 8);
      expect(backward).toBeLessThanOrEqual(100 / 4);
    }
  });

  test.each([
    [64, 64, 1, 50],
    [32, 128, 32, 100],
    [256, 256, 32, 100],
    [512, 512, 64, 64],
    [1024, 1024, 64, 32],
  ])(
    'I %i, H %i, N %i, T %i: one submit a step, and the losses of four steps in one read',
    async (embedding, hiddenSize, batch, steps) => {
      const counters = await counting(async (backend) => {
        const trainer = characterTrainer(
          backend,
          { vocabulary: 65, embedding, hiddenSize, batch, steps },
          { readEvery: 4 },
        );
        await backend.sync();
        backend.profiler.reset();
        await trainer.fit({ steps: 8 });
        return backend.profiler.counters();
      });
      // Beside the submits of the steps each read has one, with nothing but a copy in it.
      expect(counters).toMatchObject({ submits: 8 + 2, splitSubmits: 0, mapAsyncCalls: 2 });
    },
  );

  test('above the cap of work a step is split, and its result stays the same', async () => {
    const sizes = { vocabulary: 9, embedding: 8, hiddenSize: 32, batch: 4, steps: 12 };
    const losses = [];
    for (const workPerSubmit of [undefined, 2e7]) {
      const backend = await createWebGpuBackend(workPerSubmit === undefined ? {} : { workPerSubmit });
      losses.push((await characterTrainer(backend, sizes).fit({ steps: 5 })).loss);
      const { splitSubmits } = backend.profiler.counters();
      expect(splitSubmits > 0).toBe(workPerSubmit !== undefined);
      await backend.dispose();
    }
    expect(losses[1]).toBe(losses[0]);
  });

  test('1,000 steps: memory stays flat, and nothing is made anew', async () => {
    const backend = await createWebGpuBackend();
    const trainer = characterTrainer(
      backend,
      { vocabulary: 5, embedding: 4, hiddenSize: 8, batch: 2, steps: 3 },
      { readEvery: 20 },
    );
    await trainer.fit({ steps: 100 });
    const before = backend.memory();
    backend.profiler.reset();
    await trainer.fit({ steps: 1000 });
    const after = backend.memory();
    const counters = backend.profiler.counters();
    await backend.dispose();
    expect(after).toEqual(before);
    expect(counters).toMatchObject({
      submits: 900 + 45,
      mapAsyncCalls: 45,
      buffersCreated: 0,
      pipelinesCreated: 0,
      bindGroupsCreated: 0,
    });
  });

  test('the first 20 losses are those of the reference', async () => {
    const sizes = { vocabulary: 12, embedding: 10, hiddenSize: 24, batch: 5, steps: 9 };
    const lossesOn = async (backend: WebGpuBackend | ReturnType<typeof createReferenceBackend>): Promise<number[]> => {
      const losses: number[] = [];
      await characterTrainer(backend, sizes, { readEvery: 1, onProgress: ({ loss }) => losses.push(loss) }).fit({
        steps: 20,
      });
      await backend.dispose();
      return losses;
    };
    const expected = await lossesOn(createReferenceBackend());
    const actual = await lossesOn(await createWebGpuBackend());
    expect(actual).toHaveLength(20);
    actual.forEach((loss, step) => expect(Math.abs(loss / expected[step]! - 1)).toBeLessThan(1e-4));
    // It learns, so that the agreement is one of training, not of starting values.
    expect(actual[19]).toBeLessThan(0.9 * actual[0]!);
  });
});

describe.skipIf(missing !== null)('the linear scan', () => {
  test.each([2, 63, 64, 1000, 20_000])(
    'over %i steps takes at most one dispatch a level of a parallel scan, each way',
    async (steps) => {
      const passes = await counting((backend) => {
        using _scope = openScope(backend);
        const values = (): Float32Array => new Float32Array(steps * 5).fill(0.5);
        const [a, b] = [
          tensor(backend, values(), { shape: [steps, 5], requiresGrad: true }),
          tensor(backend, values(), { shape: [steps, 5], requiresGrad: true }),
        ];
        const upstream = tensor(backend, values(), { shape: [steps, 5] });
        backend.profiler.reset();
        const h = linearScan(a, b);
        const forward = backend.profiler.counters().dispatches;
        backend.profiler.reset();
        h.backward(upstream);
        return { forward, backward: backend.profiler.counters().dispatches };
      });
      const levels = Math.ceil(Math.log2(steps));
      expect(passes.forward).toBeGreaterThan(0);
      expect(passes.forward).toBeLessThanOrEqual(levels);
      expect(passes.backward).toBeGreaterThan(0);
      expect(passes.backward).toBeLessThanOrEqual(levels);
    },
  );

  test.each([MinGRU, MinLSTM])(
    '%o takes as many dispatches for 2,000 steps as for 100, but for a longer sum of the bias',
    async (Layer) => {
      const [short, long] = await counting((backend) => [
        countPasses(backend, Layer, 32, 4, 100),
        countPasses(backend, Layer, 32, 4, 2000),
      ]);
      expect(long.forward).toBe(short.forward);
      expect(long.backward).toBeLessThanOrEqual(short.backward + 1);
    },
  );
});
