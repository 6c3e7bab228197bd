import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar, type TarEntry } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unpackTarGz } from './index.ts';

const codeOf = (code: string) => expect.objectContaining({ code });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'timestep-archive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (name: string, text = `content of ${name}`): TarEntry => ({
  header: { name, size: Buffer.byteLength(text), type: 'file' },
  body: text,
});

async function pack(entries: readonly TarEntry[]): Promise<Buffer> {
  return gzipSync(await packTar(entries));
}

async function unpack(
  entries: readonly TarEntry[],
  select: (path: string) => boolean = () => true,
  options = {},
): Promise<string[]> {
  writeFileSync(join(folder, 'a.tar.gz'), await pack(entries));
  return unpackTarGz(join(folder, 'a.tar.gz'), join(folder, 'out'), select, options);
}

test('gives the selected files, flat, and nothing else', async () => {
  const names = await unpack(
    [
      { header: { name: 'corpus/', size: 0, type: 'directory' } },
      file('corpus/recordings/1_a_0.wav'),
      file('corpus/notes.txt'),
      file('corpus/recordings/2_a_0.wav'),
      file('corpus/../../evil.txt'),
      { header: { name: 'corpus/link.txt', size: 0, type: 'symlink', linkname: '/etc/passwd' } },
      file(`corpus/${'long'.repeat(60)}.wav`, 'x'.repeat(200_000)),
    ],
    (path) => path.endsWith('.wav'),
  );
  const expected = ['1_a_0.wav', '2_a_0.wav', `${'long'.repeat(60)}.wav`];
  expect(names).toEqual(expected);
  expect(readdirSync(join(folder, 'out')).toSorted()).toEqual(expected.toSorted());
  expect(readFileSync(join(folder, 'out', '2_a_0.wav'), 'utf8')).toBe('content of corpus/recordings/2_a_0.wav');
  expect(readFileSync(join(folder, 'out', expected[2]!), 'utf8')).toBe('x'.repeat(200_000));
  expect(readdirSync(folder).toSorted()).toEqual(['a.tar.gz', 'out']);
});

describe('a selection that is not safe leaves nothing behind', () => {
  const link = (type: 'symlink' | 'link' | 'fifo' | 'character-device'): TarEntry => ({
    header: { name: 'b.wav', size: 0, type, linkname: 'a.wav' },
  });

  test.each<[string, TarEntry[]]>([
    ['a symbolic link', [file('a.wav'), link('symlink')]],
    ['a hard link', [file('a.wav'), link('link')]],
    ['a pipe', [link('fifo')]],
    ['a device', [link('character-device')]],
    ['an absolute path', [file('/etc/a.wav')]],
    ['an absolute path of Windows', [file('C:/a.wav')]],
    ['a path that leads out', [file('a.wav'), file('../a2.wav')]],
    ['a path that leads out further down', [file('b/../../a2.wav')]],
    ['the folder above', [file('b/..')]],
    ['a path of Windows that leads out', [file('..\\a.wav')]],
    ['two files of one name', [file('a/1.wav'), file('b/1.wav')]],
    ['the same file twice', [file('a/1.wav'), file('a/1.wav')]],
  ])('%s', async (_, entries) => {
    await expect(unpack(entries)).rejects.toThrow(codeOf('ARCHIVE_UNSAFE'));
    expect(readdirSync(folder)).toEqual(['a.tar.gz']);
  });
});

test('a file that is there is not overwritten, and none of the others is left', async () => {
  mkdirSync(join(folder, 'out'));
  writeFileSync(join(folder, 'out', 'b.wav'), 'mine');
  await expect(unpack([file('a.wav'), file('b.wav'), file('c.wav')])).rejects.toThrow(codeOf('FILE_EXISTS'));
  expect(readdirSync(join(folder, 'out'))).toEqual(['b.wav']);
  expect(readFileSync(join(folder, 'out', 'b.wav'), 'utf8')).toBe('mine');
});

