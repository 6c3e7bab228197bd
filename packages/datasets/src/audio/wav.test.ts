import { Generator } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { chunk, type FormatFields, formatBody, riff } from '../testing/wav-bytes.ts';
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
  test.each([8, 16, 24, 32] as const)('%i-bit PCM comes back within half a step, clipped at full scale', (bits) => {
    const random = new Generator(bits);
    const samples = Float32Array.from({ length: 501 }, () => random.uniform(-1, 1));
    samples.set([1, -1, 0, 2, -2]);
    const read = readWav(encodeWav({ samples, sampleRate: 11_025 }, { bits }));
    expect(read.sampleRate).toBe(11_025);
    expect(read.samples.length).toBe(501);
    const step = 2 / 2 ** bits;
    // The decoder divides positive values by 2^(bits−1) − 1, a difference of up to one step.
    samples.forEach((sample, i) =>
      expect(Math.abs(read.samples[i]! - Math.max(-1, Math.min(1, sample)))).toBeLessThanOrEqual(1.51 * step + 1e-7),
    );
    expect(read.samples[2]).toBe(0);
  });

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
  });

  test('channels are averaged', () => {
    const bytes = file(
      { ...pcm16, channels: 3 },
      (view) => [-16384, -8192, -3277, 0, -32768, 0].forEach((value, i) => view.setInt16(2 * i, value, true)),
      12,
    );
    const { samples } = readWav(bytes);
    expect(samples[0]).toBeCloseTo((-0.5 - 0.25 - 0.1) / 3, 4);
    expect(samples[1]).toBeCloseTo(-1 / 3, 6);
  });

  test('an extensible header counts as its sub-format', () => {
    const bytes = file({ ...pcm16, encoding: 0xfffe, subFormat: 1, bits: 24 }, (view) => view.setUint8(2, 0x80), 3);
    expect(readWav(bytes).samples).toEqual(Float32Array.of(-1));
  });

  test('chunks of odd length before the data and anything after it are passed over', () => {
    const bytes = file(pcm16, (view) => view.setInt16(0, -16384, true), 2, [
      chunk('LIST', new Uint8Array(7)),
      chunk('junk', new Uint8Array(1)),
    ]);
    expect(readWav(Uint8Array.from([...bytes, 1, 2, 3])).samples).toEqual(Float32Array.of(-0.5));
  });

  test('a view into a larger buffer is read at its own offset', () => {
    const bytes = encodeWav({ samples: Float32Array.of(-0.5, 0.5), sampleRate: 8000 });
    const shifted = new Uint8Array(bytes.length + 13);
    shifted.set(bytes, 13);
    expect(readWav(shifted.subarray(13)).samples).toEqual(readWav(bytes).samples);
  });

  test('no samples are legal, and a length of 0xFFFFFFFF reaches to the end', () => {
    expect(readWav(encodeWav({ samples: new Float32Array(0), sampleRate: 8000 })).samples.length).toBe(0);
    const piped = riff([chunk('fmt ', formatBody(pcm16)), chunk('data', new Uint8Array(6), 0xffffffff)]);
    expect(readWav(piped).samples.length).toBe(3);
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
    expect(() => readWav(file({ ...pcm16, bits: 12, frame: 2 }, () => undefined, 4))).toThrow(
      /12 bits a sample, expected 8, 16, 24, 32/u,
    );
    expect(() => readWav(riff([], 'RIFX'))).toThrow(codeOf('WAV_UNSUPPORTED'));
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

  test('a NaN is found where it stands', () => {
    const bytes = file({ ...pcm16, encoding: 3, bits: 32 }, (view) => view.setFloat32(8, NaN, true), 16);
    expect(() => readWav(bytes, { name: 'nan.wav' })).toThrow(/sample 2 of nan\.wav is NaN/u);
    expect(() => readWav(bytes)).toThrow(codeOf('NOT_FINITE'));
  });

  test('writing refuses widths and rates that WAV does not have', () => {
    expect(() => encodeWav({ samples: new Float32Array(1), sampleRate: 8000 }, { bits: 12 as 16 })).toThrow(
      codeOf('INVALID_ARGUMENT'),
    );
    expect(() => encodeWav({ samples: new Float32Array(1), sampleRate: 8000.5 })).toThrow(codeOf('INVALID_ARGUMENT'));
  });
});
