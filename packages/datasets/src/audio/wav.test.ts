import { Generator } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { byteForms } from '../testing/byte-forms.ts';
import { chunk, type FormatFields, formatBody, riff } from '../testing/wav-bytes.ts';
import { DataError } from '../errors.ts';
import { encodeWav } from './encode-wav.ts';
import { readWav } from './wav.ts';

const pcm16: FormatFields = { encoding: 1, channels: 1, sampleRate: 8000, bits: 16 };
const codeOf = (code: string) => expect.objectContaining({ code });

function file(
  fields: FormatFields,
  write: (view: DataView) => void,
  length: number,
  before: Uint8Array[] = [],
): Uint8Array {
  const data = new Uint8Array(length);
  write(new DataView(data.buffer));
  return riff([...before, chunk('fmt ', formatBody(fields)), chunk('data', data)]);
}

describe('reading', () => {
  test('float of 32 and 64 bits is exact', () => {
    const values = [0.5, -0.25, 1 / 3, -1.5];
    const narrow = file(
      { ...pcm16, encoding: 3, bits: 32 },
      (view) => values.forEach((value, i) => view.setFloat32(4 * i, value, true)),
      16,
    );
    const wide = file(
      { ...pcm16, encoding: 3, bits: 64 },
      (view) => values.forEach((value, i) => view.setFloat64(8 * i, value, true)),
      32,
    );
    expect(readWav(narrow).samples).toEqual(Float32Array.from(values));
    expect(readWav(wide).samples).toEqual(Float32Array.from(values));
    expect(readWav(wide, { dtype: 'float64' }).samples).toEqual(Float64Array.from(values));
  });

  test('channels are averaged', () => {
    const bytes = file(
      { ...pcm16, channels: 3 },
      (view) => [-16384, -8192, -3277, 0, -32768, 0].forEach((value, i) => view.setInt16(2 * i, value, true)),
      12,
    );
    expect([...readWav(bytes, { dtype: 'float64' }).samples]).toEqual([(-16384 - 8192 - 3277) / 3 / 32768, -1 / 3]);
  });

  test('integers of odd widths lie at the top of their container', () => {
    const twelve = file({ ...pcm16, bits: 12, frame: 2 }, (view) => view.setInt16(0, -2048 << 4, true), 2);
    expect(readWav(twelve).samples).toEqual(Float32Array.of(-1));
    const twenty = file({ ...pcm16, bits: 20, frame: 3 }, (view) => view.setUint8(2, 0x40), 3);
    expect(readWav(twenty).samples).toEqual(Float32Array.of(0.5));
  });

  test('an extensible header counts as its sub-format', () => {
    const bytes = file({ ...pcm16, encoding: 0xfffe, subFormat: 1, bits: 24 }, (view) => view.setUint8(2, 0x80), 3);
    expect(readWav(bytes).samples).toEqual(Float32Array.of(-1));
    const float = file(
      { ...pcm16, encoding: 0xfffe, subFormat: 3, bits: 32 },
      (view) => view.setFloat32(0, 0.1, true),
      4,
    );
    expect(readWav(float).samples).toEqual(Float32Array.of(0.1));
  });

  test('chunks of odd length before the data and anything after it are passed over', () => {
    const bytes = file(pcm16, (view) => view.setInt16(0, -16384, true), 2, [
      chunk('LIST', new Uint8Array(7)),
      chunk('junk', new Uint8Array(1)),
    ]);
    expect(readWav(Uint8Array.from([...bytes, 1, 2, 3])).samples).toEqual(Float32Array.of(-0.5));
    const unpadded = riff([
      chunk('LIST', new Uint8Array(7)).subarray(0, 15),
      chunk('fmt ', formatBody(pcm16)),
      chunk('data', Uint8Array.of(0, 64)),
    ]);
    expect(readWav(unpadded).samples).toEqual(Float32Array.of(0.5));
  });

  test('the first of several data chunks counts, as in the wave module of Python', () => {
    const bytes = riff([
      chunk('fmt ', formatBody(pcm16)),
      chunk('data', Uint8Array.of(0, 64)),
      chunk('data', new Uint8Array(6)),
    ]);
    expect(readWav(bytes).samples).toEqual(Float32Array.of(0.5));
  });

  test.each(byteForms)('the bytes may be a %s', (_, form) => {
    const bytes = encodeWav({ samples: Float32Array.of(-0.5, 0.25, 0.125), sampleRate: 8000 });
    expect([...readWav(form(bytes)).samples]).toEqual([-0.5, 0.25, 0.125]);
  });

  test('a big-endian file gives the same samples', () => {
    const bytes = file(pcm16, (view) => [-16384, 8192].forEach((value, i) => view.setInt16(2 * i, value, false)), 4);
    const view = new DataView(bytes.buffer);
    bytes[3] = 'X'.charCodeAt(0);
    for (const at of [4, 16, 24, 28, 40]) view.setUint32(at, view.getUint32(at, true), false);
    for (const at of [20, 22, 32, 34]) view.setUint16(at, view.getUint16(at, true), false);
    expect(readWav(bytes)).toEqual({ samples: Float32Array.of(-0.5, 0.25), sampleRate: 8000 });
  });
});

