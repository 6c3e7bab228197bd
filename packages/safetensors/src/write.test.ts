import { describe, expect, it } from 'vitest';
import type { SafetensorsTensor } from './dtype.ts';
import { readSafetensors } from './read.ts';
import { compareCodePoints, safetensorsPieces, writeSafetensors } from './write.ts';

const one: SafetensorsTensor = { dtype: 'F32', shape: [1], data: new Float32Array([1]) };

describe('writeSafetensors', () => {
  it('does not depend on the order of tensors or metadata', () => {
    const a = writeSafetensors(
      new Map([
        ['x', one],
        ['y', one],
      ]),
      { metadata: { p: '1', q: '2' } },
    );
    const b = writeSafetensors(
      new Map([
        ['y', one],
        ['x', one],
      ]),
      {
        metadata: new Map([
          ['q', '2'],
          ['p', '1'],
        ]),
      },
    );
    expect(a).toEqual(b);
  });

  it('writes a part of a larger buffer, and only that', () => {
    const data = new Float32Array([9, 8, 7, 6]).subarray(1, 3);
    const { tensors } = readSafetensors(writeSafetensors({ part: { dtype: 'F32', shape: [2], data } }));
    expect([...tensors.get('part')!.data]).toEqual([8, 7]);
  });

  it('gives the same bytes in pieces, the data without a copy', () => {
    const pieces = safetensorsPieces({ one });
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(writeSafetensors({ one })));
    expect(pieces[1]!.buffer).toBe(one.data.buffer);
  });

  it.each<[string, string, () => unknown]>([
    ['a shape of another size', 'INVALID_TENSOR', () => writeSafetensors({ a: { ...one, shape: [2] } })],
    ['a fractional shape', 'INVALID_TENSOR', () => writeSafetensors({ a: { ...one, shape: [0.5, 2] } })],
    ['a negative shape', 'INVALID_TENSOR', () => writeSafetensors({ a: { ...one, shape: [-1, -1] } })],
    [
      'an array of another type',
      'INVALID_TENSOR',
      () => writeSafetensors({ a: { dtype: 'F32', shape: [1], data: new Float64Array(1) } as never }),
    ],
    [
      'an unknown dtype',
      'UNKNOWN_DTYPE',
      () => writeSafetensors({ a: { dtype: 'F8', shape: [1], data: new Uint8Array(1) } as never }, {}),
    ],
    ['the reserved name', 'INVALID_TENSOR', () => writeSafetensors({ __metadata__: one })],
    ['a name that is no UTF-8', 'INVALID_TENSOR', () => writeSafetensors({ '\ud800': one })],
    ['metadata that is not a string', 'INVALID_TENSOR', () => writeSafetensors({}, { metadata: { step: 3 } as never })],
  ])('refuses %s: %s', (_name, code, run) => {
    expect(run).toThrow(expect.objectContaining({ name: 'SafetensorsError', code }) as Error);
  });
});

it('orders names by code point, as their UTF-8 bytes would be', () => {
  const names = ['', 'a', 'ab', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '😁', '😀a', 'a😀', 'a\uffff'];
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([...names].reverse().sort(compareCodePoints)).toEqual(byBytes);
});
