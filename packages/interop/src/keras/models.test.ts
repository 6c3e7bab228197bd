import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { openScope, tensor } from '@timestep/core';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { createHdf5Reader } from '../node/hdf5.ts';
import type { Hdf5Datasets } from '../hdf5/types.ts';
import { expectClose } from '../test-support/compare.ts';
import { fixture, jsonFixture } from '../test-support/fixtures.ts';
import { judge, type KerasCase } from '../test-support/keras-models.ts';
import { importKeras } from './import.ts';

const backend = createReferenceBackend();
const { models } = jsonFixture<{ models: readonly KerasCase[] }>('keras-models/answers.json');
const readHdf5 = createHdf5Reader();
afterAll(() => readHdf5.close());

const fileOf = (name: string): Uint8Array => fixture(`keras-models/${models.find((one) => one.name === name)!.file}`);

describe('a model of Keras', () => {
  it.each(models.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const before = backend.memory().buffers;
    const verdict = await judge(
      one,
      () => importKeras(fixture(`keras-models/${one.file}`), { backend, readHdf5 }),
      backend,
    );
    expect(verdict.detail).toMatch(one.refused ? /Lambda/ : /e-/);
    expect(verdict.outcome).toBe(one.refused ? 'refused' : 'equal');
    expect(backend.memory().buffers).toBe(before);
  });
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every configuration in a file, the models and layers inside others included. */
function configurations(value: Json): Record<string, Json>[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(configurations);
  const isLayer = !Array.isArray(value) && 'registered_name' in value && 'config' in value;
  const module = isLayer ? String(value['module']) : '';
  const counts = module.startsWith('keras.layers') || module === 'keras' || module.startsWith('keras.src');
  const config = isLayer && counts && value['class_name'] !== 'DTypePolicy' ? [value['config']] : [];
  return [...config, ...inside].filter((one) => typeof one === 'object') as Record<string, Json>[];
}

describe('what a file says and nobody reads', () => {
  it('is refused by name, in every configuration of every model', async () => {
    let count = 0;
    for (const { file, refused } of models.filter((one) => !one.refused)) {
      expect(refused).toBe(false);
      const archive = unzipSync(fixture(`keras-models/${file}`));
      const datasets = await readHdf5(archive['model.weights.h5']!);
      const text = strFromU8(archive['config.json']!);
      const parse = () => JSON.parse(text) as Json;
      for (let place = 0; place < configurations(parse()).length; place++) {
        const changed = parse();
        configurations(changed)[place]!['mystery'] = 3;
        const bytes = zipSync({ ...archive, 'config.json': strToU8(JSON.stringify(changed)) }, { level: 0 });
        await expect(importKeras(bytes, { backend, readHdf5: async () => datasets })).rejects.toMatchObject({
          code: 'UNSUPPORTED_MODEL',
          message: expect.stringMatching(/ has mystery: 3, which cannot be read/) as unknown,
        });
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(100);
  });

  it.each([
    'stateful',
    'go_backwards',
    'zero_output_for_mask',
    'use_bias',
    'center',
    'reset_after',
    'return_sequences',
  ])('a changed %s is read or refused, never dropped', async (key) => {
    for (const one of models.filter(({ refused }) => !refused)) {
      const archive = unzipSync(fixture(`keras-models/${one.file}`));
      const text = strFromU8(archive['config.json']!);
      const flipped = text.replaceAll(
        new RegExp(`"${key}": (true|false)`, 'g'),
        (_, given: string) => `"${key}": ${given === 'false'}`,
      );
      if (flipped === text) continue;
      const bytes = zipSync({ ...archive, 'config.json': strToU8(flipped) }, { level: 0 });
      const { outcome, detail } = await judge(one, () => importKeras(bytes, { backend, readHdf5 }), backend);
      // A flag that decides about masks alone changes nothing where there are none, nor does a state in one call.
      const mayAgree = key === 'zero_output_for_mask' || (key === 'stateful' && !one.name.includes('stateful'));
      expect(outcome === 'wrong' || outcome === 'refused' || mayAgree, `${one.name}: ${detail}`).toBe(true);
    }
  });

  it('an array without a layer is refused by name', async () => {
    const file = fileOf('BatchNormalization');
    const withExtra = async (bytes: Uint8Array): Promise<Hdf5Datasets> =>
      new Map([...(await readHdf5(bytes)), ['layers/lstm/cell/vars/3', { shape: [2], data: Float32Array.of(1, 2) }]]);
    await expect(importKeras(file, { backend, readHdf5: withExtra })).rejects.toMatchObject({
      code: 'UNSUPPORTED_MODEL',
      message: expect.stringMatching(/no layer of the configuration reads layers\/lstm\/cell\/vars\/3/) as unknown,
    });
  });

  it('an argument of a call is refused by name', async () => {
    const archive = unzipSync(fileOf('Attention causal with scores'));
    const text = strFromU8(archive['config.json']!).replace('"use_causal_mask": true', '"use_other_mask": true');
    await expect(
      importKeras(zipSync({ ...archive, 'config.json': strToU8(text) }), { backend, readHdf5 }),
    ).rejects.toThrow(/'attention' was called with use_other_mask, which cannot be read/);
  });
});

describe('masks', () => {
  const values = Float32Array.from({ length: 6 * 2 * 4 }, (_, n) => Math.sin(n * n + 1));

  it('that lengths say leave nothing of what is past them', async () => {
    using model = await importKeras(fileOf('GRU two directions, the first backwards'), { backend, readHdf5 });
    using _scope = openScope(backend, { gradient: false });
    const run = async (filler: number) => {
      const padded = values.map((value, n) => (n % 8 < 4 && n >= 3 * 8 ? filler : value));
      return model.forward(tensor(backend, padded, { shape: [6, 2, 4] }), { lengths: [3, 6] }).data();
    };
    expect(await run(NaN)).toEqual(await run(0));
  });

  it('of the data and by lengths agree in the last state', async () => {
    using model = await importKeras(fileOf('LSTM masked left'), { backend, readHdf5 });
    expect(model.masked).toBe(true);
    using _scope = openScope(backend, { gradient: false });
    const padded = values.map((value, n) => (n % 8 < 4 && n >= 3 * 8 ? 0 : value));
    const x = tensor(backend, padded, { shape: [6, 2, 4] });
    const byData = await model.forward(x).data();
    expectClose(await model.forward(x, { lengths: [3, 6] }).data(), byData);
    const unmasked = await model.forward(x, { lengths: null }).data();
    expect(Math.abs(unmasked[0]! - byData[0]!)).toBeGreaterThan(1e-3);
  });
});

describe('a stateful model', () => {
  it('goes on where it was until it is reset', async () => {
    const before = backend.memory().buffers;
    const model = await importKeras(fileOf('LSTM stateful'), { backend, readHdf5 });
    const values = Float32Array.from({ length: 6 * 3 * 4 }, (_, n) => Math.cos(n * n));
    const run = async () => {
      using _scope = openScope(backend, { gradient: false });
      return await model.forward(tensor(backend, values, { shape: [6, 3, 4] })).data();
    };
    const [first, second] = [await run(), await run()];
    expect(second).not.toEqual(first);
    {
      using _scope = openScope(backend, { gradient: false });
      expect(() => model.forward(tensor(backend, values.slice(0, 48), { shape: [6, 2, 4] }))).toThrow(
        /is stateful and has read 3 sequences, this batch has 2; call resetState\(\)/,
      );
    }
    model.resetState();
    expect(await run()).toEqual(first);
    model.dispose();
    expect(backend.memory().buffers).toBe(before);
  });
});

describe('inputs and outputs', () => {
  it('are named, and others are refused', async () => {
    using model = await importKeras(fileOf('named inputs and outputs'), { backend, readHdf5 });
    expect(model.inputs).toEqual([
      { name: 'a', shape: [null, 4], timeFirst: false },
      { name: 'b', shape: [6, null, 4], timeFirst: true },
    ]);
    expect(model.outputs).toEqual(['product', 'sum']);
    using _scope = openScope(backend, { gradient: false });
    const b = tensor(backend, new Float32Array(48), { shape: [6, 2, 4] });
    const a = tensor(backend, new Float32Array(8), { shape: [2, 4] });
    expect(Object.keys(model.forwardAll({ a, b }))).toEqual(['product', 'sum']);
    expect(() => model.forward({ a, b })).toThrow(/the outputs product, sum; call forwardAll/);
    expect(() => model.forwardAll(a)).toThrow(/reads the inputs a, b; pass \{ a, b \}/);
    expect(() => model.forwardAll({ a, b, c: a })).toThrow(/not c/);
    expect(() => model.forwardAll([b, a])).toThrow(/expected 'a' of shape \[any, 4\], got \[6, 2, 4\]/);
    expect(() => model.forwardAll({ a, b }, { lenghts: [1, 2] } as never)).toThrow(/did you mean lengths/);
  });

  it('and what training would do otherwise is named', async () => {
    using model = await importKeras(fileOf('Transformer block'), { backend, readHdf5 });
    expect(model.inferenceOnly).toEqual(["'multi_head_attention' (dropout of its attention)"]);
  });
});
