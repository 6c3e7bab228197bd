import { Generator, tensor, type Backend, type Tensor } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Adam,
  generatedData,
  memoryStorage,
  mseLoss,
  plateau,
  SGD,
  TrainError,
  Trainer,
  type LossFunction,
  type Storage,
  type TrainerOptions,
} from '../index.ts';
import { backends } from '../test-support/backends.ts';
import { lineBatch, lineLoss, LineModel, waveBatch, WaveModel, type LineBatch } from '../test-support/line.ts';

type Options = TrainerOptions<LineModel, LineBatch>;

/** An LSTM over pieces of one long sequence, the state carried from piece to piece. */
const waveLoss: LossFunction<WaveModel, Float32Array> = (model, values, { carried }) => {
  const { backend } = model.head.weight;
  const part = (from: number): Tensor =>
    tensor(backend, values.slice(from, values.length - 2 + from), { shape: [values.length / 2 - 1, 2, 1] });
  const { output, state } = model.lstm.forward(part(0), { state: carried as { h: Tensor; c: Tensor } | null });
  return { loss: mseLoss(model.head.forward(output), part(2)), state };
};

describe.each(backends)('resuming on $name', ({ create }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  const text = async (storage: Storage, name: string): Promise<string> =>
    new TextDecoder().decode(await storage.read(name));

  async function run<Result>(
    options: Partial<Options>,
    body: (trainer: Trainer<LineModel, LineBatch>, model: LineModel) => Promise<Result>,
  ): Promise<Result> {
    const model = new LineModel(backend, { rate: 0.3 });
    const data = generatedData((_, random) => lineBatch(8, random), { seed: 3 });
    const trainer = new Trainer({
      model,
      loss: lineLoss,
      optimizer: new Adam(model.namedParameters()),
      data,
      checkpoints: { every: 5 },
      log: 'log.jsonl',
      ...options,
    });
    try {
      return await body(trainer, model);
    } finally {
      trainer.dispose();
      model.dispose();
    }
  }

  it('goes on bit for bit: masks, momentum, schedule, best model, data, carried state and accumulation', async () => {
    const train = async (storage: Storage, pieces: readonly number[]): Promise<void> => {
      for (const steps of pieces) {
        const model = new WaveModel(backend);
        const trainer = new Trainer({
          model,
          loss: waveLoss,
          storage,
          accumulate: 2,
          clipNorm: 1,
          optimizer: new Adam(model.namedParameters(), { learningRate: 0.02 }),
          schedule: plateau({ patience: 0, factor: 0.7 }),
          data: generatedData((index, random) => waveBatch(index, random), { seed: 4 }),
          validation: { every: 3, data: () => [waveBatch(1000, new Generator(1))] },
          checkpoints: { every: 4 },
        });
        const resumed = await trainer.resume();
        expect(resumed?.damaged ?? []).toEqual([]);
        expect((await trainer.fit({ steps })).step).toBe(steps);
        trainer.dispose();
        model.dispose();
      }
    };
    const before = backend.memory().buffers;
    const [whole, pieces] = [memoryStorage(), memoryStorage()];
    await train(whole, [12]);
    await train(pieces, [1, 4, 6, 11, 12]);
    const last = 'checkpoint-00000012.safetensors';
    expect(await pieces.read(last)).toEqual(await whole.read(last));
    expect(backend.memory().buffers).toBe(before);
  });

  it('logs the same lines, whole ones', async () => {
    const [whole, pieces] = [memoryStorage(), memoryStorage()];
    await run({ storage: whole }, (trainer) => trainer.fit({ steps: 20 }));
    await run({ storage: pieces }, async (trainer) => {
      await trainer.fit({ steps: 10 });
      // As if a kill had come during step 13, in the middle of a line.
      await pieces.append('log.jsonl', '{"type":"train","step":12,"loss":7}\n{"type":"tra');
    });
    await run({ storage: pieces }, async (trainer) => {
      await trainer.resume();
      await trainer.fit({ steps: 20 });
    });
    const records = async (storage: Storage) =>
      (await text(storage, 'log.jsonl'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ type }) => type === 'train')
        .map(({ seconds: _, ...rest }) => rest);
    expect(await records(pieces)).toEqual(await records(whole));
    expect((await records(whole)).map(({ step }) => step)).toEqual([5, 10, 15, 20]);
    expect((await records(whole))[0]).toEqual({
      type: 'train',
      step: 5,
      loss: expect.any(Number) as number,
      learningRate: 1e-3,
      gradientNorm: expect.any(Number) as number,
    });
  });

  it('takes the checkpoint before a damaged one, and says so', async () => {
    const storage = memoryStorage();
    await run({ storage }, (trainer) => trainer.fit({ steps: 20 }));
    expect((await storage.list()).sort()).toEqual([
      'checkpoint-00000015.safetensors',
      'checkpoint-00000020.safetensors',
      'log.jsonl',
    ]);
    const damage = async (name: string): Promise<void> => {
      const bytes = await storage.read(name);
      bytes[bytes.length - 7]! ^= 4;
      await storage.write(name, [bytes]);
    };
    await damage('checkpoint-00000020.safetensors');
    await run({ storage }, async (trainer, model) => {
      const report = await trainer.resume();
      expect(report).toMatchObject({
        name: 'checkpoint-00000015.safetensors',
        step: 15,
        damaged: [
          {
            name: 'checkpoint-00000020.safetensors',
            reason: expect.stringMatching(/checksum is .{8}, expected/) as string,
          },
        ],
      });
      await trainer.fit({ steps: 20 });
      const repaired = await storage.read('checkpoint-00000020.safetensors');
      const other = memoryStorage();
      await run({ storage: other }, (whole) => whole.fit({ steps: 20 }));
      expect(repaired).toEqual(await other.read('checkpoint-00000020.safetensors'));
      expect(model.training).toBe(true);
    });
    await damage('checkpoint-00000015.safetensors');
    await damage('checkpoint-00000020.safetensors');
    await run({ storage }, async (trainer) => {
      await expect(trainer.resume()).rejects.toMatchObject({
        code: 'CHECKPOINT_DAMAGED',
        message: expect.stringMatching(/every checkpoint is damaged.*00020.*00015/) as string,
      });
    });
  });

  it('refuses the checkpoint of another run, and stays as it was', async () => {
    const storage = memoryStorage();
    await run({ storage }, (trainer) => trainer.fit({ steps: 5 }));
    await run({ storage }, async (trainer) => {
      await expect(trainer.fit({ steps: 10 })).rejects.toThrow(
        /checkpoint-00000005.safetensors of another run; call resume/,
      );
    });
    const model = new LineModel(backend);
    const state = async (): Promise<unknown> => [...(await model.stateDict())];
    const before = await state();
    const other = (options: Partial<Options>): Trainer<LineModel, LineBatch> =>
      new Trainer({
        model,
        loss: lineLoss,
        optimizer: new Adam(model.namedParameters()),
        data: generatedData(() => lineBatch(8, new Generator(1)), { seed: 3 }),
        storage,
        checkpoints: { every: 5 },
        ...options,
      });
    const mismatch = (why: RegExp) =>
      expect.objectContaining({ code: 'CHECKPOINT_MISMATCH', message: expect.stringMatching(why) as string }) as Error;
    await expect(other({ optimizer: new SGD(model.namedParameters(), { learningRate: 1 }) }).resume()).rejects.toThrow(
      mismatch(/expected the state of SGD, got that of Adam/),
    );
    await expect(other({ schedule: plateau() }).resume()).rejects.toThrow(mismatch(/another schedule/));
    await expect(other({ generators: [new Generator(1)] }).resume()).rejects.toThrow(
      mismatch(/1 generators, this run has 2/),
    );
    expect(await state()).toEqual(before);
    model.dispose();
    await run({ storage, checkpoints: { every: 5, overwrite: true } }, async (trainer) => {
      await trainer.fit({ steps: 3 });
      expect(await storage.list()).toEqual(['log.jsonl', 'checkpoint-00000003.safetensors']);
    });
  });

  it('starts anew where there is nothing, and writes where it was aborted', async () => {
    const storage = memoryStorage();
    const controller = new AbortController();
    const names: string[] = [];
    await run(
      {
        storage,
        readEvery: 3,
        onProgress: ({ step }) => step === 3 && controller.abort(),
        onCheckpoint: (name) => names.push(name),
      },
      async (trainer) => {
        expect(await trainer.resume()).toBeNull();
        await trainer.fit({ steps: 10, signal: controller.signal });
        expect(trainer.step).toBe(3);
      },
    );
    expect(names).toEqual(['checkpoint-00000003.safetensors']);
    expect((await text(storage, 'log.jsonl')).trimEnd().split('\n').at(-1)).toBe(
      '{"type":"end","step":3,"reason":"aborted"}',
    );
  });

  it('tells of a full disk, and the checkpoint before is whole', async () => {
    const storage = memoryStorage();
    const { write } = storage;
    const fullAfter = {
      ...storage,
      write: (name: string, pieces: readonly Uint8Array[]) =>
        name.includes('00000010') ? Promise.reject(new TrainError('STORAGE_FULL', 'no room')) : write(name, pieces),
    };
    await run({ storage: fullAfter }, async (trainer) => {
      await expect(trainer.fit({ steps: 20 })).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    });
    await run({ storage }, async (trainer) => expect(await trainer.resume()).toMatchObject({ step: 5, damaged: [] }));
  });
});
