import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import type { Waveform } from './wav.ts';

/** The options of `encodeWav`. */
export interface EncodeWavOptions {
  /** Bits per sample: 8, 16, 24 or 32 for integers, 32 or 64 for floats. Default: 16 for integers, 32 for floats */
  readonly bits?: 8 | 16 | 24 | 32 | 64 | undefined;
  /** `integer` (the default) is linear PCM, `float` is IEEE floats */
  readonly encoding?: 'integer' | 'float' | undefined;
}

const optionRules: OptionRules<EncodeWavOptions> = {
  bits: is.optional(is.oneOf(8, 16, 24, 32, 64)),
  encoding: is.optional(is.oneOf('integer', 'float')),
};
const samplesRule = is.anyOf(is.instanceOf(Float32Array), is.instanceOf(Float64Array));
const rateRule = is.integer(1, 0xffffffff);

/**
 * Writes a WAV file with one channel. An integer sample is `round(sample·2^(bits−1))`; 8-bit samples are stored with 128
 * added. Samples beyond full scale, including ±∞, are clipped. Floats are written unchanged.
 *
 * Source: Microsoft and IBM, *Multimedia Programming Interface and Data Specifications 1.0* (1991).
 *
 * @param waveform samples in −1 … 1 and their rate in whole Hz
 * @returns the whole file
 * @throws ArgumentError for NaN, for an infinite float, for other numbers of bits, and if the rate is not a positive
 *   integer
 * @example
 * await writeFile('tone.wav', encodeWav({ samples, sampleRate: 8000 }, { bits: 24 }));
 */
export function encodeWav(
  waveform: Waveform<Float32Array | Float64Array>,
  options: EncodeWavOptions = {},
): Uint8Array<ArrayBuffer> {
  checkValue('encodeWav', 'waveform', waveform, is.like('{ samples, sampleRate }', 'samples', 'sampleRate'));
  checkOptions('encodeWav', options, optionRules);
  const { samples, sampleRate } = waveform;
  checkValue('encodeWav', 'samples', samples, samplesRule);
  checkValue('encodeWav', 'sampleRate', sampleRate, rateRule);
  const isFloat = options.encoding === 'float';
  const { bits = isFloat ? 32 : 16 } = options;
  checkValue('encodeWav', 'bits', bits, isFloat ? is.oneOf(32, 64) : is.oneOf(8, 16, 24, 32));
  const width = bits / 8;
  const size = samples.length * width;
  // Formats other than PCM add the length of their (empty) extension, and a `fact` chunk with the number of frames.
  const formatSize = isFloat ? 18 : 16;
  const start = 12 + 8 + formatSize + (isFloat ? 12 : 0) + 8;
  checkValue('encodeWav', 'samples.length', samples.length, is.integer(0, Math.floor((0xffffffff - start) / width)));
  const bytes = new Uint8Array(start + size + (size % 2));
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string) => {
    for (let i = 0; i < value.length; i++) bytes[at + i] = value.charCodeAt(i);
  };
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, formatSize, true);
  view.setUint16(20, isFloat ? 3 : 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * width, true);
  view.setUint16(32, width, true);
  view.setUint16(34, bits, true);
  if (isFloat) {
    text(38, 'fact');
    view.setUint32(42, 4, true);
    view.setUint32(46, samples.length, true);
  }
  text(start - 8, 'data');
  view.setUint32(start - 4, size, true);
  const write = isFloat ? floatWriter(view, width) : integerWriter(view, width);
  for (let i = 0, at = start; i < samples.length; i++, at += width) {
    const sample = samples[i]!;
    if (Number.isNaN(sample) || (isFloat && !Number.isFinite(width === 4 ? Math.fround(sample) : sample))) {
      throw new ArgumentError(
        `[encodeWav] sample ${i} is ${sample}, expected ${isFloat ? 'finite numbers' : 'numbers'}; look for a division by 0 in what made them`,
      );
    }
    write(at, sample);
  }
  return bytes;
}

function floatWriter(view: DataView, width: number): (at: number, sample: number) => void {
  return width === 4
    ? (at, sample) => view.setFloat32(at, sample, true)
    : (at, sample) => view.setFloat64(at, sample, true);
}

function integerWriter(view: DataView, width: number): (at: number, sample: number) => void {
  const full = 2 ** (8 * width - 1);
  const toInteger = (sample: number) => Math.max(-full, Math.min(full - 1, Math.round(sample * full)));
  if (width === 1) return (at, sample) => view.setUint8(at, toInteger(sample) + 128);
  if (width === 2) return (at, sample) => view.setInt16(at, toInteger(sample), true);
  if (width === 4) return (at, sample) => view.setInt32(at, toInteger(sample), true);
  return (at, sample) => {
    const value = toInteger(sample);
    view.setUint16(at, value & 0xffff, true);
    view.setInt8(at + 2, value >> 16);
  };
}
