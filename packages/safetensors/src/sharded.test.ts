import { describe, expect, it } from 'vitest';
import type { SafetensorsTensor } from './dtype.ts';
import { parseShardIndex, readSharded, writeSharded } from './sharded.ts';

const vector = (length: number, value: number): SafetensorsTensor => ({
  dtype: 'F32',
  shape: [length],
  data: new Float32Array(length).fill(value),
});
const tensors = new Map([
  ['c', vector(3, 1)],
  ['a', vector(2, 2)],
  ['big', vector(20, 3)],
  ['b', vector(1, 4)],
  ['none', vector(0, 0)],
]);

describe('sharded models', () => {
  it('are split by size and read back', async () => {
    const { indexName, indexJson, files } = writeSharded(tensors, {
      maxShardBytes: 20,
      stem: 'net',
      metadata: { k: 'v' },
    });
    expect(indexName).toBe('net.safetensors.index.json');
    expect(JSON.parse(indexJson)).toEqual({
      metadata: { total_size: 26 * 4 },
      weight_map: {
        a: 'net-00001-of-00003.safetensors',
        b: 'net-00003-of-00003.safetensors',
        big: 'net-00002-of-00003.safetensors',
        c: 'net-00001-of-00003.safetensors',
        none: 'net-00003-of-00003.safetensors',
      },
    });
    const loaded: string[] = [];
    const contents = await readSharded(indexJson, (file) => {
      loaded.push(file);
      return Promise.resolve(files.get(file)!);
    });
    expect(contents.tensors).toEqual(tensors);
    expect(contents.metadata).toEqual(new Map([['k', 'v']]));
    expect(loaded).toHaveLength(3);
  });

  it('may be empty', async () => {
    const { indexJson, files } = writeSharded({}, { maxShardBytes: 20 });
    expect(files.size).toBe(0);
    const contents = await readSharded(indexJson, () => Promise.reject(new Error('nothing to load')));
    expect(contents.tensors.size).toBe(0);
  });

  it('names the tensor that its shard does not hold', async () => {
    const { files } = writeSharded({ a: vector(1, 1) }, { maxShardBytes: 20 });
    const index = '{"weight_map":{"lost":"model-00001-of-00001.safetensors"}}';
    await expect(readSharded(index, (file) => Promise.resolve(files.get(file)!))).rejects.toMatchObject({
      code: 'INVALID_INDEX',
      message: expect.stringContaining('"lost" is not in model-00001-of-00001.safetensors') as string,
    });
  });

  it('names the shard that is damaged', async () => {
    await expect(
      readSharded('{"weight_map":{"a":"half.safetensors"}}', () => Promise.resolve(new Uint8Array(3))),
    ).rejects.toMatchObject({
      code: 'TRUNCATED',
      message: expect.stringContaining('half.safetensors') as string,
    });
  });

  it.each([
    ['no JSON', 'weights'],
    ['no weight_map', '{"metadata":{}}'],
    ['a weight_map that is a list', '{"weight_map":[]}'],
    ['a file that is a number', '{"weight_map":{"a":1}}'],
    ['a path up', '{"weight_map":{"a":"../secret.safetensors"}}'],
    ['a parent folder', '{"weight_map":{"a":".."}}'],
    ['an absolute path', '{"weight_map":{"a":"/etc/passwd"}}'],
    ['a Windows path', '{"weight_map":{"a":"..\\\\x"}}'],
    ['no file name', '{"weight_map":{"a":""}}'],
    ['a tensor twice', '{"weight_map":{"a":"x","a":"y"}}'],
    ['two maps', '{"weight_map":{},"weight_map":{}}'],
    ['something after it', '{"weight_map":{}} x'],
  ])('refuses an index with %s', (_name, json) => {
    expect(() => parseShardIndex(json, 'index.json')).toThrow(
      expect.objectContaining({ code: 'INVALID_INDEX' }) as Error,
    );
  });

  it('keeps names such as __proto__ as names', () => {
    const map = parseShardIndex('{"metadata":{"total_size":1.5e3},"weight_map":{"__proto__":"a.safetensors"}}');
    expect([...map]).toEqual([['__proto__', 'a.safetensors']]);
  });
});
