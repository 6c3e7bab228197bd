import { describe, expect, it } from 'vitest';
import * as safetensors from './index.ts';
import { byteForms } from './test-support/byte-forms.ts';

const { openSafetensors, readHeader, readSafetensors, readSharded, writeSafetensors, writeSharded } = safetensors;
const weight = { dtype: 'F32', shape: [3], data: new Float32Array([1, 2, 3]) } as const;
const file = writeSafetensors({ weight, half: { dtype: 'F16', shape: [1], data: new Uint16Array([0x3c00]) } });

describe.each(byteForms)('a file as a %s', (_, form) => {
  it.each([true, false])('is read (copy: %s)', (copy) => {
    for (const widen of [true, false]) {
      const { tensors } = readSafetensors(form(file), { copy, widen });
      expect([...tensors.get('weight')!.data]).toEqual([1, 2, 3]);
      expect([...tensors.get('half')!.data]).toEqual([widen ? 1 : 0x3c00]);
    }
    expect(readHeader(form(file)).tensors.get('weight')!.shape).toEqual([3]);
  });

  it('is read in pieces and as a shard', async () => {
    const opened = await openSafetensors({
      byteLength: file.length,
      read: (begin, end) => Promise.resolve(form(file.slice(begin, end))),
    });
    expect([...(await opened.tensor('weight')).data]).toEqual([1, 2, 3]);
    const { indexJson, files } = writeSharded({ weight }, { maxShardBytes: 100 });
    const { tensors } = await readSharded(indexJson, (name) => Promise.resolve(form(files.get(name)!)));
    expect([...tensors.get('weight')!.data]).toEqual([1, 2, 3]);
  });
});

it('shared memory is copied before it is checked', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(file.length));
  shared.set(file);
  const { tensors } = readSafetensors(shared, { copy: false });
  shared.fill(0);
  expect([...tensors.get('weight')!.data]).toEqual([1, 2, 3]);
});

/** Every exported function with right arguments; each is then called with one of them wrong. */
const calls: Record<string, readonly unknown[]> = {
  readSafetensors: [file, { widen: true }],
  readHeader: [file, { name: 'a' }],
  openSafetensors: [{ byteLength: file.length, read: (a: number, b: number) => Promise.resolve(file.slice(a, b)) }, {}],
  parseShardIndex: ['{"weight_map":{}}', 'index'],
  readSharded: ['{"weight_map":{}}', () => Promise.resolve(file), {}],
  writeSafetensors: [{ weight }, { metadata: { a: 'b' } }],
  safetensorsPieces: [{ weight }, { metadata: { a: 'b' } }],
  writeSharded: [{ weight }, { maxShardBytes: 10 }],
  widenFloat16: [new Uint16Array(2)],
  widenBfloat16: [new Uint16Array(2)],
  widenFloat8: [new Uint8Array(2), 'F8_E5M2'],
  narrowToFloat16: [[1, 2]],
  narrowToBfloat16: [new Float32Array(2)],
};
const wrongValues: readonly unknown[] = [
  5,
  NaN,
  -1,
  null,
  true,
  'text',
  Symbol('s'),
  10n,
  () => 1,
  [1, 'a'],
  { unknown: 1 },
  { weight: null },
  { weight: { dtype: 'F32' } },
  { weight: { dtype: 'F32', shape: 3, data: [1] } },
  new Date(),
  new DataView(new ArrayBuffer(2)),
  Promise.resolve(1),
  new Map([[1, weight]]),
  { metadata: 'a' },
  { widen: 'false' },
  { maxShardBytes: 0 },
  { maxShardBytes: NaN },
  { maxShardBytes: 1, stem: 'a/b' },
];

it('names the option that was meant', () => {
  expect(() => writeSharded({ weight }, { max_shard_bytes: 5 } as never)).toThrow(/did you mean maxShardBytes\?/u);
});

it('covers every exported function', () => {
  const functions = Object.keys(safetensors).filter((name) => name !== 'SafetensorsError');
  expect(Object.keys(calls).sort()).toEqual(functions.sort());
});

describe.each(Object.entries(calls))('%s', (name, right) => {
  const call = async (values: readonly unknown[]): Promise<unknown> =>
    (safetensors as unknown as Record<string, (...values: readonly unknown[]) => unknown>)[name]!(...values);

  it('takes right arguments', async () => {
    await call(right);
  });

  it('refuses wrong ones with a typed error', async () => {
    const accepted: string[] = [];
    for (let position = 0; position < right.length; position++) {
      for (const wrong of wrongValues) {
        const values = right.with(position, wrong);
        try {
          await call(values);
          accepted.push(
            `${position}: ${String(wrong)} ${JSON.stringify(wrong, (_, value) => (typeof value === 'bigint' ? 'n' : value))}`,
          );
        } catch (error) {
          expect(error, `${position}: ${String(wrong)}`).toBeInstanceOf(safetensors.SafetensorsError);
        }
      }
    }
    expect(accepted).toEqual(harmless[name] ?? []);
  });
});

/** Calls that are right: any string is a name, and a function is only called when it is needed. */
const harmless: Record<string, readonly string[]> = {
  parseShardIndex: ['1: text "text"'],
  readSharded: ['1: () => 1 undefined'],
};
