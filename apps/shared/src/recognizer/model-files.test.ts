import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Backend, Generator } from '@timestep/core';
import { createCpuBackend } from '@timestep/backend-cpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFolder } from '../test-support/folder.ts';
import { type ModelConfig, parseConfig } from './config.ts';
import { loadModel, saveModel } from './model-files.ts';
import { Recognizer, tensorShapes } from './network.ts';
import { readSequences } from './read.ts';

const small: ModelConfig = {
  format: 'test',
  version: 1,
  inputSize: 6,
  classes: 5,
  convolution: { size: 12, kernel: 5, stride: 3 },
  hiddenSize: 8,
  layers: 2,
  dropout: 0.3,
};
const parse = (text: string, file: string) => parseConfig(text, file, 'test') as ModelConfig;
let backend: Backend;
beforeAll(async () => void (backend = await createCpuBackend({ threads: 1 })));
afterAll(() => backend.dispose());

async function saved<Result>(test: (file: string) => Promise<Result>): Promise<Result> {
  return inFolder(async (folder) => {
    const file = join(folder, 'digits.safetensors');
    using model = new Recognizer(backend, small, new Generator(3));
    await saveModel(file, model, small);
    return await test(file);
  });
}

test('a loaded model gives the same results, whatever else is in the batch', () =>
  saved(async (file) => {
    using original = new Recognizer(backend, small, new Generator(3));
    const { model, config } = await loadModel(file, backend, parse);
    expect(config).toEqual(small);
    const random = new Generator(8);
    const sounds = Array.from({ length: 40 }, (_, i) => ({
      data: random.fillNormal(new Float32Array(6 * (1 + i)), 0, 1),
      steps: 1 + i,
      size: 6,
    }));
    const before = await readSequences(backend, original, sounds);
    expect(await readSequences(backend, model, sounds)).toEqual(before);
    const [alone] = await readSequences(backend, model, sounds.slice(3, 4));
    expect(alone!.steps).toBe(before[3]!.steps);
    alone!.logits.forEach((value, i) => expect(value).toBeCloseTo(before[3]!.logits[i]!, 4));
    expect(original.training).toBe(true);
    model.dispose();
  }));

test('the shapes of a network are known before it is built', async () => {
  for (const changes of [{}, { layers: 1, hiddenSize: 3 }, { layers: 3, inputSize: 2, classes: 9 }]) {
    const config = { ...small, ...changes };
    using model = new Recognizer(backend, config, new Generator(1));
    const shapes = [...(await model.stateDict())].map(([name, { shape }]) => [name, [...shape]] as const);
    expect(tensorShapes(config)).toEqual(new Map(shapes));
  }
});

test('sizes are compared before anything is built', () =>
  saved(async (file) => {
    const json = file.replace('.safetensors', '.json');
    await writeFile(json, (await readFile(json, 'utf8')).replace('"hiddenSize": 8', '"hiddenSize": 8192'));
    const before = backend.memory().peakBytes;
    await expect(loadModel(file, backend, parse)).rejects.toThrow(/lstm\.weight_ih_l0 has shape \[32, 12\]/u);
    expect(backend.memory().peakBytes).toBe(before);
  }));

test('files that do not fit are named, with what is wrong', () =>
  saved(async (file) => {
    const json = file.replace('.safetensors', '.json');
    const failing = async (message: RegExp) => expect(loadModel(file, backend, parse)).rejects.toThrow(message);
    const text = await readFile(json, 'utf8');
    const bytes = await readFile(file);
    await writeFile(json, text.replace('"hiddenSize": 8', '"hiddenSize": 16'));
    await failing(/digits\.safetensors is not of the shape that .*digits\.json describes: .*lstm\.weight_ih_l0/su);
    await writeFile(json, text.replace('"hiddenSize": 8', '"hiddenSize": -1'));
    await failing(/digits\.json: expected "hiddenSize" to be a number in 1…8192, got -1/u);
    await writeFile(json, text.replace('"test"', '"something"'));
    await failing(/does not describe a model of this app/u);
    await writeFile(json, text.slice(0, 40));
    await failing(/digits\.json is not JSON/u);
    await rm(json);
    await failing(/cannot read .*digits\.json \(ENOENT\); it belongs beside digits\.safetensors/u);
    await writeFile(json, text);
    await truncate(file, bytes.length - 7);
    await failing(/digits\.safetensors cannot be read: .*cut off/u);
    const damaged = Uint8Array.from(bytes);
    new DataView(damaged.buffer).setFloat32(bytes.length - 8, NaN, true);
    await writeFile(file, damaged);
    await failing(/tensor ".+" holds a NaN or an infinity/u);
    await rm(file);
    await failing(/cannot read .*digits\.safetensors \(ENOENT\); train one first/u);
  }));