describe('a file whose length nobody filled in', () => {
  const samples = Int16Array.from({ length: 1001 }, (_, i) => ((i * 7919) % 65536) - 32768);
  const body = new Uint8Array(samples.buffer);
  const expected = Float32Array.from(samples, (sample) => sample / 32768);
  const lengths = [0, 0x7ffff000, 0x7ffff024, 0x7fffffff, 0x80000000, 0xffffffdb, 0xffffffff];

  test.each(lengths)('%i in the data chunk reads to the end, half a frame left off', (length) => {
    for (const whole of [body, Uint8Array.from([...body, 1])]) {
      // A stream that stops at an odd byte has no padding behind it.
      const chunks = [
        chunk('LIST', new Uint8Array(26)),
        chunk('fmt ', formatBody(pcm16)),
        chunk('data', whole, length),
      ];
      // A stream that stops at an odd byte has no padding behind it.
      const bytes = riff(chunks).subarray(0, 12 + 34 + 24 + 8 + whole.length);
      expect(readWav(bytes).samples).toEqual(expected);
      for (const size of [0, 8, 36, 0xffffffff]) {
        new DataView(bytes.buffer).setUint32(4, size, true);
        expect(readWav(bytes).samples).toEqual(expected);
      }
    }
  });

  test.each(['RF64', 'BW64'])('%s tells it in a chunk of its own', (container) => {
    const long = (length: bigint) => {
      const fields = new Uint8Array(28 + 12);
      const view = new DataView(fields.buffer);
      view.setBigUint64(8, length, true);
      view.setUint32(24, 1, true);
      fields.set(
        [...'LIST'].map((letter) => letter.charCodeAt(0)),
        28,
      );
      view.setBigUint64(32, 10n, true);
      return riff(
        [
          chunk('ds64', fields),
          chunk('fmt ', formatBody(pcm16)),
          chunk('LIST', new Uint8Array(10), 0xffffffff),
          chunk('data', body, 0xffffffff),
          chunk('LIST', new Uint8Array(4)),
        ],
        container,
      );
    };
    expect(readWav(long(BigInt(body.length))).samples).toEqual(expected);
    expect(readWav(long(0n)).samples.subarray(0, 1001)).toEqual(expected);
    expect(readWav(long(2n ** 64n - 1n)).samples.subarray(0, 1001)).toEqual(expected);
    expect(() => readWav(long(5_000_000_000n))).toThrow(/should hold 5000000000 bytes/u);
  });

  test('an empty recording stays empty, whatever chunks follow it', () => {
    expect(readWav(encodeWav({ samples: new Float32Array(0), sampleRate: 8000 })).samples.length).toBe(0);
    const tagged = riff([
      chunk('fmt ', formatBody(pcm16)),
      chunk('data', new Uint8Array(0)),
      chunk('LIST', new Uint8Array(11)),
    ]);
    expect(readWav(tagged).samples.length).toBe(0);
    // Zeros are not the names of chunks.
    expect(
      readWav(riff([chunk('fmt ', formatBody(pcm16)), chunk('data', new Uint8Array(800), 0)])).samples.length,
    ).toBe(400);
  });
});

