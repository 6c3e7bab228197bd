import { openScope, tensor, type Backend } from '@timestep/core';
import { createCpuBackend } from '@timestep/backend-cpu';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  epochData,
  MeanAbsoluteError,
  memoryStorage,
  mseLoss,
  shuffledBatches,
  type TrainerListener,
  WeightAverage,
} from '../index.ts';
import { lineBatch, LineModel, type LineBatch } from '../test-support/line.ts';
import { generator, weights, withTrainer, type LineOptions } from '../test-support/with-trainer.ts';

let backend: Backend;
beforeAll(async () => void (backend = await createCpuBackend({ threads: 1 })));
afterAll(() => backend.dispose());

const batches = [lineBatch(5, generator(1)), lineBatch(2, generator(2))];

/** As `lineLoss`, with predictions; the second half of each batch is masked. */
const measured: LineOptions['loss'] = (model, { x, y }) => {
  const predictions = model.forward(tensor(backend, x, { shape: [y.length, 3] }));
  const targets = tensor(backend, y, { shape: [y.length, 1] });
  const mask = Uint32Array.from(y, (_, n) => Number(n < y.length / 2));
  return { loss: mseLoss(predictions, targets), predictions, targets, mask };
};

async function outputs(model: LineModel, batch: LineBatch): Promise<number[]> {
  using _scope = openScope(backend, { gradient: false, training: false });
  return Array.from(await model.forward(tensor(backend, batch.x, { shape: [batch.y.length, 3] })).data());
}

