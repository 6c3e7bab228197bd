import { openScope, zeros, type Backend } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cosine, epochData, generatedData, SGD, shuffledBatches, type DataSource, type Progress } from '../index.ts';
import { backends, worst } from '../test-support/backends.ts';
import { lineBatch, lineLoss, LineModel, type LineBatch } from '../test-support/line.ts';
import { generator, lines, weights, withTrainer, type LineOptions } from '../test-support/with-trainer.ts';

describe.each(backends)('Trainer on $name', ({ create, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  it('trains, and tells of its progress', async () => {
    const seen: Progress[] = [];
    await withTrainer(
      backend,
      { schedule: cosine({ steps: 100 }), onProgress: (progress) => seen.push(progress) },
      async (trainer) => {
        const result = await trainer.fit({ steps: 105 });
        expect(result).toMatchObject({ step: 105, reason: 'steps', best: null });
        expect(result.loss).toBeLessThan(seen[0]!.loss / 20);
      },
    );
    expect(seen.map(({ step }) => step)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 105]);
    expect(seen[4]).toMatchObject({ steps: 105, learningRate: 0.05 * cosine({ steps: 100 }).factor(49) });
    for (const { stepsPerSecond, secondsLeft, gradientNorm } of seen) {
      expect(stepsPerSecond).toBeGreaterThan(0);
      expect(secondsLeft).toBeGreaterThanOrEqual(0);
      expect(gradientNorm).toBeGreaterThan(0);
    }
    expect(seen.at(-1)!.secondsLeft).toBe(0);
  });

  it('does what a loop by hand does', async () => {
    const model = new LineModel(backend);
    const optimizer = new SGD(model.namedParameters(), { learningRate: 0.02, momentum: 0.9 });
    const data = lines();
    for (let step = 0; step < 7; step++) {
      using _scope = openScope(backend);
      lineLoss(model, data.next() as LineBatch).backward();
      optimizer.step();
      optimizer.zeroGrad();
    }
    const expected = await weights(model);
    optimizer.dispose();
    model.dispose();
    const own = new LineModel(backend);
    await withTrainer(
      backend,
      { optimizer: new SGD(own.namedParameters(), { learningRate: 0.02, momentum: 0.9 }), readEvery: 3 },
      async (trainer) => {
        await trainer.fit({ steps: 7 });
        expect(worst(await weights(own), expected, tolerance)).toBeLessThanOrEqual(1);
      },
      own,
    );
  });

  it('accumulates: four batches of 8 make the step that one of 32 makes, clipping included', async () => {
    const results: number[][] = [];
    for (const accumulate of [1, 4]) {
      const big = Array.from({ length: 5 }, () => lineBatch(32, generator(1)));
      const size = 32 / accumulate;
      const part = (index: number): LineBatch => {
        const { x, y } = big[Math.floor(index / accumulate)]!;
        const at = (index % accumulate) * size;
        return { x: x.subarray(at * 3, (at + size) * 3), y: y.subarray(at, at + size) };
      };
      await withTrainer(
        backend,
        { accumulate, clipNorm: 0.7, data: generatedData(part, { seed: 0 }) },
        async (trainer, model) => {
          const { loss } = await trainer.fit({ steps: 5 });
          results.push([...(await weights(model)), loss!]);
        },
      );
    }
    expect(worst(results[1]!, results[0]!, tolerance)).toBeLessThanOrEqual(1);
  });

  it('makes the last group of the data an update too, as the mean of what came', async () => {
    const all = lineBatch(24, generator(7));
    const part = (from: number, to: number): LineBatch => ({
      x: all.x.subarray(from * 3, to * 3),
      y: all.y.subarray(from, to),
    });
    const results: number[][] = [];
    // Groups of 3 batches of 4, the last of 2 and 1 batches; and the same as whole batches.
    for (const [accumulate, batches] of [
      [3, [0, 4, 8, 12, 16].map((at) => part(at, at + 4))],
      [1, [part(0, 12), part(12, 20)]],
      [3, [0, 4, 8, 12].map((at) => part(at, at + 4))],
      [1, [part(0, 12), part(12, 16)]],
    ] as const) {
      const own = new LineModel(backend);
      await withTrainer(
        backend,
        {
          accumulate,
          clipNorm: 0.7,
          optimizer: new SGD(own.namedParameters(), { learningRate: 0.1 }),
          data: generatedData((index) => batches[index]!, { seed: 0, count: batches.length }),
        },
        async (trainer) => {
          const { step, reason } = await trainer.fit({ steps: 100 });
          expect({ step, reason }).toEqual({ step: 2, reason: 'exhausted' });
          results.push(await weights(own));
        },
        own,
      );
    }
    expect(worst(results[0]!, results[1]!, tolerance)).toBeLessThanOrEqual(1);
    expect(worst(results[2]!, results[3]!, tolerance)).toBeLessThanOrEqual(1);
    expect(worst(results[0]!, results[2]!, tolerance)).toBeGreaterThan(100);
  });

  it('leaves parts that are in eval() there, and gives a whole model its mode back', async () => {
    const modes = (model: LineModel) => model.modules().map(({ training }) => training);
    const seen: boolean[][] = [];
    const loss: LineOptions['loss'] = (model, batch) => {
      seen.push(modes(model));
      return lineLoss(model, batch);
    };
    const validation = { every: 2, data: () => [lineBatch(4, generator(1))], evaluate: () => ({ score: 1 }) };
    await withTrainer(backend, { loss, validation }, async (trainer, model) => {
      model.dropout.eval();
      const before = modes(model);
      await trainer.fit({ steps: 4 });
      expect(modes(model)).toEqual(before);
      const off = before.map(() => false);
      expect(seen).toEqual([before, before, off, before, before, off]);
      seen.length = 0;
      model.eval();
      await trainer.fit({ steps: 5 });
      expect(seen).toEqual([off.map(() => true)]);
      expect(modes(model)).toEqual(off);
    });
  });

  it('reads back only every so many updates', async () => {
    let reads = 0;
    const readMany = backend.readMany.bind(backend);
    backend.readMany = (buffers) => (reads++, readMany(buffers));
    await withTrainer(backend, { readEvery: 25 }, async (trainer) => void (await trainer.fit({ steps: 50 })));
    backend.readMany = readMany;
    expect(reads).toBe(2);
  });

  it('clips by norm and by value', async () => {
    const own = new LineModel(backend);
    const start = await weights(own);
    await withTrainer(
      backend,
      { clipNorm: 0.01, optimizer: new SGD(own.namedParameters(), { learningRate: 1 }) },
      async (trainer) => {
        await trainer.fit({ steps: 1 });
        const moved = Math.hypot(...(await weights(own)).map((value, index) => value - start[index]!));
        expect(moved).toBeCloseTo(0.01, 5);
      },
      own,
    );
    const other = new LineModel(backend);
    await withTrainer(
      backend,
      { clipValue: 0.001, clipNorm: 0.002, optimizer: new SGD(other.namedParameters(), { learningRate: 1 }) },
      async (trainer) => {
        await trainer.fit({ steps: 1 });
        const moves = (await weights(other)).map((value, index) => Math.abs(value - start[index]!));
        expect(Math.max(...moves)).toBeLessThan(0.00101);
        expect(Math.hypot(...moves)).toBeCloseTo(0.002, 5);
      },
      other,
    );
  });

  it('stops at an abort, and goes on from there as if nothing had been', async () => {
    const own = new LineModel(backend, { rate: 0.3 });
    let expected: number[] = [];
    await withTrainer(
      backend,
      {},
      async (trainer) => {
        await trainer.fit({ steps: 30 });
        expected = await weights(own);
      },
      own,
    );
    const again = new LineModel(backend, { rate: 0.3 });
    const controller = new AbortController();
    await withTrainer(
      backend,
      { onProgress: ({ step }) => step === 10 && controller.abort() },
      async (trainer) => {
        expect(await trainer.fit({ steps: 30, signal: controller.signal })).toMatchObject({
          step: 10,
          reason: 'aborted',
        });
        expect(await trainer.fit({ steps: 30 })).toMatchObject({ step: 30, reason: 'steps' });
        expect(await weights(again)).toEqual(expected);
      },
      again,
    );
  });

  it('stops while it waits for data, which are not lost', async () => {
    const controller = new AbortController();
    let index = 0;
    const data: DataSource<LineBatch> = {
      next: () =>
        index++ === 2 && !controller.signal.aborted
          ? new Promise(() => setTimeout(() => controller.abort(), 5))
          : lineBatch(4, generator(index)),
      state: () => index,
      restore: (state) => void (index = state as number),
    };
    await withTrainer(backend, { data }, async (trainer) => {
      expect(await trainer.fit({ steps: 5, signal: controller.signal })).toMatchObject({ step: 2, reason: 'aborted' });
      expect(index).toBe(2);
      expect(await trainer.fit({ steps: 5 })).toMatchObject({ step: 5 });
      expect(index).toBe(5);
    });
  });

  it('lets timers and signals in, though it never waits', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    await withTrainer(backend, {}, async (trainer) => {
      const { step, reason } = await trainer.fit({ steps: 1e6, signal: controller.signal });
      expect(reason).toBe('aborted');
      expect(step).toBeGreaterThan(0);
    });
  });

  it('ends with its data', async () => {
    const data = epochData(
      (random) => shuffledBatches(10, 4, random),
      (indices, random) => lineBatch(indices.length, random),
      { seed: 1, epochs: 2 },
    );
    await withTrainer(backend, { data }, async (trainer) => {
      expect(await trainer.fit({ steps: 100 })).toMatchObject({ step: 6, reason: 'exhausted' });
    });
    await withTrainer(
      backend,
      { data: generatedData(() => lineBatch(1, generator(0)), { seed: 1, count: 0 }) },
      async (trainer) => {
        await expect(trainer.fit({ steps: 1 })).rejects.toMatchObject({ code: 'DATA_EXHAUSTED' });
      },
    );
  });

  it('keeps the memory flat over 1,000 steps', async () => {
    const seen = new Set<number>();
    await withTrainer(
      backend,
      { readEvery: 10, clipNorm: 1, onProgress: () => seen.add(backend.memory().bytes) },
      async (trainer) => {
        await trainer.fit({ steps: 1000 });
      },
    );
    expect(seen.size).toBe(1);
  });

  it('hands the gradients over before they are used', async () => {
    const own = new LineModel(backend);
    const start = await weights(own);
    const onGradients: LineOptions['onGradients'] = async (gradients) => {
      await Promise.resolve();
      for (const gradient of gradients) gradient.assign(zeros(backend, gradient.shape));
    };
    await withTrainer(
      backend,
      { onGradients, optimizer: new SGD(own.namedParameters(), { learningRate: 1 }) },
      async (trainer) => {
        await trainer.fit({ steps: 2 });
        expect(await weights(own)).toEqual(start);
      },
      own,
    );
  });
});