describe('bad files', () => {
  test('a file that is cut off anywhere is refused, and named', () => {
    const whole = encodeWav({ samples: new Float32Array(20), sampleRate: 8000 });
    for (let length = 0; length < whole.length; length++) {
      const read = () => readWav(whole.subarray(0, length), { name: 'recordings/3_theo_1.wav' });
      expect(read).toThrow(DataError);
      expect(read).toThrow(/recordings\/3_theo_1\.wav/u);
    }
    expect(() => readWav(whole.subarray(0, 60), { name: 'a.wav' })).toThrow(
      /a\.wav is cut off: its "data" chunk should hold 40 bytes and the file ends after 16/u,
    );
    expect(() => readWav(whole.subarray(0, 60))).toThrow(codeOf('WAV_TRUNCATED'));
  });

  test('other encodings are called by name', () => {
    for (const [encoding, name] of [
      [6, 'A-law'],
      [85, 'MP3'],
      [4711, 'format 4711'],
    ] as const) {
      const bytes = file({ ...pcm16, encoding }, () => undefined, 4);
      expect(() => readWav(bytes)).toThrow(codeOf('WAV_UNSUPPORTED'));
      expect(() => readWav(bytes)).toThrow(name);
    }
    expect(() => readWav(file({ ...pcm16, bits: 48, frame: 6 }, () => undefined, 6))).toThrow(
      /48 bits a sample, expected 1 to 32 for PCM/u,
    );
    expect(() => readWav(riff([], 'RIFF', 'AVI '))).toThrow(codeOf('NOT_A_WAV'));
    expect(() => readWav(new TextEncoder().encode('ID3 and an MP3 follows'))).toThrow(codeOf('NOT_A_WAV'));
  });

  test('a header that contradicts itself, data before the format and half a frame', () => {
    expect(() => readWav(file({ ...pcm16, frame: 4 }, () => undefined, 4))).toThrow(/contradicts itself/u);
    expect(() => readWav(file({ ...pcm16, channels: 0, frame: 0 }, () => undefined, 4))).toThrow(/contradicts itself/u);
    expect(() => readWav(riff([chunk('data', new Uint8Array(2)), chunk('fmt ', formatBody(pcm16))]))).toThrow(
      codeOf('NOT_A_WAV'),
    );
    expect(() => readWav(file({ ...pcm16, channels: 2 }, () => undefined, 6))).toThrow(/middle of a frame of 4/u);
    expect(() => readWav(riff([chunk('fmt ', new Uint8Array(8)), chunk('data', new Uint8Array(2))]))).toThrow(
      codeOf('WAV_TRUNCATED'),
    );
  });

  test('the position of a NaN is named', () => {
    const bytes = file({ ...pcm16, encoding: 3, bits: 32 }, (view) => view.setFloat32(8, NaN, true), 16);
    expect(() => readWav(bytes, { name: 'nan.wav' })).toThrow(/sample 2 of nan\.wav is NaN/u);
    expect(() => readWav(bytes)).toThrow(codeOf('NOT_FINITE'));
  });

  test.each([['a path'], [null], [[1, 2, 3]], [Promise.resolve(new Uint8Array(2))]])('%s is refused', (bytes) => {
    expect(() => readWav(bytes as never)).toThrow(/\[readWav\] expected the bytes of a file/u);
  });

  test('unknown options are refused', () => {
    expect(() => readWav(new Uint8Array(0), { names: 'a' } as never)).toThrow(/did you mean name/u);
    expect(() => readWav(new Uint8Array(0), { dtype: 'f32' } as never)).toThrow(/one of float32, float64/u);
  });
});

