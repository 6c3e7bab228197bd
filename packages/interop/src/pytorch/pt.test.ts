import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { openScope, tensor } from '@timestep/core';
import { LSTM } from '@timestep/layers';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { expectClose } from '../test-support/compare.ts';
import { fixture, jsonFixture } from '../test-support/fixtures.ts';
import { isTensor, readPt, type PtValue } from './pt.ts';
import { loadPyTorch, readStateDict } from './state-dict.ts';

const { x, y, shapes } = jsonFixture<{ x: number[]; y: number[]; shapes: Record<string, number[]> }>('pt/answers.json');
const file = (name: string) => fixture(`pt/${name}.pt`);
const entries = (value: PtValue) => value as ReadonlyMap<string, PtValue>;

describe('a file of torch.save', () => {
  it('loads into a module that answers as PyTorch does', async () => {
    const backend = createReferenceBackend();
    using lstm = new LSTM({ backend, inputSize: 3, hiddenSize: 2, bidirectional: true });
    expect(loadPyTorch(lstm, file('state'))).toEqual({ missing: [], unexpected: [] });
    using _scope = openScope(backend, { gradient: false });
    expectClose(await lstm.forward(tensor(backend, Float32Array.from(x), { shape: [4, 2, 3] })).output.data(), y);
    expect(Object.fromEntries([...readStateDict(file('state'))].map(([name, { shape }]) => [name, shape]))).toEqual(
      shapes,
    );
  });

  it('holds every element type, shared and strided tensors', () => {
    const found = entries(readPt(file('tensors')));
    const data = (name: string) => {
      const value = found.get(name)!;
      if (!isTensor(value)) throw new TypeError(`${name} is no tensor`);
      return { shape: value.shape, data: [...value.data].map(Number) };
    };
    for (const name of ['float32', 'float64', 'float16', 'bfloat16', 'float8_e4m3fn', 'float8_e5m2'])
      expect(data(name), name).toEqual({ shape: [4], data: [0, 1, 2, 1.5] });
    for (const name of ['int64', 'int32', 'int16', 'int8', 'uint8', 'uint16', 'uint32', 'uint64'])
      expect(data(name), name).toEqual({ shape: [4], data: [0, 1, 3, 7] });
    expect(data('bool')).toEqual({ shape: [4], data: [0, 1, 1, 1] });
    const base = Array.from({ length: 24 }, (_, n) => n);
    expect(data('shared')).toEqual({ shape: [4, 6], data: base });
    expect(data('row').data).toEqual([12, 13, 14, 15, 16, 17]);
    expect(data('column').data).toEqual([1, 7, 13, 19]);
    expect(data('transposed')).toEqual({ shape: [6, 4], data: base.map((_, n) => 6 * (n % 4) + Math.floor(n / 4)) });
    expect(data('steps')).toEqual({ shape: [2, 2], data: [1, 4, 13, 16] });
    expect(data('expanded')).toEqual({ shape: [3, 2], data: [1, 1, 1, 1, 1, 1] });
    expect(data('scalar')).toEqual({ shape: [], data: [2.5] });
    expect(data('empty')).toEqual({ shape: [0, 3], data: [] });
    expect(data('parameter').data).toEqual([1, -1]);
    expect(found.get('size')).toEqual([2, 3]);
    expect(found.get('dtype')).toBe('torch.float16');
    expect(found.get('set')).toEqual([4]);
    expect(found.get('bytes')).toEqual(Uint8Array.of(0, 255));
  });

  it('is read by path where it is a checkpoint', () => {
    const checkpoint = entries(readPt(file('checkpoint')));
    expect(['epoch', 'best', 'name', 'big', 'negative', 'flag'].map((key) => checkpoint.get(key))).toEqual([
      7,
      null,
      'größte',
      2n ** 70n,
      -5,
      true,
    ]);
    expect(() => readStateDict(file('checkpoint'))).toThrow(/holds model, optimizer, .*pass \{ path: 'model' \}/);
    const expected = readStateDict(file('state'));
    expect(readStateDict(file('checkpoint'), { path: 'model' })).toEqual(expected);
    expect(readStateDict(file('checkpoint'), { path: ['many', 0] })).toEqual(expected);
    expect(readStateDict(file('checkpoint'), { path: 'many.0' })).toEqual(expected);
    expect([...readStateDict(file('checkpoint'), { path: 'many.1' }).keys()]).toEqual(['a.b']);
    expect([...readStateDict(file('checkpoint'), { path: 'optimizer.state' }).keys()]).toEqual(['0.step']);
    expect(() => readStateDict(file('checkpoint'), { path: 'modle' })).toThrow(/nothing at 'modle'/);
    expect(() => readStateDict(file('checkpoint'), { path: 'epoch' })).toThrow(/expected a dictionary .* got a number/);
    expect(() => readStateDict(file('tensors'))).toThrow(/expected 'size' to be a tensor, got a list/);
    const mapping = { size: null, dtype: null, set: null, bytes: null };
    expect(readStateDict(file('tensors'), { mapping }).get('float16')!.data).toEqual(Float32Array.of(0, 1, 2, 1.5));
  });

  it.each([
    ['evil', 'UNSUPPORTED_MODEL', /refers to posix\.system, which is unknown and not executed/],
    ['module', 'UNSUPPORTED_MODEL', /refers to torch\.nn\.modules\.rnn\.LSTM/],
    ['legacy', 'UNSUPPORTED_MODEL', /the format of PyTorch before 1\.6/],
    ['tar', 'UNSUPPORTED_MODEL', /the format of PyTorch before 1\.6/],
    ['script', 'UNSUPPORTED_MODEL', /is TorchScript/],
    ['big-endian', 'UNSUPPORTED_MODEL', /big-endian order/],
  ])('%s is refused by name', (name, code, message) => {
    for (const read of [readPt, readStateDict])
      expect(() => read(file(name))).toThrow(
        expect.objectContaining({ code, message: expect.stringMatching(message) as unknown }),
      );
  });
});

