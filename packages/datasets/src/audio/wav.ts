import decode from '@audio/decode-wav';
import { DataError } from '../errors.ts';
import { readWavChunks } from './riff.ts';

/** Sound with one channel. */
export interface Waveform {
  /** `[samples]`, full scale is −1 … 1 */
  readonly samples: Float32Array;
  /** Hz */
  readonly sampleRate: number;
}

/**
 * Reads a WAV file: PCM of 8, 16, 24 or 32 bits and float of 32 or 64, plain or extensible. Several channels are
 * mixed to one: `samples[i] = mean over c of channel[c][i]`.
 *
 * @param bytes the whole file
 * @param options.name how errors call it, usually its path
 * @throws DataError `NOT_A_WAV`, `WAV_TRUNCATED`, `WAV_UNSUPPORTED`, and `NOT_FINITE` for a NaN or an infinity
 * @example
 * const { samples, sampleRate } = readWav(await readFile('7_george_0.wav'), { name: '7_george_0.wav' });
 */
export function readWav(bytes: Uint8Array, { name = 'the WAV data' }: { name?: string } = {}): Waveform {
  const chunks = readWavChunks(bytes, name);
  const { sampleRate } = chunks;
  if (chunks.data.length === 0) return { samples: new Float32Array(0), sampleRate };
  const { channelData } = decode(assemble(chunks.format, chunks.data));
  const samples = mixToMono(channelData);
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i])) {
      throw new DataError(
        'NOT_FINITE',
        name,
        `[wav] sample ${i} of ${name} is ${samples[i]}, expected finite numbers; re-encode it as 16-bit PCM`,
      );
    }
  }
  return { samples, sampleRate };
}

/** The mean of all channels. */
function mixToMono(channels: readonly Float32Array[]): Float32Array {
  if (channels.length === 1) return channels[0]!;
  const mixed = new Float32Array(channels[0]!.length);
  for (const channel of channels) for (let i = 0; i < mixed.length; i++) mixed[i]! += channel[i]!;
  for (let i = 0; i < mixed.length; i++) mixed[i]! /= channels.length;
  return mixed;
}

/** A file of the two chunks alone: the decoder loses its way at the padding after chunks of odd length (1.5.1). */
function assemble(format: Uint8Array, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + 8 + format.length + 8 + data.length);
  const view = new DataView(bytes.buffer);
  const chunk = (at: number, id: string, length: number) => {
    for (let i = 0; i < 4; i++) bytes[at + i] = id.charCodeAt(i);
    view.setUint32(at + 4, length, true);
  };
  chunk(0, 'RIFF', bytes.length - 8);
  bytes.set([0x57, 0x41, 0x56, 0x45], 8); // WAVE
  chunk(12, 'fmt ', format.length);
  bytes.set(format, 20);
  chunk(20 + format.length, 'data', data.length);
  bytes.set(data, 28 + format.length);
  return bytes;
}
