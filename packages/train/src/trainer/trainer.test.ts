import { affine, Generator, openScope, sqrt, sum, zeros, type Backend } from '@timestep/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Adam,
  cosine,
  epochData,
  generatedData,
  memoryStorage,
  plateau,
  SGD,
  shuffledBatches,
  Trainer,
  type DataSource,
  type Progress,
  type TrainerOptions,
  type ValidationReport,
} from '../index.ts';
import { backends, worst } from '../test-support/backends.ts';
import { lineBatch, lineLoss, LineModel, type LineBatch } from '../test-support/line.ts';

type Options = TrainerOptions<LineModel, LineBatch>;

const generator = (seed: number): Generator => new Generator(seed);
const lines = (size = 8, seed = 3): DataSource<LineBatch> =>
  generatedData((_, random) => lineBatch(size, random), { seed });

async function weights(model: LineModel): Promise<number[]> {
  return [...(await model.stateDict()).values()].flatMap(({ data }) => [...data]);
}

describe.each(backends)('Trainer on $name', ({ create, ...tolerance }) => {
  let backend: Backend;
  let before = 0;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());
  beforeEach(() => void (before = backend.memory().buffers));

  /** A trainer with its model; both are disposed at the end, and nothing may be left. */
  async function withTrainer(
    options: Partial<Options>,
    body: (trainer: Trainer<LineModel, LineBatch>, model: LineModel) => Promise<void>,
    model = new LineModel(backend),
  ): Promise<void> {
    const trainer = new Trainer({
      model,
      loss: lineLoss,
      optimizer: new Adam(model.namedParameters(), { learningRate: 0.05 }),
      data: lines(),
      ...options,
    });
    try {
      await body(trainer, model);
    } finally {
      trainer.dispose();
      model.dispose();
    }
    expect(backend.memory().buffers).toBe(before);
  }

  it('trains, and tells of its progress', async () => {
    const seen: Progress[] = [];
    await withTrainer(
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
        { accumulate, clipNorm: 0.7, data: generatedData(part, { seed: 0 }) },
        async (trainer, model) => {
          const { loss } = await trainer.fit({ steps: 5 });
          results.push([...(await weights(model)), loss!]);
        },
      );
    }
    expect(worst(results[1]!, results[0]!, tolerance)).toBeLessThanOrEqual(1);
  });

  it('reads back only every so many updates', async () => {
    let reads = 0;
    const readMany = backend.readMany.bind(backend);
    backend.readMany = (buffers) => (reads++, readMany(buffers));
    await withTrainer({ readEvery: 25 }, async (trainer) => void (await trainer.fit({ steps: 50 })));
    backend.readMany = readMany;
    expect(reads).toBe(2);
  });

  it('clips by norm and by value', async () => {
    const own = new LineModel(backend);
    const start = await weights(own);
    await withTrainer(
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
    await withTrainer({ data }, async (trainer) => {
      expect(await trainer.fit({ steps: 5, signal: controller.signal })).toMatchObject({ step: 2, reason: 'aborted' });
      expect(index).toBe(2);
      expect(await trainer.fit({ steps: 5 })).toMatchObject({ step: 5 });
      expect(index).toBe(5);
    });
  });

  it('lets timers and signals in, though it never waits', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    await withTrainer({}, async (trainer) => {
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
    await withTrainer({ data }, async (trainer) => {
      expect(await trainer.fit({ steps: 100 })).toMatchObject({ step: 6, reason: 'exhausted' });
    });
    await withTrainer(
      { data: generatedData(() => lineBatch(1, generator(0)), { seed: 1, count: 0 }) },
      async (trainer) => {
        await expect(trainer.fit({ steps: 1 })).rejects.toMatchObject({ code: 'DATA_EXHAUSTED' });
      },
    );
  });

  describe('validation', () => {
    const scripted = [5, 3, 4, 2, 2.5, 2.4, 2.3, 1];

    it('stops early, and keeps the best model', async () => {
      for (const storage of [undefined, memoryStorage()]) {
        const reports: ValidationReport[] = [];
        const snapshots: number[][] = [];
        const own = new LineModel(backend, { rate: 0.5 });
        const evaluate = async (model: LineModel): Promise<{ score: number }> => {
          expect(model.dropout.training).toBe(false);
          snapshots.push(await weights(model));
          return { score: scripted[snapshots.length - 1]! };
        };
        await withTrainer(
          {
            storage,
            checkpoints: storage && { every: 4 },
            validation: { every: 2, evaluate, metric: 'score', patience: 3, restoreBest: true },
            onValidation: (report) => reports.push(report),
          },
          async (trainer, model) => {
            const result = await trainer.fit({ steps: 100 });
            expect(result).toMatchObject({
              step: 14,
              reason: 'stopped early',
              best: { step: 8, metrics: { score: 2 } },
            });
            expect(await weights(model)).toEqual(snapshots[3]);
            expect(await weights(model)).not.toEqual(snapshots[6]);
            expect(model.dropout.training).toBe(true);
            expect(await trainer.fit({ steps: 100 })).toMatchObject({ step: 14, reason: 'stopped early' });
          },
          own,
        );
        expect(reports.map(({ isBest }) => isBest)).toEqual([true, true, false, true, false, false, false]);
        expect(await storage?.list()).toEqual(
          storage && [
            'best-00000008.safetensors',
            'checkpoint-00000012.safetensors',
            'checkpoint-00000014.safetensors',
          ],
        );
      }
    });

    it('averages the loss over its data, larger is better on request, and the schedule is told', async () => {
      const batches = [lineBatch(4, generator(1)), lineBatch(4, generator(2))];
      const schedule = plateau({ patience: 0, factor: 0.5, mode: 'max' });
      let expected = 0;
      await withTrainer(
        {
          schedule,
          validation: {
            every: 1,
            data: () => batches,
            mode: 'max',
            metric: 'score',
            evaluate: () => ({ score: [1, 3, 2][validations++]! }),
          },
          onValidation: ({ metrics }) => void (expected = metrics['loss']!),
        },
        async (trainer, model) => {
          const { best } = await trainer.fit({ steps: 3 });
          expect(best).toMatchObject({ step: 2, metrics: { score: 3 } });
          const losses = await Promise.all(
            batches.map(async (batch) => {
              using _scope = openScope(backend);
              return await lineLoss(model, batch).item();
            }),
          );
          expect(expected).toBeCloseTo((losses[0]! + losses[1]!) / 2, 5);
        },
      );
      expect(schedule.factor(3)).toBe(0.5);
    });
    let validations = 0;

    it('draws no random numbers from the run', async () => {
      const results: number[][] = [];
      for (const validation of [undefined, { every: 2, data: () => [lineBatch(4, generator(1))] }]) {
        const own = new LineModel(backend, { rate: 0.4 });
        const loss: Options['loss'] = (model, batch) => {
          model.dropout.generator.uniform();
          return lineLoss(model, batch);
        };
        await withTrainer(
          { loss, validation },
          async (trainer) => {
            await trainer.fit({ steps: 10 });
            results.push(await weights(own));
          },
          own,
        );
      }
      expect(results[1]).toEqual(results[0]);
    });
  });

  it('keeps the memory flat over 1,000 steps', async () => {
    const seen = new Set<number>();
    await withTrainer(
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
    const onGradients: Options['onGradients'] = async (gradients) => {
      await Promise.resolve();
      for (const gradient of gradients) gradient.assign(zeros(backend, gradient.shape));
    };
    await withTrainer(
      { onGradients, optimizer: new SGD(own.namedParameters(), { learningRate: 1 }) },
      async (trainer) => {
        await trainer.fit({ steps: 2 });
        expect(await weights(own)).toEqual(start);
      },
      own,
    );
  });

  it('leaves nothing behind where the loss function throws', async () => {
    const loss: Options['loss'] = (model, batch, { step }) => {
      const value = lineLoss(model, batch);
      if (step === 3) throw new Error('no such luck');
      return value;
    };
    await withTrainer({ loss, accumulate: 2 }, async (trainer, model) => {
      await expect(trainer.fit({ steps: 10 })).rejects.toThrow('no such luck');
      expect(model.parameters().every(({ grad }) => grad === null)).toBe(true);
    });
  });

  it('refuses what makes no sense', async () => {
    await withTrainer({}, async (trainer, model) => {
      const optimizer = new SGD(model.namedParameters(), { learningRate: 1 });
      const base: Options = { model, optimizer, loss: lineLoss, data: lines() };
      const refused = (options: Partial<Options>, message: RegExp): void =>
        expect(() => new Trainer({ ...base, ...options })).toThrow(message);
      refused({ accumulate: 0 }, /accumulate to be an integer ≥ 1, got 0/);
      refused({ readEvery: 1.5 }, /readEvery/);
      refused({ clipNorm: 0 }, /clipNorm > 0/);
      refused({ clipValue: -1 }, /clipValue > 0/);
      refused({ checkpoints: { every: 5 } }, /need a storage/);
      refused({ storage: memoryStorage(), checkpoints: { every: 5, keep: 1 } }, /keep to be an integer ≥ 2/);
      refused({ validation: { every: 5 } }, /needs data, evaluate or both/);
      refused({ validation: { every: 5, evaluate: () => ({ a: 1 }) } }, /no metric 'loss'/);
      refused({ validation: { every: 0, data: () => [] } }, /validation.every/);
      await expect(trainer.fit({ steps: -1 })).rejects.toThrow(/steps/);
      await expect(trainer.resume()).rejects.toThrow(/needs a storage/);
      const running = trainer.fit({ steps: 3 });
      await expect(trainer.fit({ steps: 3 })).rejects.toThrow(/under way/);
      await running;
    });
    const empty = { every: 1, data: () => [] };
    await withTrainer(
      { validation: empty },
      async (trainer) => void (await expect(trainer.fit({ steps: 1 })).rejects.toThrow(/gave no batch/)),
    );
    const misnamed = { every: 1, evaluate: () => ({ accuracy: 1 }), metric: 'score' };
    await withTrainer(
      { validation: misnamed },
      async (trainer) =>
        void (await expect(trainer.fit({ steps: 1 })).rejects.toThrow(/no metric 'score', only accuracy/)),
    );
  });

  it('names what made a loss or gradient infinite, and keeps the weights of before', async () => {
    const storage = memoryStorage();
    const own = new LineModel(backend, { rate: 0.2 });
    let expected: number[] = [];
    await withTrainer(
      {},
      async (trainer) => {
        await trainer.fit({ steps: 13 });
        expected = await weights(own);
      },
      own,
    );
    const again = new LineModel(backend, { rate: 0.2 });
    const data = generatedData(
      (index, random) => {
        const batch = lineBatch(8, random);
        if (index === 13) batch.x[4] = NaN;
        return batch;
      },
      { seed: 3 },
    );
    await withTrainer(
      { data, storage, checkpoints: { every: 6 } },
      async (trainer) => {
        await expect(trainer.fit({ steps: 30 })).rejects.toMatchObject({
          code: 'NON_FINITE_LOSS',
          step: 14,
          layer: 'hidden',
          parameter: 'hidden.weight',
          checkpoint: 'checkpoint-00000012.safetensors',
        });
        expect(await weights(again)).toEqual(expected);
      },
      again,
    );
    const loss: Options['loss'] = (model, batch, { step }) => {
      const value = lineLoss(model, batch);
      // An infinite slope at a finite loss: the square root's at 0, times the head's weights.
      return step === 2 ? sum(sqrt(affine(model.head.bias!, 0))) : value;
    };
    await withTrainer({ loss, clipValue: 1 }, async (trainer) => {
      await expect(trainer.fit({ steps: 4 })).rejects.toMatchObject({
        step: 3,
        loss: 0,
        layer: 'head',
        parameter: 'head.bias',
        checkpoint: null,
      });
    });
  });
});
