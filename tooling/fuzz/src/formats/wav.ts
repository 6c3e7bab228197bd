import { DataError, encodeWav, readWav } from '@timestep/datasets';
import type { Format } from '../format.ts';
import { joined, mutateBytes, oddNumbers } from '../mutate/bytes.ts';
import type { Random } from '../random.ts';

export const format: Format = {
  seeds: () => {
    const waveform = { samples: Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)), sampleRate: 8000 };
    const files = [8, 16, 24, 32].map((bits) => encodeWav(waveform, { bits: bits as 8 }));
    const [narrow] = files;
    const long = joined(narrow!.subarray(0, 12), ds64(40n), narrow!.subarray(12));
    long.set(new TextEncoder().encode('RF64'));
    return [
      ...files,
      encodeWav(waveform, { encoding: 'float' }),
      encodeWav(waveform, { encoding: 'float', bits: 64 }),
      long,
    ];
  },
  mutate: mutateChunks,
  read: (bytes) => readWav(bytes, { dtype: 'float64' }),
  isTyped: (error) => error instanceof DataError,
};

function ds64(length: bigint): Uint8Array {
  const chunk = new Uint8Array(8 + 28);
  chunk.set(new TextEncoder().encode('ds64'));
  const view = new DataView(chunk.buffer);
  view.setUint32(4, 28, true);
  view.setBigUint64(16, length, true);
  return chunk;
}

/** Drops, doubles and reorders chunks, changes their lengths, and the fields of the format. */
function mutateChunks(bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 12; at + 8 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at + 4, true);
    chunks.push(bytes.slice(at, end + (end % 2)));
    at = end + (end % 2);
  }
  for (let times = 1 + random.integer(3); times > 0 && chunks.length > 0; times--) {
    const at = random.integer(chunks.length);
    const chunk = chunks[at]!;
    const kind = random.integer(6);
    if (kind === 0) chunks.splice(at, 1);
    else if (kind === 1) chunks.splice(random.integer(chunks.length), 0, chunk.slice());
    else if (kind === 2) chunks.push(...chunks.splice(at, 1));
    else if (kind === 3 && chunk.length >= 8) new DataView(chunk.buffer).setUint32(4, random.pick(oddNumbers), true);
    else if (kind === 4) chunks[at] = mutateBytes(chunk, random, chunks);
    else if (chunk.length >= 24)
      new DataView(chunk.buffer).setUint16(8 + 2 * random.integer(8), random.pick(oddNumbers), true);
  }
  const out = joined(bytes.subarray(0, 12), ...chunks);
  if (random.chance(0.1)) out.set(new TextEncoder().encode(random.pick(['RIFX', 'RF64', 'BW64', 'RIFF'])));
  return random.chance(0.05) ? mutateBytes(out, random, seeds) : out;
}