describe('Trainer.evaluate', () => {
  it('gives the loss and the metrics, and leaves modes and random numbers as they were', async () => {
    const options = { loss: measured, metrics: { error: new MeanAbsoluteError() } };
    const given = new LineModel(backend, { rate: 0.5 });
    given.hidden.eval();
    await withTrainer(
      backend,
      options,
      async (trainer, model) => {
        const random = model.dropout.generator.state;
        const result = await trainer.evaluate(batches);
        expect(result).toEqual(await trainer.evaluate(() => batches));
        expect([model.training, model.hidden.training, model.dropout.training]).toEqual([true, false, true]);
        expect(model.dropout.generator.state).toEqual(random);
        const all = await Promise.all(batches.map(async (batch) => outputs(model, batch)));
        const errors = batches.map(({ y }, k) => Array.from(y, (value, n) => all[k]![n]! - value));
        const flat = errors.flat();
        expect(result['loss']).toBeCloseTo(flat.reduce((sum, error) => sum + error ** 2, 0) / 7, 4);
        const kept = [...errors[0]!.slice(0, 3), errors[1]![0]!];
        expect(result['error']).toBeCloseTo(kept.reduce((sum, error) => sum + Math.abs(error), 0) / 4, 5);
      },
      given,
    );
  });

  it('measures the validation too, and may decide which model is best', async () => {
    const validation = { every: 2, data: () => batches, metric: 'error' };
    const options = { loss: measured, metrics: { error: new MeanAbsoluteError() }, validation };
    await withTrainer(backend, options, async (trainer) => {
      const { best } = await trainer.fit({ steps: 2 });
      expect(best?.metrics).toEqual(await trainer.evaluate(batches));
    });
  });

  it('says what is wrong', async () => {
    await withTrainer(backend, { metrics: { error: new MeanAbsoluteError() } }, async (trainer) => {
      await expect(trainer.evaluate(batches)).rejects.toThrow(/metrics error need predictions and targets/u);
      await expect(trainer.evaluate([])).rejects.toThrow(/at least one batch/u);
      await expect(trainer.evaluate(5 as never)).rejects.toThrow(/expected data to be batches/u);
      await expect(trainer.predict(batches)).rejects.toThrow(/needs the predictions of a batch/u);
      const fitting = trainer.fit({ steps: 1 });
      await expect(trainer.evaluate(batches)).rejects.toThrow(/fit\(\) is under way/u);
      await fitting;
      await expect(trainer.evaluate(batches, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/u);
    });
    await expect(withTrainer(backend, { metrics: { loss: new MeanAbsoluteError() } }, async () => {})).rejects.toThrow(
      /other names than 'loss'/u,
    );
    await expect(withTrainer(backend, { metrics: { error: {} as never } }, async () => {})).rejects.toThrow(
      /the metric 'error' to be a metric/u,
    );
  });
});

describe('Trainer.predict', () => {
  it('gives what the loss function predicts, or a function for it', async () => {
    const predict: LineOptions['predict'] = (model, { x }, { carried }) => ({
      predictions: model.forward(tensor(backend, x, { shape: [x.length / 3, 3] })),
      state: { count: tensor(backend, [((carried?.['count']?.size ?? 0) + 1) * 2]) },
    });
    for (const options of [{ loss: measured }, { predict }]) {
      await withTrainer(backend, options, async (trainer, model) => {
        const predictions = await trainer.predict(batches);
        expect(predictions.map(({ shape }) => shape)).toEqual([
          [5, 1],
          [2, 1],
        ]);
        for (const [k, { data }] of predictions.entries())
          expect(Array.from(data)).toEqual(await outputs(model, batches[k]!));
        expect(model.training).toBe(true);
      });
    }
    await withTrainer(backend, { predict: () => 5 as never }, async (trainer) => {
      await expect(trainer.predict(batches)).rejects.toThrow(/return a tensor or \{ predictions, state \}/u);
    });
  });
});

describe('epochs', () => {
  const passes = () =>
    epochData(
      (random) => shuffledBatches(10, 4, random),
      (indices, random) => lineBatch(indices.length, random),
      { seed: 1 },
    );

  it('end after whole passes, and go on after a resumption', async () => {
    const storage = memoryStorage();
    const totals: number[] = [];
    const options = {
      storage,
      checkpoints: { every: 2 },
      readEvery: 1,
      onProgress: ({ steps }: { steps: number }) => totals.push(steps),
    };
    await withTrainer(backend, { ...options, data: passes() }, async (trainer) => {
      expect(await trainer.fit({ epochs: 2 })).toMatchObject({ step: 6, reason: 'epochs' });
      expect(totals).toEqual([6, 6, 6, 6, 6, 6]);
      expect(await trainer.fit({ epochs: 2 })).toMatchObject({ step: 6, reason: 'epochs' });
    });
    await withTrainer(backend, { ...options, data: passes() }, async (trainer) => {
      await trainer.resume();
      expect(await trainer.fit({ epochs: 3, steps: 100 })).toMatchObject({ step: 9, reason: 'epochs' });
      expect(await trainer.fit({ epochs: 9, steps: 10 })).toMatchObject({ step: 10, reason: 'steps' });
    });
  });

  it('need a source that counts them', async () => {
    await withTrainer(backend, {}, async (trainer) => {
      await expect(trainer.fit({ epochs: 1 })).rejects.toThrow(/a data source that counts them/u);
      await expect(trainer.fit({})).rejects.toThrow(/steps or epochs, got neither/u);
    });
  });
});

it('several listeners hear of a run in order, and are waited for', async () => {
  const heard: string[] = [];
  const listener = (name: string): TrainerListener => ({
    onProgress: async ({ step }) => {
      await Promise.resolve();
      heard.push(`${name} ${step}`);
    },
    onEnd: ({ reason }) => heard.push(`${name} ${reason}`),
  });
  const options = { ...listener('own'), listeners: [listener('first'), listener('second')], readEvery: 2 };
  await withTrainer(backend, options, async (trainer) => void (await trainer.fit({ steps: 2 })));
  expect(heard).toEqual(['own 2', 'first 2', 'second 2', 'own steps', 'first steps', 'second steps']);
  const wrong = { listeners: [{ onProgres: () => 1 }] as never };
  await expect(withTrainer(backend, wrong, async () => {})).rejects.toThrow(/did you mean onProgress/u);
});

describe('WeightAverage', () => {
  it('averages by its formula, is used by evaluate and comes back from a checkpoint', async () => {
    const storage = memoryStorage();
    const ends: number[][] = [];
    for (const stops of [[6], [3, 6]]) {
      const store = stops.length > 1 ? storage : memoryStorage();
      for (const steps of stops) {
        const model = new LineModel(backend);
        using average = new WeightAverage(model.namedParameters(), { decay: 0.75 });
        const seen: number[][] = [];
        const options = {
          average,
          storage: store,
          checkpoints: { every: 3 },
          readEvery: 1,
          onProgress: async () => void seen.push(await weights(model)),
        };
        await withTrainer(
          backend,
          options,
          async (trainer) => {
            await trainer.resume();
            await trainer.fit({ steps });
            const last = await weights(model);
            const { loss } = await trainer.evaluate(batches);
            expect(await weights(model)).toEqual(last);
            average.swap();
            const averaged = await weights(model);
            if (stops.length === 1)
              averaged.forEach((value, i) => {
                const expected = seen.slice(1).reduce((sum, one) => 0.75 * sum + 0.25 * one[i]!, seen[0]![i]!);
                expect(value).toBeCloseTo(expected, 5);
              });
            expect((await trainer.evaluate(batches))['loss']).not.toBe(loss);
            average.swap();
            if (steps === 6) ends.push(averaged);
            average.dispose();
          },
          model,
        );
      }
    }
    expect(ends[1]).toEqual(ends[0]);
  });

  it('does not fit another model', () => {
    const model = new LineModel(backend);
    using average = new WeightAverage(model.namedParameters());
    expect(() => average.restore(new Map([['a', { data: [1] }]]))).toThrow(/averages are of other parameters/u);
    expect(average.tensors().size).toBe(0);
    model.dispose();
  });
});
