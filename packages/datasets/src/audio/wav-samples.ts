import type { WavChunks } from './riff.ts';

/**
 * Decodes the `data` chunk and averages the channels. An integer k of b bits becomes `k/2^(b−1)`; 8-bit integers are
 * stored as k + 128. The packages on npm divide positive integers by 2^(b−1) − 1 instead, so that a file changes when it
 * is read and written again.
 *
 * @param samples `[frames]`, receives the result
 */
export function decodeSamples(chunks: WavChunks, samples: Float32Array | Float64Array): void {
  const { data, channels, bytesPerSample, bytesPerFrame } = chunks;
  const sampleAt = sampleReader(chunks);
  const frames = data.length / bytesPerFrame;
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    // Do not start the sum with 0: that would turn −0 into 0.
    let sum = sampleAt(at);
    at += bytesPerSample;
    for (let channel = 1; channel < channels; channel++, at += bytesPerSample) sum += sampleAt(at);
    samples[frame] = channels === 1 ? sum : sum / channels;
  }
}

function sampleReader({ data, encoding, bytesPerSample, littleEndian }: WavChunks): (at: number) => number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (encoding === 'float')
    return bytesPerSample === 4 ? (at) => view.getFloat32(at, littleEndian) : (at) => view.getFloat64(at, littleEndian);
  if (bytesPerSample === 1) return (at) => (view.getUint8(at) - 128) / 2 ** 7;
  if (bytesPerSample === 2) return (at) => view.getInt16(at, littleEndian) / 2 ** 15;
  if (bytesPerSample === 4) return (at) => view.getInt32(at, littleEndian) / 2 ** 31;
  return littleEndian
    ? (at) => (view.getInt8(at + 2) * 65536 + view.getUint16(at, true)) / 2 ** 23
    : (at) => (view.getInt8(at) * 65536 + view.getUint16(at + 1, false)) / 2 ** 23;
}
