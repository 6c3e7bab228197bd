import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { float8Formats, widenFloat8 } from './float8.ts';
import { readSafetensors } from './read.ts';
import { writeSafetensors } from './write.ts';

/** Every pattern of each 8-bit float with PyTorch's value of it: tooling/fixtures/safetensors_reference.py. */
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
const bytes = fixture('small-floats.safetensors');
const values = JSON.parse(new TextDecoder().decode(fixture('small-floats.json'))) as Record<string, string[]>;

const torchNames = {
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  F8_E4M3FNUZ: 'float8_e4m3fnuz',
  F8_E5M2FNUZ: 'float8_e5m2fnuz',
  F8_E8M0: 'float8_e8m0fnu',
} as const;
const parse = (text: string): number => (text === 'nan' ? NaN : Number(text.replace('inf', 'Infinity')));

describe('8-bit floats', () => {
  it.each(float8Formats)('%s is widened as PyTorch does, every pattern', (format) => {
    const expected = values[torchNames[format]]!.map(parse);
    expect([
      ...widenFloat8(
        Uint8Array.from({ length: 256 }, (_, pattern) => pattern),
        format,
      ),
    ]).toEqual(expected);
    const raw = readSafetensors(bytes).tensors.get(torchNames[format])!;
    expect(raw.dtype).toBe(format);
    expect([...readSafetensors(bytes, { widen: true }).tensors.get(torchNames[format])!.data]).toEqual(expected);
  });
});

it('a complex tensor is its real and imaginary parts in turn, whatever its place in memory', () => {
  const expected = values['complex']!.map(parse);
  for (const copy of [true, false]) {
    const shifted = new Uint8Array(bytes.length + 4);
    shifted.set(bytes, 4);
    const { dtype, shape, data } = readSafetensors(shifted.subarray(4), { copy }).tensors.get('complex')!;
    expect({ dtype, shape, data: [...data] }).toEqual({ dtype: 'C64', shape: [2, 2], data: expected });
  }
  expect(() => writeSafetensors({ a: { dtype: 'C64', shape: [2], data: new Float32Array(2) } })).toThrow(
    /shape \[2\] of C64 takes 4 numbers, the data has 2/,
  );
});

it('the file is written again byte for byte', () => {
  const { tensors } = readSafetensors(bytes);
  expect(writeSafetensors(new Map([...tensors].reverse()))).toEqual(bytes);
});
