import { affine, mean, reshape, sqrt, square, subtract, sum, tensor, type Backend, type Tensor } from '@timestep/core';
import { Linear } from '@timestep/layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adam, generatedData, memoryStorage, mseLoss, SGD, Trainer } from '../index.ts';
import { backends } from '../test-support/backends.ts';
import { lineBatch, lineLoss, LineModel } from '../test-support/line.ts';
import { lines, weights, withTrainer, type LineOptions } from '../test-support/with-trainer.ts';

describe.each(backends)('what a Trainer refuses and names on $name', ({ create }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  it('leaves nothing behind where the loss function throws', async () => {
    const loss: LineOptions['loss'] = (model, batch, { step }) => {
      const value = lineLoss(model, batch);
      if (step === 3) throw new Error('no such luck');
      return value;
    };
    await withTrainer(backend, { loss, accumulate: 2 }, async (trainer, model) => {
      await expect(trainer.fit({ steps: 10 })).rejects.toThrow('no such luck');
      expect(model.parameters().every(({ grad }) => grad === null)).toBe(true);
    });
  });

  it('refuses what makes no sense', async () => {
    await withTrainer(backend, {}, async (trainer, model) => {
      const optimizer = new SGD(model.namedParameters(), { learningRate: 1 });
      const base: LineOptions = { model, optimizer, loss: lineLoss, data: lines() };
      const refused = (options: Partial<LineOptions>, message: RegExp): void =>
        expect(() => new Trainer({ ...base, ...options })).toThrow(message);
      refused({ accumulate: 0 }, /accumulate to be a whole number of at least 1, got 0/);
      refused({ readEvery: 1.5 }, /readEvery/);
      refused({ clipNorm: 0 }, /clipNorm to be a finite number > 0/);
      refused({ clipValue: -1 }, /clipValue to be a finite number > 0/);
      refused({ checkpoints: { every: 5 } }, /need a storage/);
      refused(
        { storage: memoryStorage(), checkpoints: { every: 5, keep: 1 } },
        /keep to be a whole number of at least 2/,
      );
      refused({ validation: { every: 5 } }, /needs data, evaluate or both/);
      refused({ validation: { every: 5, evaluate: () => ({ a: 1 }) } }, /no metric 'loss'/);
      refused({ validation: { every: 0, data: () => [] } }, /\[Trainer.validation\] expected every/);
      await expect(trainer.fit({ steps: -1 })).rejects.toThrow(/steps/);
      await expect(trainer.resume()).rejects.toThrow(/needs a storage/);
      const running = trainer.fit({ steps: 3 });
      await expect(trainer.fit({ steps: 3 })).rejects.toThrow(/under way/);
      await running;
    });
    const empty = { every: 1, data: () => [] };
    await withTrainer(
      backend,
      { validation: empty },
      async (trainer) => void (await expect(trainer.fit({ steps: 1 })).rejects.toThrow(/gave no batch/)),
    );
    const misnamed = { every: 1, evaluate: () => ({ accuracy: 1 }), metric: 'score' };
    await withTrainer(
      backend,
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
      backend,
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
      backend,
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
    const loss: LineOptions['loss'] = (model, batch, { step }) => {
      const value = lineLoss(model, batch);
      // An infinite slope at a finite loss: the square root's at 0, times the head's weights.
      return step === 2 ? sum(sqrt(affine(model.head.bias!, 0))) : value;
    };
    await withTrainer(backend, { loss, clipValue: 1 }, async (trainer) => {
      await expect(trainer.fit({ steps: 4 })).rejects.toMatchObject({
        step: 3,
        loss: 0,
        layer: 'head',
        parameter: 'head.bias',
        checkpoint: null,
      });
    });
  });

  it('refuses a loss that is no scalar, no tensor, or a promise, and stays as it was', async () => {
    const untyped = (value: unknown) => (() => value) as unknown as LineOptions['loss'];
    const wrong: readonly (readonly [string, LineOptions['loss'], RegExp])[] = [
      [
        'none',
        (model, { x, y }) =>
          mseLoss(model.forward(tensor(backend, x, { shape: [8, 3] })), tensor(backend, y, { shape: [8, 1] }), {
            reduction: 'none',
          }),
        /to be a scalar, got shape \[8, 1\]; reduce it/,
      ],
      [
        'state',
        (model, batch) => ({ loss: reshape(lineLoss(model, batch), []), state: { h: 5 } as unknown as { h: Tensor } }),
        /state to be an object of tensors/,
      ],
      ['count', (model, batch) => ({ loss: lineLoss(model, batch), count: NaN }), /count to be a finite number/],
      ['nothing', untyped(undefined), /to return a tensor .* got undefined; does it return/],
      ['a number', untyped(0.5), /got 0.5/],
      [
        'a promise',
        (async (model: LineModel, batch: never) => lineLoss(model, batch)) as unknown as LineOptions['loss'],
        /the loss function is asynchronous; it must return its loss at once/,
      ],
      [
        'a failing promise',
        (async () => {
          throw new Error('later');
        }) as unknown as LineOptions['loss'],
        /asynchronous/,
      ],
    ];
    for (const [name, loss, message] of wrong) {
      await withTrainer(backend, { loss }, async (trainer, model) => {
        const before = await weights(model);
        await expect(trainer.fit({ steps: 1 }), name).rejects.toThrow(message);
        expect(await weights(model)).toEqual(before);
      });
    }
    // A scalar of another rank is one all the same.
    await withTrainer(backend, { loss: (model, batch) => reshape(lineLoss(model, batch), [1, 1]) }, async (trainer) => {
      expect((await trainer.fit({ steps: 2 })).step).toBe(2);
    });
  });

  it('lets no factor of a schedule through that is not finite', async () => {
    for (const bad of [NaN, Infinity, -1, undefined as unknown as number]) {
      const schedule = { factor: (step: number) => (step === 2 ? bad : 1) };
      await withTrainer(backend, { schedule }, async (trainer, model) => {
        await expect(trainer.fit({ steps: 5 })).rejects.toThrow(/schedule\.factor\(2\) to be a finite number ≥ 0/);
        expect(trainer.step).toBe(2);
        expect((await weights(model)).every(Number.isFinite)).toBe(true);
      });
    }
  });

  it('names parameters that get a gradient and are in no optimizer', async () => {
    const own = new LineModel(backend);
    const partial = new Adam(own.head.namedParameters().map(([name, one]) => [`head.${name}`, one] as const));
    await withTrainer(
      backend,
      { optimizer: partial },
      async (trainer, model) => {
        await expect(trainer.fit({ steps: 1 })).rejects.toThrow(
          /was not given 'hidden\.weight', 'hidden\.bias'; make it from/,
        );
        model.hidden.freeze();
        using other = new Trainer({
          model,
          loss: lineLoss,
          data: lines(),
          optimizer: new Adam(model.head.parameters()),
        });
        expect((await other.fit({ steps: 1 })).step).toBe(1);
      },
      own,
    );
    using hidden = new Linear({ backend, inputSize: 1, outputSize: 1 });
    const loss: LineOptions['loss'] = (model, { x, y }) =>
      mean(
        square(
          subtract(
            hidden.forward(model.forward(tensor(backend, x, { shape: [8, 3] }))),
            tensor(backend, y, { shape: [8, 1] }),
          ),
        ),
      );
    await withTrainer(backend, { loss }, async (trainer) => {
      await expect(trainer.fit({ steps: 1 })).rejects.toThrow(
        /does not list a parameter of shape \[1, 1\], a parameter of shape \[1\]; hold its layer in a property/,
      );
    });
  });

  it('refuses options that untyped code may pass', async () => {
    const make = Trainer as unknown as new (options: unknown) => Trainer<LineModel, never>;
    using model = new LineModel(backend);
    const base = { model, loss: lineLoss, optimizer: new Adam(model.namedParameters()), data: lines() };
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error;
    for (const bad of [
      undefined,
      null,
      {},
      5,
      [],
      'model',
      { ...base, model: {} },
      { ...base, loss: 'mse' },
      { ...base, optimizer: 'adam' },
      { ...base, data: [1, 2] },
      { ...base, schedule: 0.5 },
      { ...base, accumulate: '2' },
      { ...base, validation: [] },
      { ...base, log: 5, storage: memoryStorage() },
      { ...base, onProgress: true },
      { ...base, validation: { every: 1, evaluate: () => ({ loss: 1 }), metrics: 'loss' } },
      { ...base, storage: memoryStorage(), checkpoints: { every: 1, keeps: 3 } },
      { ...base, storage: 'runs/one' },
    ])
      expect(() => new make(bad), JSON.stringify(bad)).toThrow(refused);
    expect(() => new make({ ...base, clipnorm: 1 })).toThrow(/unknown option clipnorm; did you mean clipNorm\?/);
    expect(() => new make({})).toThrow(/\[Trainer\] expected model to be a model/);
    using trainer = new Trainer(base);
    for (const bad of [undefined, {}, 5, { steps: '3' }, { steps: 3, epoch: 1 }, { steps: 1, signal: true }])
      await expect(trainer.fit(bad as unknown as { steps: number }), JSON.stringify(bad)).rejects.toThrow(refused);
  });
});
