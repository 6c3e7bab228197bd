import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { openScope, tensor } from '@timestep/core';
import {
  readSafetensors,
  readSharded,
  writeSafetensors,
  writeSharded,
  type SafetensorsTensor,
} from '@timestep/safetensors';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../test-support/compare.ts';
import { fixture, jsonFixture } from '../test-support/fixtures.ts';
import { Tagger } from '../test-support/tagger.ts';
import { renameEntries } from './rename.ts';
import { loadPyTorch, readStateDict, savePyTorch } from './state-dict.ts';

const { tokens, shape, output } = jsonFixture<{ tokens: number[]; shape: number[]; output: number[] }>('tagger.json');

async function answer(model: Tagger): Promise<ArrayLike<number>> {
  const { backend } = model.head.weight;
  using _scope = openScope(backend, { gradient: false });
  return await model.forward(tensor(backend, Int32Array.from(tokens), { shape })).data();
}

describe('a PyTorch state dict', () => {
  it('loads by name, and the model answers as PyTorch does', async () => {
    const model = new Tagger(createReferenceBackend());
    expect(loadPyTorch(model, fixture('tagger.safetensors'))).toEqual({ missing: [], unexpected: [] });
    expectClose(await answer(model), output);
  });

  it('loads by a mapping, from f16, bf16 and f64', async () => {
    const model = new Tagger(createReferenceBackend());
    const mapping = { network: '', 'network.words': 'embedding', 'network.encoder.rnn': 'lstm', step: null };
    expect(loadPyTorch(model, fixture('tagger-renamed.safetensors'), { mapping })).toEqual({
      missing: [],
      unexpected: [],
    });
    expectClose(await answer(model), output);
  });

  it('that does not fit is named entry by entry, and nothing is loaded', async () => {
    const model = new Tagger(createReferenceBackend());
    const before = await answer(model);
    expect(() => loadPyTorch(model, fixture('tagger-renamed.safetensors'))).toThrow(
      /missing embedding\.weight.*unexpected step, network\.norm\.bias/,
    );
    expect(await answer(model)).toEqual(before);
  });

  it('in shards loads like one in a piece', async () => {
    const { tensors } = readSafetensors(fixture('tagger.safetensors'));
    const { indexJson, files } = writeSharded(tensors, { maxShardBytes: 800 });
    expect(files.size).toBeGreaterThan(3);
    const read = await readSharded(indexJson, async (name) => files.get(name)!, { widen: true });
    const model = new Tagger(createReferenceBackend());
    loadPyTorch(model, read.tensors);
    expectClose(await answer(model), output);
  });

  it('goes out again under the names of the file', async () => {
    const model = new Tagger(createReferenceBackend());
    loadPyTorch(model, fixture('tagger.safetensors'));
    const { tensors, metadata } = readSafetensors(await savePyTorch(model));
    expect(metadata.get('format')).toBe('pt');
    expect(tensors).toEqual(readSafetensors(fixture('tagger.safetensors')).tensors);
    expect([...readSafetensors(await savePyTorch(model, { mapping: { '': 'net' } })).tensors.keys()]).toContain(
      'net.lstm.weight_hh_l1_reverse',
    );
  });

  it('with integers beyond int32 or floats beyond float32 is refused', () => {
    const file = (given: SafetensorsTensor) => writeSafetensors({ step: given });
    expect(
      readStateDict(file({ dtype: 'I64', shape: [2], data: BigInt64Array.of(-7n, 2147483647n) })).get('step')!.data,
    ).toEqual(Int32Array.of(-7, 2147483647));
    expect(() => readStateDict(file({ dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 40n) }))).toThrow(
      /'step' of I64 holds 1099511627776 at 0/,
    );
    expect(() => readStateDict(file({ dtype: 'F64', shape: [1], data: Float64Array.of(1e60) }))).toThrow(
      /beyond float32/,
    );
    expect(
      readStateDict(file({ dtype: 'F8_E5M2', shape: [2], data: Uint8Array.of(0x3c, 0xc4) })).get('step')!.data,
    ).toEqual(Float32Array.of(1, -4));
    expect(() =>
      readStateDict(new Map([['step', { dtype: 'F8_E5M2', shape: [1], data: Uint8Array.of(1) } as const]])),
    ).toThrow(/holds the bits of F8_E5M2; read the file with \{ widen: true \}/);
    expect(() => readStateDict(file({ dtype: 'C64', shape: [1], data: Float32Array.of(1, 2) }))).toThrow(
      /'step' contains complex numbers/,
    );
    expect(
      readStateDict(file({ dtype: 'F64', shape: [1], data: Float64Array.of(Infinity) })).get('step')!.data,
    ).toEqual(Float32Array.of(Infinity));
  });
});

it('anything but a file is refused by name', () => {
  expect(() => readStateDict('model.safetensors' as never)).toThrow(/expected the bytes of a file, got 'model/);
  expect(() => readStateDict(new ArrayBuffer(8))).toThrow(expect.objectContaining({ name: 'SafetensorsError' }));
  expect(() => readStateDict(fixture('tagger.safetensors'), { path: 'model' })).toThrow(/path is only for \.pt/);
});

describe('a mapping of names', () => {
  const entries = new Map([
    ['a.b.c', 1],
    ['a.bb', 2],
    ['a', 3],
  ]);
  it('takes the longest beginning that ends at a dot', () => {
    expect([...renameEntries(entries, { a: 'x', 'a.b': 'y' })]).toEqual([
      ['y.c', 1],
      ['x.bb', 2],
      ['x', 3],
    ]);
    expect([...renameEntries(entries, (name) => (name === 'a' ? null : `m.${name}`)).keys()]).toEqual([
      'm.a.b.c',
      'm.a.bb',
    ]);
  });
  it('that fits nothing, or brings two names to one, is refused', () => {
    expect(() => renameEntries(entries, { b: 'x' })).toThrow(/no name starts with 'b'; the file has a\.b\.c, a\.bb, a/);
    expect(() => renameEntries(entries, () => 'x')).toThrow(/both 'a\.b\.c' and 'a\.bb' become 'x'/);
  });
});
