import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { dtypes, type SafetensorsDType, type SafetensorsTensor } from './dtype.ts';
import { SafetensorsError } from './errors.ts';
import { readSafetensors } from './read.ts';
import { parseShardIndex } from './sharded.ts';
import { buildFile, seeded } from './test-support/build.ts';
import { writeSafetensors } from './write.ts';

type Random = (n: number) => number;

const names = ['weight', 'bias', '__proto__', 'é', '😀', '', 'a"b\\c', 'constructor', 'lstm.weight_ih_l0'];

function randomFile(random: Random): Uint8Array {
  const tensors = new Map<string, SafetensorsTensor>();
  for (let count = random(5); count > 0; count--) {
    const dtype = (Object.keys(dtypes) as SafetensorsDType[])[random(19)]!;
    const shape = Array.from({ length: random(4) }, () => random(4));
    const bytes = Uint8Array.from({ length: shape.reduce((a, b) => a * b, dtypes[dtype].bytes) }, () => random(256));
    const data = new dtypes[dtype].array(bytes.buffer, 0, bytes.length / dtypes[dtype].array.BYTES_PER_ELEMENT);
    tensors.set(names[random(names.length)]!, { dtype, shape, data } as SafetensorsTensor);
  }
  return writeSafetensors(
    tensors,
    random(2) ? { metadata: { format: 'pt', [names[random(names.length)]!]: 'v' } } : {},
  );
}

const snippets = [
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\\',
  '\\u00',
  '0',
  '-1',
  '1.5',
  '1e9',
  '9007199254740993',
  'null',
  '"a":',
  '"dtype":"F64"',
  ',"shape":[4]',
  '[[[[',
  '\0',
  '\ufeff',
  '__metadata__',
  'é',
];

/** Damages a file in one to four ways: bytes, pieces, the length, and the header's JSON, its length put right again. */
function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let out = bytes.slice();
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(out.length + 1);
    const kind = random(7);
    if (kind === 0 && at < out.length) out[at] = random(256);
    else if (kind === 1) out = out.slice(0, at);
    else if (kind === 2) out = Uint8Array.from([...out.slice(0, at), ...other.slice(random(other.length))]);
    else if (kind === 3 && out.length >= 8)
      new DataView(out.buffer).setUint32(4 * random(2), random(2) ? random(300) : random(2 ** 32), true);
    else if (out.length >= 8) {
      const length = Math.min(new DataView(out.buffer).getUint32(0, true), out.length - 8);
      let json = Buffer.from(out.subarray(8, 8 + length)).toString('utf8');
      const from = random(json.length + 1);
      if (kind === 4) json = json.slice(0, from) + snippets[random(snippets.length)]! + json.slice(from + random(4));
      else if (kind === 5)
        json = json.replace(/[0-9]+/g, (digits) =>
          random(4) ? digits : String(random(3) ? random(40) : random(2 ** 32) * 1000),
        );
      else json = json.slice(0, from) + json.slice(random(from + 1));
      out = Buffer.concat([buildFile(json, 0), out.subarray(8 + length)]);
    }
  }
  return out;
}

describe('mutated files', () => {
  it('end in a typed error or in tensors that fit the file, 12,000 times', () => {
    const random = seeded(0x5afe);
    const seen = new Map<string, number>();
    for (let round = 0; round < 12_000; round++) {
      const bytes = mutate(randomFile(random), randomFile(random), random);
      let outcome = 'valid';
      try {
        const { tensors } = readSafetensors(bytes, { widen: random(2) === 1, copy: random(2) === 1 });
        let total = 0;
        for (const tensor of tensors.values()) {
          expect(tensor.shape.reduce((a, b) => a * b, tensor.dtype === 'C64' ? 2 : 1)).toBe(tensor.data.length);
          total += tensor.data.byteLength;
        }
        // Widened, an 8-bit float takes four times its room.
        expect(total).toBeLessThanOrEqual(4 * bytes.length);
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
        outcome = error.code;
      }
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }
    // The mutations must reach every check, or they prove little.
    const outcomes = [
      'valid',
      'TRUNCATED',
      'HEADER_TOO_LARGE',
      'INVALID_UTF8',
      'INVALID_HEADER',
      'DUPLICATE_KEY',
      'UNKNOWN_DTYPE',
      'INVALID_SHAPE',
      'INVALID_OFFSETS',
      'TRAILING_DATA',
    ];
    expect([...seen.keys()].sort()).toEqual(outcomes.sort());
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('unmutated files are read back and written again unchanged, 500 times', () => {
    const random = seeded(7);
    for (let round = 0; round < 500; round++) {
      const bytes = randomFile(random);
      const { tensors, metadata } = readSafetensors(bytes);
      expect(writeSafetensors(tensors, metadata.size > 0 ? { metadata } : {})).toEqual(bytes);
    }
  });

  it('of an index end in a typed error or a map, 3,000 times', () => {
    const random = seeded(99);
    const index =
      '{"metadata":{"total_size":123},"weight_map":{"a.weight":"model-00001-of-00002.safetensors","__proto__":"model-00002-of-00002.safetensors"}}';
    for (let round = 0; round < 3_000; round++) {
      const at = random(index.length);
      const json = index.slice(0, at) + snippets[random(snippets.length)]! + index.slice(at + random(6));
      try {
        for (const file of parseShardIndex(json).values()) expect(file).not.toMatch(/[/\\]/);
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
        expect(error.code).toBe('INVALID_INDEX');
      }
    }
  });
});

it('hostile headers of 8 MB are refused within a heap of 80 MB', () => {
  const script = fileURLToPath(new URL('./test-support/hostile.ts', import.meta.url));
  const output = execFileSync(process.execPath, ['--max-old-space-size=80', '--max-semi-space-size=8', script], {
    encoding: 'utf8',
  });
  expect(output.trim().split('\n')).toEqual([
    'INVALID_HEADER',
    'INVALID_HEADER',
    'INVALID_HEADER',
    'TRUNCATED',
    'INVALID_OFFSETS',
    'TRUNCATED',
    'valid',
  ]);
});