describe('a file read and written again is equal to the byte', () => {
  /** Every code of 8 and 16 bits; the limits and random ones beyond. */
  function codes(bits: number): number[] {
    const full = 2 ** (bits - 1);
    if (bits <= 16) return Array.from({ length: 2 * full }, (_, i) => i - full);
    const random = new Generator(bits);
    const random32 = Array.from(
      { length: 5000 },
      () => random.integer(2 ** 16) * 2 ** (bits - 16) + random.integer(2 ** (bits - 16)) - full,
    );
    return [-full, -full + 1, -1, 0, 1, full - 2, full - 1, ...random32];
  }

  test.each([8, 16, 24, 32] as const)('%i bits', (bits) => {
    const values = codes(bits);
    const width = bits / 8;
    const bytes = file(
      { ...pcm16, bits },
      (view) =>
        values.forEach((value, i) => {
          const code = BigInt.asUintN(bits, BigInt(value + (bits === 8 ? 128 : 0)));
          for (let byte = 0; byte < width; byte++)
            view.setUint8(i * width + byte, Number((code >> BigInt(8 * byte)) & 255n));
        }),
      values.length * width,
    );
    const exact = readWav(bytes, { dtype: 'float64' });
    values.forEach((value, i) => {
      if (exact.samples[i] !== value / 2 ** (bits - 1)) throw new Error(`sample ${i} is ${exact.samples[i]}`);
    });
    expect(Buffer.compare(encodeWav(exact, { bits }), bytes)).toBe(0);
    // A float32 has 24 bits of its own.
    if (bits < 32) expect(Buffer.compare(encodeWav(readWav(bytes), { bits }), bytes)).toBe(0);
  });

  test.each([32, 64] as const)('floats of %i bits', (bits) => {
    const random = new Generator(bits);
    const values = [0, -0, 1, -1, 2, 1e-40, ...Array.from({ length: 1000 }, () => random.normal())];
    const written = encodeWav({ samples: Float64Array.from(values), sampleRate: 44_100 }, { bits, encoding: 'float' });
    const read = readWav(written, { dtype: 'float64' });
    expect([...read.samples]).toEqual(bits === 64 ? values : values.map(Math.fround));
    expect(Buffer.compare(encodeWav(read, { bits, encoding: 'float' }), written)).toBe(0);
    expect(written.length).toBe(58 + (values.length * bits) / 8);
  });
});

describe('writing', () => {
  const one = (sample: number) => ({ samples: Float64Array.of(0, sample), sampleRate: 8000 });

  test.each([8, 16, 24, 32] as const)('%i bits: within half a step, clipped at full scale', (bits) => {
    const random = new Generator(bits);
    const samples = Float64Array.from({ length: 501 }, () => random.uniform(-1, 1));
    const last = 1 - 2 ** (1 - bits);
    samples.set([1, -1, 2, -2, Infinity, -Infinity]);
    const read = readWav(encodeWav({ samples, sampleRate: 11_025 }, { bits }), { dtype: 'float64' });
    expect(read.sampleRate).toBe(11_025);
    expect([...read.samples.subarray(0, 6)]).toEqual([last, -1, last, -1, last, -1]);
    for (let i = 6; i < 501; i++)
      expect(Math.abs(read.samples[i]! - Math.min(last, samples[i]!))).toBeLessThanOrEqual(2 ** -bits);
  });

  test.each([
    [NaN, { bits: 8 }, 'sample 1 is NaN'],
    [NaN, { bits: 16 }, 'sample 1 is NaN'],
    [NaN, { encoding: 'float' }, 'sample 1 is NaN'],
    [Infinity, { encoding: 'float' }, 'sample 1 is Infinity'],
    [1e39, { encoding: 'float' }, 'expected finite'],
    [0, { bits: 12 }, 'one of 8, 16, 24, 32'],
    [0, { bits: 64 }, 'one of 8, 16, 24, 32'],
    [0, { bits: 16, encoding: 'float' }, 'one of 32, 64'],
    [0, { bit: 16 }, 'did you mean bits'],
  ])('refuses %s with %j', (sample, options, message) => {
    expect(() => encodeWav(one(sample), options as never)).toThrow(codeOf('INVALID_ARGUMENT'));
    expect(() => encodeWav(one(sample), options as never)).toThrow(message);
  });

  test.each([8000.5, 0, -1, 2 ** 32, NaN, '8000'])('refuses a rate of %s', (sampleRate) => {
    expect(() => encodeWav({ samples: new Float32Array(1), sampleRate: sampleRate as number })).toThrow(/sampleRate/u);
    expect(() => encodeWav({ samples: [0] as never, sampleRate: 8000 })).toThrow(/samples/u);
    expect(() => encodeWav(new Float32Array(1) as never)).toThrow(codeOf('INVALID_ARGUMENT'));
  });
});
