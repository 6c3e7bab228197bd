import { affine, concat, mean, openScope, square, subtract, tensor, zeros, type Backend } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crossEntropyLoss, memoryStorage, plateau, type ValidationReport } from '../index.ts';
import { backends, worst } from '../test-support/backends.ts';
import { lineBatch, lineLoss, LineModel } from '../test-support/line.ts';
import { generator, weights, withTrainer, type LineOptions } from '../test-support/with-trainer.ts';

describe.each(backends)('validation on $name', ({ create, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

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
        backend,
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
        storage && ['best-00000008.safetensors', 'checkpoint-00000012.safetensors', 'checkpoint-00000014.safetensors'],
      );
    }
  });

  it('averages the loss over its data, larger is better on request, and the schedule is told', async () => {
    const batches = [lineBatch(4, generator(1)), lineBatch(4, generator(2))];
    const schedule = plateau({ patience: 0, factor: 0.5, mode: 'max' });
    let expected = 0;
    await withTrainer(
      backend,
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
      const loss: LineOptions['loss'] = (model, batch) => {
        model.dropout.generator.uniform();
        return lineLoss(model, batch);
      };
      await withTrainer(
        backend,
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

  describe('each batch counts by what its loss is the mean over', () => {
    const parts = [lineBatch(8, generator(1)), lineBatch(8, generator(2)), lineBatch(3, generator(3))];
    const sizes = parts.map(({ y }) => y.length);

    /** The validation's loss, and the losses of the single batches. */
    async function validated(loss: LineOptions['loss']): Promise<readonly [number, number[]]> {
      let got = NaN;
      let each: number[] = [];
      await withTrainer(
        backend,
        {
          loss,
          validation: { every: 1, data: () => parts },
          onValidation: ({ metrics }) => void (got = metrics['loss']!),
        },
        async (trainer, model) => {
          await trainer.fit({ steps: 1 });
          each = await Promise.all(
            parts.map(async (batch) => {
              using _scope = openScope(backend);
              const result = loss(model, batch, { step: 1, training: false, carried: null });
              return await ('loss' in result ? result.loss : result).item();
            }),
          );
        },
      );
      return [got, each];
    }
    const meanOf = (values: readonly number[], counts: readonly number[]): number =>
      values.reduce((total, value, index) => total + value * counts[index]!, 0) / counts.reduce((a, b) => a + b);
    const byHand: LineOptions['loss'] = (model, { x, y }) =>
      mean(
        square(
          subtract(
            model.forward(tensor(backend, x, { shape: [y.length, 3] })),
            tensor(backend, y, { shape: [y.length, 1] }),
          ),
        ),
      );
    /** Classes of which a batch keeps fewer the later it is. */
    const tokens: LineOptions['loss'] = (model, { x, y }) => {
      const logits = concat(
        [model.forward(tensor(backend, x, { shape: [y.length, 3] })), zeros(backend, [y.length, 1])],
        1,
      );
      const labels = Int32Array.from(y, (value, n) => (value > 0.7 ? -100 : n % 2));
      return crossEntropyLoss(logits, tensor(backend, labels));
    };
    const kept = parts.map(({ y }) => y.filter((value) => value <= 0.7).length);

    it.each([
      ['the size, with a loss of this package', lineLoss, sizes],
      ['the size, with another loss, by its arrays', byHand, sizes],
      ['the tokens that are not ignored', tokens, kept],
      [
        'the count that the loss function returns',
        ((model, batch, context) => ({
          loss: byHand(model, batch, context),
          count: batch.x[0]! ** 2,
        })) as LineOptions['loss'],
        parts.map(({ x }) => x[0]! ** 2),
      ],
    ] as const)('%s', async (_name, loss, counts) => {
      const [got, each] = await validated(loss);
      expect(new Set(each).size).toBe(3);
      expect(worst([got], [meanOf(each, counts)], tolerance)).toBeLessThanOrEqual(1);
      expect(worst([got], [meanOf(each, [1, 1, 1])], tolerance)).toBeGreaterThan(100);
    });

    it('nothing, where nothing is counted', async () => {
      const [got, each] = await validated((model, batch) => ({
        loss: affine(lineLoss(model, batch), batch.y.length === 3 ? NaN : 1),
        count: batch.y.length === 3 ? 0 : 1,
      }));
      expect(worst([got], [(each[0]! + each[1]!) / 2], tolerance)).toBeLessThanOrEqual(1);
    });
  });

  it('refuses metrics that are no numbers', async () => {
    const evaluate = () => ({ score: '0.5' as unknown as number });
    await withTrainer(backend, { validation: { every: 1, evaluate, metric: 'score' } }, async (trainer) => {
      await expect(trainer.fit({ steps: 1 })).rejects.toThrow(/metric 'score' to be a number, got '0.5'/);
    });
  });
});
