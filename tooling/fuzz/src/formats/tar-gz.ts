import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DataError } from '@timestep/datasets';
import { unpackTarGz } from '@timestep/datasets/node';
import { packTar, type TarEntry } from 'modern-tar';
import type { Format } from '../format.ts';
import { mutateBytes } from '../mutate/bytes.ts';
import type { Random } from '../random.ts';

const file = (name: string, size: number): TarEntry => ({
  header: { name, size, type: 'file' },
  body: new Uint8Array(size).fill(65),
});

export const format: Format = {
  seeds: async () => {
    const archives = [
      [file('a/b.wav', 20), file('a/c.wav', 600)],
      [
        { header: { name: 'd/', size: 0, type: 'directory' as const } },
        file(`d/${'long'.repeat(60)}.wav`, 1500),
        file('d/notes', 0),
      ],
      [file('e.wav', 70_000), file('f.wav', 3)],
    ];
    return Promise.all(archives.map(async (entries) => gzipSync(await packTar(entries))));
  },
  mutate: mutateInside,
  read: async (bytes) => {
    const folder = await mkdtemp(join(tmpdir(), 'timestep-fuzz-'));
    try {
      await writeFile(join(folder, 'a.tar.gz'), bytes);
      await unpackTarGz(join(folder, 'a.tar.gz'), join(folder, 'out'), (path) => !path.includes('b'));
    } finally {
      await rm(folder, { recursive: true });
    }
  },
  isTyped: (error) => error instanceof DataError,
};

/** Damages what was compressed, mostly the headers, and puts their checksums right again. */
function mutateInside(bytes: Uint8Array, random: Random): Uint8Array {
  let tar: Uint8Array;
  try {
    tar = Uint8Array.from(gunzipSync(bytes));
  } catch {
    return bytes;
  }
  const starts = Array.from({ length: Math.floor(tar.length / 512) }, (_, i) => 512 * i).filter(
    (at) => tar[at + 257] === 0x75,
  );
  for (let times = 1 + random.integer(3); times > 0 && starts.length > 0; times--) {
    const header = tar.subarray(random.pick(starts)).subarray(0, 512);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-assertion -- without it the type is inferred otherwise
    const [at, length] = random.pick([
      [0, 100],
      [100, 8],
      [124, 12],
      [148, 8],
      [156, 1],
      [157, 100],
      [257, 8],
      [345, 155],
    ]) as [number, number];
    const field = mutateBytes(header.slice(at, at + length), random).subarray(0, length);
    header.set(field, at);
    if (at === 156 && random.chance(0.7))
      header[156] = random.pick([...'01234567xgLKSV'].map((letter) => letter.charCodeAt(0)));
    if (at === 124 && random.chance(0.5))
      header.set(
        new TextEncoder().encode(
          random
            .integer(2 ** 31)
            .toString(8)
            .padStart(11, '0'),
        ),
        124,
      );
    if (random.chance(0.9)) sign(header);
  }
  return gzipSync(random.chance(0.2) ? mutateBytes(tar, random) : tar);
}

function sign(header: Uint8Array): void {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
}