describe('a file that lies', () => {
  /** A file with another pickle, written as its opcodes, and one storage of eight bytes. */
  const written = (pickle: Uint8Array) =>
    zipSync({ 'a/data.pkl': pickle, 'a/data/0': new Uint8Array(8), 'a/byteorder': strToU8('little') }, { level: 0 });
  const text = (value: string) => [0x58, value.length, 0, 0, 0, ...strToU8(value)];
  const global = (module: string, name: string) => [0x63, ...strToU8(`${module}\n${name}\n`)];
  const number = (value: number) => [0x4a, ...new Uint8Array(Int32Array.of(value).buffer)];
  /** `_rebuild_tensor_v2(storage, offset, shape, strides, False, None)` */
  const tensorOf = (offset: number, shape: number[], strides: number[]) => [
    ...global('torch._utils', '_rebuild_tensor_v2'),
    ...[0x28, 0x28, ...text('storage'), ...global('torch', 'FloatStorage'), ...text('0'), ...text('cpu')],
    ...[...number(2), 0x74, 0x51, ...number(offset)],
    ...[0x28, ...shape.flatMap(number), 0x74, 0x28, ...strides.flatMap(number), 0x74],
    ...[0x89, 0x4e, 0x74, 0x52],
  ];
  const pickled = (...codes: number[]) => Uint8Array.from([0x80, 2, ...codes, 0x2e]);

  it('about sizes, offsets and strides ends in a typed error before anything is allocated', () => {
    expect(readPt(written(pickled(...tensorOf(0, [2], [1]))))).toEqual({
      dtype: 'F32',
      shape: [2],
      data: new Float32Array(2),
    });
    for (const [offset, shape, strides] of [
      [1, [2], [1]],
      [0, [3], [1]],
      [-1, [1], [1]],
      [0, [-2, -1], [1, 1]],
      [0, [2], [-1]],
      [0, [2, 2], [1]],
      [0, [2 ** 30, 2 ** 30], [1, 1]],
    ] as [number, number[], number[]][])
      expect(() => readPt(written(pickled(...tensorOf(offset, shape, strides))))).toThrow(
        expect.objectContaining({ code: 'INVALID_TENSOR' }),
      );
    // Strides of 0 make any size of one element.
    expect(() => readPt(written(pickled(...tensorOf(0, [2 ** 28], [0]))))).toThrow(
      expect.objectContaining({ code: 'READ_LIMIT' }),
    );
  });

  it('in circles, or by lists of lists, is stopped', () => {
    // A list that holds itself.
    expect(() => readPt(written(pickled(0x5d, 0x71, 0, 0x68, 0, 0x61)))).toThrow(/deeper than 32 levels/);
    // Thirty lists, each with the one before twice.
    const doubled = Array.from({ length: 30 }, (_, n) => [0x71, n, 0x30, 0x5d, 0x28, 0x68, n, 0x68, n, 0x65]).flat();
    expect(() => readPt(written(pickled(0x5d, ...doubled)))).toThrow(/more than 1000000 values/);
  });

  it('about names reaches nothing', () => {
    const { polluted } = {} as { polluted?: unknown };
    const value = readPt(written(pickled(0x7d, ...text('__proto__'), 0x7d, ...text('polluted'), 0x88, 0x73, 0x73)));
    expect(value).toEqual(new Map([['__proto__', new Map([['polluted', true]])]]));
    expect(polluted).toBeUndefined();
    for (const name of ['__proto__', 'constructor', 'toString'])
      expect(() => readPt(written(pickled(...global('torch', name), 0x29, 0x52)))).toThrow(/refers to torch\./);
  });

  it('by other opcodes is refused', () => {
    expect(() => readPt(written(pickled(0x82, 1)))).toThrow(/the opcode 0x82 at 2/);
    expect(() => readPt(written(Uint8Array.of(0x80, 2, 0x58, 255, 255, 255, 255)))).toThrow(/cut off/);
    expect(() => readPt(written(Uint8Array.of(0x80, 9)))).toThrow(/protocol 9/);
  });

  it('about the number of its entries does not keep the reader busy', () => {
    // The end of the directory, the large form: four billion entries.
    const archive = written(pickled(0x4e));
    const large = new Uint8Array(56 + 20);
    const view = new DataView(large.buffer);
    view.setUint32(0, 0x06064b50, true);
    view.setUint32(32, 0xffffffff, true);
    view.setUint32(56, 0x07064b50, true);
    view.setUint32(56 + 8, archive.length - 22, true);
    const end = archive.slice(-22);
    new DataView(end.buffer).setUint16(8, 0xffff, true);
    const file = Uint8Array.from([...archive.slice(0, -22), ...large, ...end]);
    expect(() => readPt(file)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });

  it('by unpacking to more is refused', () => {
    const parts = unzipSync(file('state'));
    expect(() => readPt(zipSync({ ...parts, 'state/data/9': new Uint8Array(2 ** 24) }, { level: 9 }))).toThrow(
      expect.objectContaining({ code: 'READ_LIMIT' }),
    );
  });
});
