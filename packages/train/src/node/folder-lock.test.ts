import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryStorage } from '../index.ts';
import { fileStorage } from './index.ts';

const root = mkdtempSync(join(tmpdir(), 'timestep-lock-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const refused = expect.objectContaining({ code: 'STORAGE_LOCKED' }) as Error;

let count = 0;
const fresh = (): string => join(root, String(count++));

/** A process that takes the lock of a folder, says so, and waits. */
async function owner(folder: string) {
  const code = `
    import { fileStorage } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    await fileStorage(${JSON.stringify(folder)}).lock();
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const node = [
    '--conditions=@timestep/source',
    '--disable-warning=ExperimentalWarning',
    '--input-type=module-typescript',
  ];
  const child = spawn(process.execPath, [...node, '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/** Puts a lock of someone else into a folder. */
function plant(folder: string, own: object | string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, '.lock'), typeof own === 'string' ? own : JSON.stringify(own));
}

it.each([
  ['memoryStorage', () => memoryStorage()],
  ['fileStorage', () => fileStorage(fresh())],
])('%s belongs to one run at a time', async (_name, make) => {
  const storage = make();
  const release = await storage.lock!();
  await expect(storage.lock!()).rejects.toThrow(refused);
  expect(await storage.list()).toEqual([]);
  await release();
  await (
    await storage.lock!()
  )();
  expect(await storage.list()).toEqual([]);
});

describe('the lock of a folder', () => {
  it('names the process that has it, and is free again when that is killed', async () => {
    const folder = fresh();
    const child = await owner(folder);
    const attempt = fileStorage(folder).lock!();
    await expect(attempt).rejects.toThrow(refused);
    await expect(attempt).rejects.toThrow(
      new RegExp(`at work in .*process ${child.pid} on ${hostname()}.*remove .*\\.lock`),
    );
    child.kill('SIGKILL');
    await once(child, 'close');
    expect(existsSync(join(folder, '.lock'))).toBe(true);
    const release = await fileStorage(folder).lock!();
    await release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is stale where the number belongs to a process that started at another time', async () => {
    const folder = fresh();
    const release = await fileStorage(folder).lock!();
    const own = JSON.parse(readFileSync(join(folder, '.lock'), 'utf8')) as { started: string | null };
    await release();
    plant(folder, { ...own, token: 'other', started: 'another boot 5' });
    if (own.started === null) utimesSync(join(folder, '.lock'), 0, 0);
    await (
      await fileStorage(folder).lock!()
    )();
  });

  it('of another machine is stale where it has not been touched for minutes', async () => {
    const folder = fresh();
    plant(folder, { token: 'far', pid: 1, host: 'elsewhere', started: null, since: 'yesterday' });
    await expect(fileStorage(folder).lock!()).rejects.toThrow(/process 1 on elsewhere/);
    const before = Date.now() / 1000 - 600;
    utimesSync(join(folder, '.lock'), before, before);
    await (
      await fileStorage(folder).lock!()
    )();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['', '{', 'null', '5', '{"token":1}', '{"token":"a","pid":-1,"host":"b"}'])(
    'that cannot be read (%s) is that of a process that starts, and is stale later',
    async (text) => {
      const folder = fresh();
      plant(folder, text);
      await expect(fileStorage(folder).lock!()).rejects.toThrow(refused);
      utimesSync(join(folder, '.lock'), 1, 1);
      await (
        await fileStorage(folder).lock!()
      )();
    },
  );

  it('has one winner where many come at once, also over a stale one', async () => {
    for (let round = 0; round < 10; round++) {
      const folder = fresh();
      if (round % 2 === 0) {
        plant(folder, { token: 'far', pid: 1, host: 'elsewhere', started: null, since: 'yesterday' });
        utimesSync(join(folder, '.lock'), 1, 1);
      }
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => fileStorage(folder).lock!()));
      const won = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      expect(won).toHaveLength(1);
      await won[0]!();
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});
