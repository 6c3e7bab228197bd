import { createScope, Generator, openScope, square, tensor, type Backend, type HostArray } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adam, generatedData, Trainer } from '../index.ts';
import { backends } from '../test-support/backends.ts';
import { lineBatch, lineLoss, LineModel, type LineBatch } from '../test-support/line.ts';

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A prediction as a server makes it, in the ways that one may write it. */
const predictions: Record<string, (backend: Backend, model: LineModel, x: Float32Array) => Promise<HostArray>> = {
  'with createScope and run': async (backend, model, x) => {
    using scope = createScope(backend, { gradient: false, training: false });
    const output = scope.run(() => model.forward(tensor(backend, x, { shape: [1, 3] })));
    await pause();
    const kept = scope.run(() => square(output));
    return await kept.data();
  },
  'with openScope, held across awaits': async (backend, model, x) => {
    await pause();
    using _scope = openScope(backend, { gradient: false, training: false });
    const input = tensor(backend, x, { shape: [1, 3] });
    await pause();
    const output = model.forward(input);
    await output.data();
    await pause();
    return await square(output).data();
  },
};

describe.each(backends)('predictions beside a training on $name', ({ create }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  /** Trains a model with dropout, validation and a callback that waits, and gives its weights. */
  async function train(meanwhile: (model: LineModel, running: () => boolean) => Promise<unknown>): Promise<number[]> {
    const model = new LineModel(backend, { rate: 0.3 });
    let running = true;
    const held: LineBatch[] = [lineBatch(8, new Generator(11)), lineBatch(8, new Generator(12))];
    using trainer = new Trainer({
      model,
      loss: lineLoss,
      optimizer: new Adam(model.namedParameters(), { learningRate: 0.05 }),
      data: generatedData((_, random) => lineBatch(8, random), { seed: 3 }),
      readEvery: 2,
      validation: {
        every: 5,
        data: () => held,
        evaluate: async () => {
          await pause();
          return { one: 1 };
        },
      },
      onGradients: pause,
    });
    const others = meanwhile(model, () => running);
    const { reason } = await trainer.fit({ steps: 30 });
    running = false;
    await others;
    expect(reason).toBe('steps');
    const weights = [...(await model.stateDict()).values()].flatMap(({ data }) => [...data]);
    expect(model.training && model.dropout.training).toBe(true);
    model.dispose();
    return weights;
  }

  it.each(Object.keys(predictions))('%s: the same bits, right answers, nothing left', async (way) => {
    const predict = predictions[way]!;
    const before = backend.memory().buffers;
    const alone = await train(() => Promise.resolve());
    const served = new LineModel(backend, { seed: 9, rate: 0.5 });
    const questions = Array.from({ length: 7 }, (_, k) => lineBatch(1, new Generator(100 + k)).x);
    const answers: number[][] = [];
    for (const x of questions) answers.push([...(await predict(backend, served, x))]);
    let asked = 0;
    const together = await train(async (model, running) => {
      const client = async (k: number): Promise<void> => {
        while (running()) {
          const place = (asked++ + k) % questions.length;
          // One asks the fixed model, one the model that is being trained.
          const [got, changing] = await Promise.all([
            predict(backend, served, questions[place]!),
            predict(backend, model, questions[place]!),
          ]);
          expect([...got]).toEqual(answers[place]);
          expect(Number.isFinite(changing[0])).toBe(true);
        }
      };
      await Promise.all([0, 1, 2, 3, 4].map(client));
    });
    expect(asked).toBeGreaterThan(20);
    expect(together).toEqual(alone);
    served.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('two trainings at once, each with a validation that waits, are as one after the other', async () => {
    const alone = await train(() => Promise.resolve());
    const [a, b] = await Promise.all([train(() => Promise.resolve()), train(() => Promise.resolve())]);
    expect(a).toEqual(alone);
    expect(b).toEqual(alone);
  });
});
