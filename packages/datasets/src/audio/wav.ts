import { type Bytes, checkOptions, is, type OptionRules, toBytes } from '@timestep/core';
import { DataError } from '../errors.ts';
import { readWavChunks } from './riff.ts';
import { decodeSamples } from './wav-samples.ts';

/** Audio with one channel. */
export interface Waveform<Samples extends Float32Array | Float64Array = Float32Array> {
  /** `[samples]`, full scale is −1 … 1 */
  readonly samples: Samples;
  /** Hz */
  readonly sampleRate: number;
}

/** The options of `readWav`. */
export interface ReadWavOptions {
  /** The file's name in errors, usually its path */
  readonly name?: string | undefined;
  /** `float32` (the default) has 24 significant bits; `float64` keeps 32-bit integers and 64-bit floats exactly */
  readonly dtype?: 'float32' | 'float64' | undefined;
}

const optionRules: OptionRules<ReadWavOptions> = {
  name: is.optional(is.string),
  dtype: is.optional(is.oneOf('float32', 'float64')),
};

/**
 * Reads a WAV file: linear PCM of up to 32 bits, or floats of 32 or 64 bits, plain or extensible, in RIFF, RIFX, RF64 or
 * BW64. An integer k of b bits becomes `k/2^(b−1)`, as in libsndfile; `encodeWav` with the same bits writes k again.
 * Channels are mixed to mono: `samples[i] = mean over c of channel[c][i]`.
 *
 * If the header lacks the length, as when a program writes into a pipe, the file is read to its end.
 *
 * @param bytes the whole file, as a `Uint8Array`, `Buffer`, `ArrayBuffer` or another view of bytes
 * @throws DataError `NOT_A_WAV`, `WAV_TRUNCATED`, `WAV_UNSUPPORTED`, and `NOT_FINITE` for NaN or infinity;
 *   ArgumentError if `bytes` does not hold bytes, and for an unknown option
 * @example
 * const { samples, sampleRate } = readWav(await readFile('7_george_0.wav'), { name: '7_george_0.wav' });
 */
export function readWav(bytes: Bytes, options: ReadWavOptions & { readonly dtype: 'float64' }): Waveform<Float64Array>;
export function readWav(bytes: Bytes, options?: ReadWavOptions & { readonly dtype?: 'float32' | undefined }): Waveform;
export function readWav(bytes: Bytes, options: ReadWavOptions = {}): Waveform<Float32Array | Float64Array> {
  checkOptions('readWav', options, optionRules);
  const { name = 'the WAV data', dtype = 'float32' } = options;
  const chunks = readWavChunks(toBytes('readWav', bytes), name);
  const frames = chunks.data.length / chunks.bytesPerFrame;
  const samples = dtype === 'float64' ? new Float64Array(frames) : new Float32Array(frames);
  decodeSamples(chunks, samples);
  const wrong = samples.findIndex((sample) => !Number.isFinite(sample));
  if (wrong >= 0) {
    throw new DataError(
      'NOT_FINITE',
      name,
      `[wav] sample ${wrong} of ${name} is ${samples[wrong]}, expected finite numbers; re-encode it as 16-bit PCM`,
    );
  }
  return { samples, sampleRate: chunks.sampleRate };
}
