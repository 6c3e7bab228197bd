import { describe, expect, it } from 'vitest';
import { SafetensorsError } from './errors.ts';
import { openSafetensors, readHeader, readSafetensors, type ByteSource } from './read.ts';
import { buildFile } from './test-support/build.ts';
import { writeSafetensors } from './write.ts';

const f32 = (begin: number, end: number, shape = `[${(end - begin) / 4}]`): string =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SafetensorsError) return error.code;
    throw error;
  }
  return 'none';
}

describe('files that are not safetensors', () => {
  const cases: [string, string, Uint8Array][] = [
    ['nothing', 'TRUNCATED', new Uint8Array(0)],
    ['seven bytes', 'TRUNCATED', new Uint8Array(7)],
    ['a header past the end', 'TRUNCATED', buildFile('{}', 0, 3n)],
    ['a header over the limit', 'HEADER_TOO_LARGE', buildFile('{}', 0, 100_000_001n)],
    ['a header of 2^64 - 1 bytes', 'HEADER_TOO_LARGE', buildFile('{}', 0, 2n ** 64n - 1n)],
    ['an empty header', 'INVALID_HEADER', buildFile('', 0)],
    ['a byte that is no UTF-8', 'INVALID_UTF8', buildFile(new Uint8Array([0x7b, 0xff, 0x7d]), 0)],
    ['a byte order mark', 'INVALID_HEADER', buildFile('\ufeff{}', 0)],
    ['white space before the brace', 'INVALID_HEADER', buildFile(' {}', 0)],
    ['an array', 'INVALID_HEADER', buildFile('[]', 0)],
    ['half an object', 'INVALID_HEADER', buildFile('{"a":', 0)],
    ['a trailing comma', 'INVALID_HEADER', buildFile(`{"a":${f32(0, 4)},}`, 4)],
    ['something after the object', 'INVALID_HEADER', buildFile(`{"a":${f32(0, 4)}}\0`, 4)],
    ['a tensor that is a number', 'INVALID_HEADER', buildFile('{"a":1}', 0)],
    ['no offsets', 'INVALID_HEADER', buildFile('{"a":{"dtype":"F32","shape":[1]}}', 4)],
    ['one offset', 'INVALID_HEADER', buildFile('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}', 0)],
    ['three offsets', 'INVALID_HEADER', buildFile('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 4)],
    ['a fraction in the shape', 'INVALID_HEADER', buildFile(`{"a":${f32(0, 4, '[1.0]')}}`, 4)],
    ['an exponent in the shape', 'INVALID_HEADER', buildFile(`{"a":${f32(0, 4, '[1e0]')}}`, 4)],
    ['a leading zero in the shape', 'INVALID_HEADER', buildFile(`{"a":${f32(0, 4, '[01]')}}`, 4)],
    ['a negative size', 'INVALID_HEADER', buildFile(`{"a":${f32(0, 4, '[-1]')}}`, 4)],
    ['a size of 2^64', 'INVALID_HEADER', buildFile(`{"a":${f32(0, 4, '[18446744073709551616]')}}`, 4)],
    ['65 dimensions', 'INVALID_HEADER', buildFile(`{"a":${f32(0, 4, `[${Array(65).fill(1).join(',')}]`)}}`, 4)],
    ['a product over 2^53', 'INVALID_SHAPE', buildFile(`{"a":${f32(0, 4, '[4294967296,4294967296]')}}`, 4)],
    ['what torch.save writes', 'HEADER_TOO_LARGE', Uint8Array.from([0x50, 0x4b, 3, 4, 0, 0, 8, 8, 0, 0])],
    ['an unknown dtype', 'UNKNOWN_DTYPE', buildFile('{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}', 4)],
    [
      'a dtype called toString',
      'UNKNOWN_DTYPE',
      buildFile('{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,4]}}', 4),
    ],
    ['the same name twice', 'DUPLICATE_KEY', buildFile(`{"a":${f32(0, 4)},"a":${f32(4, 8)}}`, 8)],
    ['the same name twice, once escaped', 'DUPLICATE_KEY', buildFile(`{"a":${f32(0, 4)},"\\u0061":${f32(4, 8)}}`, 8)],
    [
      'the same field twice',
      'DUPLICATE_KEY',
      buildFile('{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    ],
    ['the same metadata key twice', 'DUPLICATE_KEY', buildFile('{"__metadata__":{"k":"1","k":"2"}}', 0)],
    ['two metadata objects', 'DUPLICATE_KEY', buildFile('{"__metadata__":{},"__metadata__":{}}', 0)],
    ['metadata that is a number', 'INVALID_HEADER', buildFile('{"__metadata__":{"k":1}}', 0)],
    ['a lone surrogate', 'INVALID_HEADER', buildFile(`{"\\ud800":${f32(0, 4)}}`, 4)],
    ['a control character in a name', 'INVALID_HEADER', buildFile(`{"\n":${f32(0, 4)}}`, 4)],
    ['an overlap', 'INVALID_OFFSETS', buildFile(`{"a":${f32(0, 8)},"b":${f32(4, 12)}}`, 12)],
    ['two tensors on the same bytes', 'INVALID_OFFSETS', buildFile(`{"a":${f32(0, 4)},"b":${f32(0, 4)}}`, 4)],
    ['a hole', 'INVALID_OFFSETS', buildFile(`{"a":${f32(0, 4)},"b":${f32(8, 12)}}`, 12)],
    ['a hole at the start', 'INVALID_OFFSETS', buildFile(`{"a":${f32(4, 8)}}`, 8)],
    ['an empty tensor inside another', 'INVALID_OFFSETS', buildFile(`{"a":${f32(0, 8)},"b":${f32(4, 4)}}`, 8)],
    [
      'offsets that run backwards',
      'INVALID_OFFSETS',
      buildFile('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 4),
    ],
    ['a shape that does not fill its bytes', 'INVALID_OFFSETS', buildFile(`{"a":${f32(0, 8, '[3]')}}`, 8)],
    ['a terabyte in a file of four bytes', 'TRUNCATED', buildFile(`{"a":${f32(0, 2 ** 40)}}`, 4)],
    ['data cut off', 'TRUNCATED', buildFile(`{"a":${f32(0, 8)}}`, 7)],
    ['bytes left over', 'TRAILING_DATA', buildFile(`{"a":${f32(0, 4)}}`, 5)],
    ['data without a tensor', 'TRAILING_DATA', buildFile('{}', 1)],
    [
      '65 levels of an unknown field',
      'INVALID_HEADER',
      buildFile(`{"a":{"x":${'['.repeat(66)}${']'.repeat(66)},"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
    ],
  ];

  it.each(cases)('%s: %s', (_name, code, bytes) => {
    expect(codeOf(() => readSafetensors(bytes))).toBe(code);
  });

  it('names the file and the tensor', () => {
    const bytes = buildFile(`{"lstm.weight":${f32(0, 8)}}`, 7);
    expect(() => readSafetensors(bytes, { name: 'model.safetensors' })).toThrow(
      /\[safetensors\] model\.safetensors: tensor "lstm\.weight" ends at byte 8 of the data, the file has 7/,
    );
  });
});

describe('what is one, if an unusual one', () => {
  it.each<[string, Uint8Array, string[]]>([
    ['no tensors, no padding', buildFile('{}', 0), []],
    ['white space within and after', buildFile(`{ "a" :\n\t${f32(0, 4)} } \r\n `, 4), ['a']],
    ['no metadata by null', buildFile(`{"__metadata__":null,"a":${f32(0, 4)}}`, 4), ['a']],
    ['names out of order', buildFile(`{"a":${f32(4, 8)},"b":${f32(0, 4)}}`, 8), ['b', 'a']],
    [
      'empty tensors at the same place',
      buildFile(`{"a":${f32(0, 4)},"b":${f32(4, 4)},"c":${f32(4, 4)},"d":${f32(0, 0)}}`, 4),
      ['d', 'a', 'b', 'c'],
    ],
    ['a scalar', buildFile(`{"a":${f32(0, 4, '[]')}}`, 4), ['a']],
    [
      'fields that are not ours',
      buildFile('{"a":{"x":{"y":[1e5,-2,true,"\\""]},"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      ['a'],
    ],
    ['escapes', buildFile(`{"\\ud83d\\ude00\\n\\/":${f32(0, 4)}}`, 4), ['😀\n/']],
    [
      'names of object members',
      buildFile(`{"__proto__":${f32(0, 4)},"toString":${f32(4, 8)}}`, 8),
      ['__proto__', 'toString'],
    ],
  ])('%s', (_name, bytes, names) => {
    expect([...readSafetensors(bytes).tensors.keys()]).toEqual(names);
    expect('dtype' in {}).toBe(false);
  });
});

describe('where the arrays live', () => {
  const file = writeSafetensors({
    half: { dtype: 'F16', shape: [2], data: new Uint16Array([0x3c00, 0xc000]) },
    one: { dtype: 'F32', shape: [1], data: new Float32Array([7]) },
  });

  it('copies by default', () => {
    const bytes = file.slice();
    const { tensors } = readSafetensors(bytes);
    bytes.fill(0);
    expect(tensors.get('one')!.data[0]).toBe(7);
  });

  it('gives views with copy: false, and copies where the bytes are not aligned', () => {
    const bytes = file.slice();
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    const view = readSafetensors(bytes, { copy: false }).tensors.get('one')!.data;
    const copied = readSafetensors(shifted, { copy: false }).tensors.get('one')!.data;
    expect([...copied]).toEqual([7]);
    bytes.fill(0);
    expect(view[0]).toBe(0);
  });

  it('widens from unaligned bytes too', () => {
    const shifted = new Uint8Array(file.length + 1).subarray(1);
    shifted.set(file);
    const tensor = readSafetensors(shifted, { widen: true }).tensors.get('half')!;
    expect(tensor).toEqual({ dtype: 'F32', shape: [2], data: new Float32Array([1, -2]) });
  });
});

describe('openSafetensors', () => {
  const file = writeSafetensors(
    {
      a: { dtype: 'F32', shape: [2, 1], data: new Float32Array([1, 2]) },
      b: { dtype: 'BF16', shape: [1], data: new Uint16Array([0x4040]) },
      none: { dtype: 'I8', shape: [0], data: new Int8Array(0) },
    },
    { metadata: { from: 'test' } },
  );
  const reads: [number, number][] = [];
  const source: ByteSource = {
    byteLength: file.length,
    read(begin, end) {
      reads.push([begin, end]);
      return Promise.resolve(file.slice(begin, end));
    },
  };

  it('reads the header, then only the bytes of the tensor asked for', async () => {
    reads.length = 0;
    const opened = await openSafetensors(source);
    expect(opened.metadata.get('from')).toBe('test');
    expect(await opened.tensor('b', { widen: true })).toEqual({
      dtype: 'F32',
      shape: [1],
      data: new Float32Array([3]),
    });
    expect(await opened.tensor('none')).toEqual({ dtype: 'I8', shape: [0], data: new Int8Array(0) });
    expect(reads).toEqual([
      [0, 8],
      [8, opened.dataStart],
      [opened.dataStart + 8, opened.dataStart + 10],
    ]);
    expect(readHeader(file)).toEqual({
      metadata: opened.metadata,
      tensors: opened.tensors,
      dataStart: opened.dataStart,
    });
  });

  it('rejects an unknown name, a file that is too short and a source that gives less than it says', async () => {
    const opened = await openSafetensors(source, { name: 'm.safetensors' });
    await expect(opened.tensor('toString')).rejects.toMatchObject({
      code: 'TENSOR_NOT_FOUND',
      message: expect.stringContaining('m.safetensors') as string,
    });
    await expect(openSafetensors({ ...source, byteLength: 5 })).rejects.toMatchObject({ code: 'TRUNCATED' });
    await expect(openSafetensors({ ...source, read: () => Promise.resolve(new Uint8Array(3)) })).rejects.toMatchObject({
      code: 'TRUNCATED',
    });
  });
});