describe('limits', () => {
  test.each<[string, object, TarEntry[]]>([
    ['maxBytes', { maxBytes: 100_000 }, [file('a.wav'), file('big', 'x'.repeat(200_000))]],
    ['maxEntries', { maxEntries: 2 }, [file('a.wav'), file('b'), file('c')]],
    ['maxRatio', { maxRatio: 50 }, [file('a.wav'), file('big', 'x'.repeat(30_000_000))]],
    ['maxRatio', {}, [file('a.wav'), file('big', 'x'.repeat(30_000_000))]],
  ])('%s holds for what is not selected too', async (name, options, entries) => {
    const attempt = unpack(entries, (path) => path.endsWith('.wav'), options);
    await expect(attempt).rejects.toThrow(codeOf('ARCHIVE_TOO_LARGE'));
    await expect(attempt).rejects.toThrow(`raise ${name}`);
    expect(readdirSync(folder)).toEqual(['a.tar.gz']);
  });

  test('can be raised', async () => {
    const entries = [file('big.wav', 'x'.repeat(30_000_000))];
    expect(await unpack(entries, undefined, { maxRatio: 2000 })).toEqual(['big.wav']);
  });
});

test('damaged archives are told from unreadable ones and from those that hold nothing wanted', async () => {
  const unpackBytes = (bytes: Uint8Array) => {
    writeFileSync(join(folder, 'bad.tar.gz'), bytes);
    return unpackTarGz(join(folder, 'bad.tar.gz'), join(folder, 'out'), () => true);
  };
  const whole = await pack([file('a.wav', 'x'.repeat(3000)), file('b.wav')]);
  await expect(unpackBytes(Buffer.from('no archive'))).rejects.toThrow(codeOf('ARCHIVE_DAMAGED'));
  await expect(unpackBytes(gzipSync(Buffer.alloc(3000, 7)))).rejects.toThrow(codeOf('ARCHIVE_DAMAGED'));
  for (let length = 0; length < whole.length; length += 7)
    await expect(unpackBytes(whole.subarray(0, length))).rejects.toThrow(codeOf('ARCHIVE_DAMAGED'));
  const cut = gzipSync((await packTar([file('a.wav', 'x'.repeat(3000))])).subarray(0, 2000));
  await expect(unpackBytes(cut)).rejects.toThrow(codeOf('ARCHIVE_DAMAGED'));
  await expect(unpack([file('a.wav')], () => false)).rejects.toThrow(codeOf('ARCHIVE_EMPTY'));
  await expect(unpackTarGz(join(folder, 'none'), join(folder, 'out'), () => true)).rejects.toThrow(
    codeOf('FILE_FAILED'),
  );
  await expect(unpackTarGz(join(folder, 'a.tar.gz'), join(folder, 'a.tar.gz'), () => true)).rejects.toThrow(
    codeOf('FILE_EXISTS'),
  );
  expect(readdirSync(folder).toSorted()).toEqual(['a.tar.gz', 'bad.tar.gz']);
});

test('a selection that throws leaves nothing behind', async () => {
  const select = (path: string): boolean => {
    if (path === 'b.wav') throw new RangeError('mine');
    return true;
  };
  const attempt = unpack([file('a.wav'), file('b.wav')], select);
  await expect(attempt).rejects.toThrow(new RangeError('mine'));
  expect(readdirSync(folder)).toEqual(['a.tar.gz']);
});

const all = (): boolean => true;

test.each([
  [5, 'out', all, {}],
  ['a', null, all, {}],
  ['a', 'out', '.wav', {}],
  ['a', 'out', all, { maxByte: 5 }],
  ['a', 'out', all, { maxBytes: 0 }],
])('refuses wrong arguments: %j, %j, %j, %j', async (...values) => {
  await expect(unpackTarGz(...(values as unknown as Parameters<typeof unpackTarGz>))).rejects.toThrow(
    codeOf('INVALID_ARGUMENT'),
  );
});
