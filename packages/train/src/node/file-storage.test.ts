import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryStorage } from '../index.ts';
import { fileStorage } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'timestep-storage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe.each([
  ['memoryStorage', memoryStorage()],
  ['fileStorage', fileStorage(join(folder, 'deep', 'er'))],
])('%s', (_name, storage) => {
  it('writes, appends, lists, removes', async () => {
    expect(await storage.list()).toEqual([]);
    await storage.write('one.bin', [text('ab'), text(''), text('c')]);
    await storage.write('one.bin', [text('xyz')]);
    await storage.append('log', 'first\n');
    await storage.append('log', 'second\n');
    expect((await storage.list()).sort()).toEqual(['log', 'one.bin']);
    expect(new TextDecoder().decode(await storage.read('one.bin'))).toBe('xyz');
    expect(new TextDecoder().decode(await storage.read('log'))).toBe('first\nsecond\n');
    await storage.remove('log');
    await storage.remove('log');
    expect(await storage.list()).toEqual(['one.bin']);
  });

  it('refuses names that lead elsewhere, and says what is missing', async () => {
    for (const name of ['../up', 'a/b', '', '.hidden', 'a b'])
      await expect(storage.write(name, []), name).rejects.toThrow(/expected a name/);
    await expect(storage.read('none')).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('none') as string,
    });
  });
});

describe('fileStorage', () => {
  it('neither lists nor keeps what a kill left half written', async () => {
    const here = join(folder, 'killed');
    const storage = fileStorage(here);
    await storage.write('whole', [text('1')]);
    writeFileSync(join(here, 'half.partial'), '0');
    expect(await storage.list()).toEqual(['whole']);
    await storage.clean!();
    expect(readdirSync(here)).toEqual(['whole']);
  });

  it('tells of a path that cannot be', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(fileStorage(join(folder, 'file')).write('a', [])).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  // A limit on the size of files is the full disk that every user may have: the kernel stops the write half way.
  it.skipIf(process.platform === 'win32')('leaves the old file and the old log where the disk is full', () => {
    const here = join(folder, 'full');
    const code = `
      import { fileStorage } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
      const storage = fileStorage(${JSON.stringify(here)});
      await storage.write('state', [new Uint8Array(1000).fill(1)]);
      await storage.append('log', 'kept\\n');
      for (const attempt of [() => storage.write('state', [new Uint8Array(30000), new Uint8Array(60000)]), () => storage.append('log', 'x'.repeat(90000))]) {
        await attempt().then(() => console.log('written'), (error) => console.log(error.code, error.constructor.name));
      }`;
    const node = [
      process.execPath,
      '--conditions=@timestep/source',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module-typescript',
      '--eval',
      code,
    ];
    const { stdout, stderr } = spawnSync('/bin/sh', ['-c', 'ulimit -f 64; exec "$@"', 'sh', ...node], {
      encoding: 'utf8',
    });
    expect(stdout + stderr).toBe('STORAGE_FULL TrainError\nSTORAGE_FULL TrainError\n');
    expect(readdirSync(here).sort()).toEqual(['log', 'state']);
    expect(readFileSync(join(here, 'state'))).toEqual(Buffer.alloc(1000, 1));
    expect(readFileSync(join(here, 'log'), 'utf8')).toBe('kept\n');
  });
});
