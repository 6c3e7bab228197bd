import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCpuBackend } from '@timestep/backend-cpu';
import { type Backend, Generator } from '@timestep/core';
import { readSafetensors, writeSafetensors } from '@timestep/safetensors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inFolder } from '../test-support/folder.ts';
import { toyApp } from '../test-support/toy-app.ts';
import { loadAppModel, saveAppModel } from './model-file.ts';

const config = { hiddenSize: 5, learningRate: 0.02, bias: true };
const saved = { largest: 0.75 };
let backend: Backend;
beforeAll(async () => void (backend = await createCpuBackend({ threads: 1 })));
afterAll(() => backend.dispose());

/** Runs a test on the file of a model, with a function that writes it again with other metadata. */
async function withFile(
  body: (file: string, change: (metadata: Readonly<Record<string, string>>) => Promise<void>) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const file = join(folder, 'toy.safetensors');
    using model = toyApp.build({ backend, config, saved, generator: new Generator(3) });
    await saveAppModel(toyApp, file, { model, config, saved });
    const { tensors, metadata } = readSafetensors(await readFile(file));
    const same = Object.fromEntries(
      [...tensors].map(([name, { shape, data }]) => [
        name,
        { dtype: 'F32' as const, shape, data: Float32Array.from(data as Float32Array) },
      ]),
    );
    await body(file, (changes) =>
      writeFile(file, writeSafetensors(same, { metadata: { ...Object.fromEntries(metadata), ...changes } })),
    );
  });
}

const failing = async (file: string, message: RegExp) =>
  expect(loadAppModel(toyApp, file, backend)).rejects.toThrow(message);

test('a model comes back with its settings and what was saved with it', () =>
  withFile(async (file) => {
    const loaded = await loadAppModel(toyApp, file, backend);
    expect(loaded).toMatchObject({ config, saved });
    using original = toyApp.build({ backend, config, saved, generator: new Generator(3) });
    expect(await loaded.model.stateDict()).toEqual(await original.stateDict());
    loaded.model.dispose();
  }));

test.each([
  ['{"largest":null}', /toy\.safetensors: what was saved with the model is damaged at largest: .*expected number/iu],
  ['{"largest":1,"smallest":0}', /is damaged at smallest/u],
  ['{}', /is damaged at largest/u],
  ['[1]', /is damaged/u],
  ['7', /lacks its settings/u],
  ['{"largest"', /lacks its settings/u],
])('%s in place of what was saved is refused', (text, message) =>
  withFile(async (file, change) => {
    await change({ saved: text });
    await failing(file, message);
  }),
);

test.each([
  ['{"hiddenSize":-1}', /toy\.safetensors\] hiddenSize: expected a whole number in 1…64/u],
  ['{"hiddenSize":"8"}', /hiddenSize: expected a whole number/u],
  ['{"depth":1}', /depth/u],
  ['{"hiddenSize":4}', /cannot be read: .*weight_ih_l0/u],
  ['{"hiddenSize":5', /lacks its settings/u],
])('%s in place of the settings is refused', (text, message) =>
  withFile(async (file, change) => {
    await change({ config: text });
    await failing(file, message);
  }),
);

test('settings of a larger model are refused before its memory is taken', () =>
  withFile(async (file, change) => {
    await change({ config: '{"hiddenSize":64}' });
    const { bytes, peakBytes } = backend.memory();
    await failing(file, /holds \d+ numbers, and its settings describe a larger model/u);
    expect(backend.memory().peakBytes).toBeLessThanOrEqual(Math.max(peakBytes, bytes + 8192));
  }));

test('other files are refused by name', () =>
  withFile(async (file) => {
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 7));
    await failing(file, /toy\.safetensors cannot be read: .*cut off/u);
    const damaged = Uint8Array.from(bytes);
    new DataView(damaged.buffer).setFloat32(bytes.length - 8, NaN, true);
    await writeFile(file, damaged);
    await failing(file, /tensor ".+" does not hold finite 32-bit/u);
    const older = { format: 'older-toy', version: 1, hiddenSize: 5 };
    await writeFile(file, writeSafetensors({ a: { dtype: 'F32', shape: [1], data: new Float32Array(1) } }));
    await failing(file, /toy\.safetensors is no model of an app; expected a model of toy, version 1/u);
    await writeFile(file.replace('.safetensors', '.json'), JSON.stringify(older, null, 2));
    await failing(file, /is a model of an older format, older-toy with its settings in .*toy\.json; expected a model/u);
    await rm(file);
    await failing(file, /cannot read .*toy\.safetensors \(ENOENT\); train a model first/u);
  }));
