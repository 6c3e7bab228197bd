import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dtypes } from './dtype.ts';
import { readSafetensors } from './read.ts';
import { writeSafetensors } from './write.ts';

/** Files written by the reference implementation 0.8.0: tooling/fixtures/safetensors_reference.py. */
const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));

interface Expected {
  dtype: string;
  shape: number[];
  values: string[];
}

const torchNames: Record<string, string> = {
  U64: 'uint64',
  I64: 'int64',
  F64: 'float64',
  F32: 'float32',
  U32: 'uint32',
  I32: 'int32',
  BF16: 'bfloat16',
  F16: 'float16',
  U16: 'uint16',
  I16: 'int16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};

describe('files of the reference implementation', () => {
  const bytes = fixture('all.safetensors');
  const expected = new Map(
    Object.entries(JSON.parse(new TextDecoder().decode(fixture('all.json'))) as Record<string, Expected>),
  );

  it('are read value by value', () => {
    const raw = readSafetensors(bytes);
    const widened = readSafetensors(bytes, { widen: true });
    // JSON.parse makes an own property of "__proto__", Object.entries lists it.
    expect([...raw.tensors.keys()].sort()).toEqual([...expected.keys()].sort());
    // The others are in float8.test.ts.
    expect(new Set([...raw.tensors.values()].map((t) => t.dtype))).toEqual(
      new Set(Object.keys(dtypes).filter((name) => !name.startsWith('F8') && name !== 'C64')),
    );
    for (const [name, want] of expected) {
      const tensor = widened.tensors.get(name)!;
      expect(torchNames[raw.tensors.get(name)!.dtype]).toBe(want.dtype);
      expect(tensor.shape).toEqual(want.shape);
      const got = Array.from(tensor.data as ArrayLike<number | bigint>);
      const parse = (text: string): number | bigint => {
        if (want.dtype.endsWith('int64')) return BigInt(text);
        if (want.dtype === 'bool') return text === 'True' ? 1 : 0;
        return text === 'nan' ? NaN : text.endsWith('inf') ? Number(text.replace('inf', 'Infinity')) : Number(text);
      };
      expect(got).toEqual(want.values.map(parse));
    }
    expect(raw.metadata).toEqual(new Map([['é\n', 'a "quoted" value']]));
  });

  it.each(['all', 'none', 'odd'])('are written again byte for byte: %s', (name) => {
    const original = fixture(`${name}.safetensors`);
    const { tensors, metadata } = readSafetensors(original);
    const shuffled = new Map([...tensors].sort(([a], [b]) => ((a.length * 7) % 5) - ((b.length * 7) % 5)));
    expect(writeSafetensors(shuffled, { metadata: name === 'none' ? undefined : metadata })).toEqual(original);
  });
});
