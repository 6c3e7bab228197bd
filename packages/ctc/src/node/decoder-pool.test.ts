import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { CTCBeamDecoder } from '../decoder/decoder.ts';
import { randomArpa } from '../test-support/arpa.ts';
import { randomInteger, randomLogits, randomSource } from '../test-support/random.ts';
import { DecoderPool, readArpaFile } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ctc-'));
afterAll(() => rmSync(folder, { recursive: true }));
const random = randomSource(61);
const path = join(folder, 'model.arpa');
writeFileSync(path, randomArpa(random, ['<s>', '</s>', '<unk>', 'a', 'ab', 'ba'], 3));
const codeOf = (code: string) => expect.objectContaining({ code });

test('threads decode a batch as one thread does', async () => {
  const options = {
    tokens: ['', ' ', 'a', 'b'],
    wordSeparator: ' ',
    languageModel: await readArpaFile(path),
    lexicon: ['a', 'ab', 'ba'],
    hotWords: ['ab'],
    beamWidth: 20,
    nBest: 3,
  };
  const [T, N, C] = [30, 7, 4];
  const emissions = {
    data: randomLogits(random, T * N, C),
    shape: [T, N, C],
    lengths: Array.from({ length: N }, () => randomInteger(random, T + 1)),
  };
  await using pool = new DecoderPool(options, { threads: 2 });
  const expected = new CTCBeamDecoder(options).decode(emissions);
  expect(await pool.decode(emissions)).toEqual(expected);
  expect(await Promise.all([pool.decode(emissions), pool.decode(emissions)])).toEqual([expected, expected]);
  expect(await pool.decode({ data: [], shape: [0, 0, 4] })).toEqual([]);
});

test('errors reach the caller with their codes, and the pool goes on', async () => {
  expect(() => new DecoderPool({ tokens: ['', 'a'] }, { threads: 0 })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(() => new DecoderPool({ tokens: ['', 'a'], blank: 2 })).toThrow(codeOf('INVALID_BLANK'));
  const pool = new DecoderPool({ tokens: ['', 'a'] }, { threads: 1 });
  await expect(pool.decode({ data: [NaN, 0], shape: [1, 2] })).rejects.toThrow(codeOf('NAN_IN_EMISSIONS'));
  await expect(pool.decode({ data: [0, 0, 0], shape: [1, 3] })).rejects.toThrow(codeOf('SHAPE_MISMATCH'));
  await expect(pool.decode({ data: [0, 0, 0], shape: [3] })).rejects.toThrow(codeOf('SHAPE_MISMATCH'));
  expect((await pool.decode({ data: [0, 1], shape: [1, 2] }))[0]![0]!.text).toBe('a');
  const cut = pool.decode({ data: [0, 1], shape: [1, 2] });
  await Promise.all([expect(cut).rejects.toThrow(codeOf('DISPOSED')), pool.close()]);
  await expect(pool.decode({ data: [0, 1], shape: [1, 2] })).rejects.toThrow(codeOf('DISPOSED'));
  await pool.close();
});

test.each(['never used', 'used', 'used at the end'])(
  'a process with an open pool ends: %s',
  async (use) => {
    const script = `
    const { DecoderPool } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
    const pool = new DecoderPool({ tokens: ['', 'a'] }, { threads: 2 });
    const decode = () => pool.decode({ data: [0, 1], shape: [1, 2] }).then(([[{ text }]]) => console.log(text));
    if (${JSON.stringify(use)} === 'used') await decode();
    if (${JSON.stringify(use)} === 'used at the end') decode();
  `;
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    const flags = ['--conditions=@timestep/source', '--input-type=module', '--eval', script];
    // A process that is kept alive is ended after the time, and the promise rejects.
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd, timeout: 25_000 });
    expect(stdout.trim()).toBe(use === 'never used' ? '' : 'a');
  },
  30_000,
);

test('a file packed with gzip is unpacked', async () => {
  const packed = join(folder, 'model.arpa.gz');
  writeFileSync(packed, gzipSync(readFileSync(path)));
  expect((await readArpaFile(packed)).data).toEqual((await readArpaFile(path)).data);
});

test('a file that is missing or malformed is named', async () => {
  await expect(readArpaFile(join(folder, 'none.arpa'))).rejects.toThrow(codeOf('FILE_NOT_FOUND'));
  const broken = join(folder, 'broken.arpa');
  writeFileSync(broken, '\\data\\\nngram 1=1\n\\1-grams:\n-0.5x a\n\\end\\\n');
  await expect(readArpaFile(broken)).rejects.toThrow(
    expect.objectContaining({
      code: 'MALFORMED_ARPA',
      message: expect.stringMatching(/broken\.arpa: .*line 4/u) as string,
    }),
  );
});
