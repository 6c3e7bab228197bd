import { ArgumentError } from '@timestep/core';
import type { Waveform } from './wav.ts';

/**
 * Writes a WAV file of one channel: linear PCM of 8 (unsigned), 16, 24 or 32 bits, `round(sample·2^(bits−1))`, clipped
 * to full scale.
 *
 * @param waveform samples in −1 … 1 and their rate in Hz
 * @returns the whole file
 * @throws ArgumentError for another number of bits or a rate that is no positive integer
 * @example
 * await writeFile('tone.wav', encodeWav({ samples, sampleRate: 8000 }, { bits: 8 }));
 */
export function encodeWav(
  { samples, sampleRate }: Waveform,
  { bits = 16 }: { bits?: 8 | 16 | 24 | 32 } = {},
): Uint8Array {
  if (![8, 16, 24, 32].includes(bits))
    throw new ArgumentError(`[encodeWav] expected 8, 16, 24 or 32 bits, got ${bits}`);
  if (!Number.isInteger(sampleRate) || sampleRate < 1)
    throw new ArgumentError(`[encodeWav] expected a sample rate in whole Hz, got ${sampleRate}`);
  const width = bits / 8;
  const size = samples.length * width;
  const bytes = new Uint8Array(44 + size + (size % 2));
  const view = new DataView(bytes.buffer);
  const text = (at: number, value: string) =>
    bytes.set(
      [...value].map((letter) => letter.charCodeAt(0)),
      at,
    );
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * width, true);
  view.setUint16(32, width, true);
  view.setUint16(34, bits, true);
  text(36, 'data');
  view.setUint32(40, size, true);
  const full = 2 ** (bits - 1);
  // PCM of 8 bits is unsigned with its zero at 128; wider samples are signed.
  const zero = bits === 8 ? 128 : 0;
  for (let i = 0, at = 44; i < samples.length; i++, at += width) {
    const value = Math.max(-full, Math.min(full - 1, Math.round(samples[i]! * full))) + zero;
    for (let byte = 0; byte < width; byte++) bytes[at + byte] = Math.floor(value / 256 ** byte) & 255;
  }
  return bytes;
}
