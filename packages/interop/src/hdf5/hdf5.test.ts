import type { File } from 'h5wasm';
import { describe, expect, it } from 'vitest';
import { createHdf5Reader } from '../node/hdf5.ts';
import { fixture } from '../test-support/fixtures.ts';
import { threadReader, type Hdf5Thread } from './in-worker.ts';
import { readHdf5 } from './read.ts';
import type { Hdf5Answer } from './types.ts';

const sound = fixture('keras-gru-reset-before.weights.h5');

/** A file written by the HDF5 library itself. */
async function write(fill: (file: File) => void): Promise<Uint8Array> {
  const library = await import('h5wasm');
  const { FS } = await library.ready;
  const file = new library.File('/made.h5', 'w');
  fill(file);
  file.close();
  return FS.readFile('/made.h5').slice();
}

describe('an HDF5 file', () => {
  it('is read with every number type, and other types are passed over', async () => {
    const file = await write((root) => {
      const group = root.create_group('a').create_group('b');
      group.create_dataset({ name: 'f32', data: Float32Array.of(1.5, -2), shape: [1, 2] });
      group.create_dataset({ name: 'f64', data: Float64Array.of(0.5) });
      group.create_dataset({ name: 'i64', data: BigInt64Array.of(7n, -8n) });
      group.create_dataset({ name: 'u8', data: Uint8Array.of(255) });
      group.create_dataset({ name: 'scalar', data: 3, shape: [], dtype: '<f' });
      group.create_dataset({ name: 'text', data: ['x', 'yz'] });
      root.create_dataset({ name: 'none', data: new Float32Array(0), shape: [0, 3] });
      root.create_dataset({
        name: 'packed',
        data: new Float32Array(64).fill(2),
        shape: [64],
        chunks: [16],
        compression: 'gzip',
      });
    });
    const datasets = await readHdf5(file);
    expect([...datasets].map(([path, { shape, data }]) => [path, shape, [...data.slice(0, 2)]])).toEqual([
      ['a/b/f32', [1, 2], [1.5, -2]],
      ['a/b/f64', [1], [0.5]],
      ['a/b/i64', [2], [7, -8]],
      ['a/b/scalar', [], [3]],
      ['a/b/u8', [1], [255]],
      ['none', [0, 3], []],
      ['packed', [64], [2, 2]],
    ]);
  });

  it('whose groups stand in a circle is refused', async () => {
    const file = await write((root) => {
      root.create_group('a').create_group('b');
      root.create_hard_link('a', 'a/b/c');
    });
    await expect(readHdf5(file)).rejects.toMatchObject({
      code: 'MALFORMED_FILE',
      message: expect.stringMatching(/deeper than 32 levels/) as unknown,
    });
  });

  it('that claims more than ten times its size is refused before anything is allocated', async () => {
    const file = await write((root) => {
      const dataset = root.create_dataset({
        name: 'huge',
        data: new Float32Array(4),
        shape: [4],
        maxshape: [null],
        chunks: [4],
      });
      dataset.resize([2 ** 28]);
    });
    await expect(readHdf5(file)).rejects.toMatchObject({
      code: 'READ_LIMIT',
      message: expect.stringMatching(/'huge' of shape \[268435456\] claims more than 10 times/) as unknown,
    });
  });
});

describe('a thread that reads', () => {
  it('is ended when it takes too long or dies, and the next file gets a fresh one', async () => {
    const fates: ((answer: (result: Hdf5Answer | Error) => void) => void)[] = [
      () => undefined,
      (answer) => answer(new Error('exit code 134')),
      (answer) => answer({ code: 'MALFORMED_FILE', message: '[hdf5] a trap', spent: true }),
      (answer) => answer({ datasets: [['x', { shape: [1], data: Float32Array.of(4) }]] }),
    ];
    let [started, ended] = [0, 0];
    const start = (): Hdf5Thread => {
      const fate = fates[started++]!;
      let answer: (result: Hdf5Answer | Error) => void = () => undefined;
      return { post: () => fate(answer), onAnswer: (given) => void (answer = given), terminate: () => void ended++ };
    };
    using read = threadReader(start, { timeLimit: 20 });
    const results = await Promise.allSettled([sound, sound, sound, sound].map((file) => read(file)));
    expect(
      results.map((result) =>
        result.status === 'rejected' ? (result.reason as { code: string }).code : [...result.value.keys()],
      ),
    ).toEqual(['READ_LIMIT', 'READ_LIMIT', 'MALFORMED_FILE', ['x']]);
    expect([started, ended]).toEqual([4, 3]);
  });

  it('keeps to its limit of memory', async () => {
    using tight = createHdf5Reader({ memoryLimit: 2 ** 20 });
    const large = await write((root) => void root.create_dataset({ name: 'x', data: new Float32Array(2 ** 22) }));
    await expect(tight(large)).rejects.toMatchObject({
      code: expect.stringMatching(/MALFORMED_FILE|READ_LIMIT/) as unknown,
    });
    using roomy = createHdf5Reader();
    expect((await roomy(large)).get('x')!.data.length).toBe(2 ** 22);
  });

  it('is gone after close, and a later file starts another', async () => {
    const read = createHdf5Reader();
    expect((await read(sound)).size).toBe(3);
    read.close();
    expect((await read(sound)).size).toBe(3);
    read.close();
  });
});
