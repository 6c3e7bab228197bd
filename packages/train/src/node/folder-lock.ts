import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TrainError } from '../errors.ts';

/** The file's name; no storage lists it, since names there do not begin with a dot. */
const lockName = '.lock';
/** How often an owner shows that it is alive, and after how long without that it counts as dead, in milliseconds. */
const [beatEvery, deadAfter] = [15_000, 120_000];

/** Who has a folder. */
interface Owner {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** When the process started, as its system tells; null where it does not. */
  readonly started: string | null;
  readonly since: string;
}

/**
 * Takes a folder for this process. The lock survives a crash of its owner by being found stale: on the same machine
 * where no process of that number and start time lives any more, elsewhere where the file has not been touched for
 * two minutes.
 *
 * @returns what gives it back
 * @throws TrainError `STORAGE_LOCKED` where a living process has it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, lockName);
  const own: Owner = {
    token: randomUUID(),
    pid: process.pid,
    host: hostname(),
    started: await startOf(process.pid),
    since: new Date().toISOString(),
  };
  while (!(await create(path, own))) {
    const other = await readOwner(path);
    if (other === 'gone') continue;
    if (await isAlive(path, other)) throw locked(folder, other);
    await removeStale(path, other);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, beatEvery);
  beat.unref();
  return async () => {
    clearInterval(beat);
    const owner = await readOwner(path);
    if (typeof owner === 'object' && owner?.token === own.token) await rm(path, { force: true });
  };
}

/** Creates the file with its contents at once; false where there is one. */
async function create(path: string, owner: Owner): Promise<boolean> {
  const text = `${JSON.stringify(owner)}\n`;
  const draft = `${path}.${owner.token}.partial`;
  try {
    await writeFile(draft, text);
    await link(draft, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EEXIST') return false;
    // Another owner has swept the draft away with other remains: try again.
    if (code === 'ENOENT') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS' && code !== 'EOPNOTSUPP') throw error;
    // A file system without hard links: a reader may find the file empty for a moment, and then takes it for alive.
    return await writeFile(path, text, { flag: 'wx' }).then(
      () => true,
      (again: unknown) => {
        if ((again as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw again;
      },
    );
  } finally {
    await rm(draft, { force: true });
  }
}

/** Null for a file that names no owner. */
async function readOwner(path: string): Promise<Owner | null | 'gone'> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    const { token, pid, host, started, since } = (JSON.parse(text) ?? {}) as Partial<Record<keyof Owner, unknown>>;
    const isOwner =
      typeof token === 'string' && typeof host === 'string' && Number.isSafeInteger(pid) && Number(pid) > 0;
    if (!isOwner) return null;
    return {
      token,
      host,
      pid: Number(pid),
      started: typeof started === 'string' ? started : null,
      since: String(since),
    };
  } catch {
    return null;
  }
}

async function isAlive(path: string, owner: Owner | null): Promise<boolean> {
  if (owner?.host === hostname()) {
    if (!exists(owner.pid)) return false;
    const started = await startOf(owner.pid);
    if (started !== null && owner.started !== null) return started === owner.started;
  }
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < deadAfter;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Tells a process from another one that has its number later: on Linux the boot and the tick at which it started. */
async function startOf(pid: number): Promise<string | null> {
  if (process.platform !== 'linux') return null;
  try {
    const [line, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The name, in parentheses, may hold anything; the start time is field 22, the 20th behind it.
    const [state, ...fields] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? 'ended' : `${boot.trim()} ${fields[18]}`;
  } catch {
    return null;
  }
}

/** Removes a stale lock, unless another process has just taken its place. */
async function removeStale(path: string, stale: Owner | null): Promise<void> {
  const aside = `${path}.${randomUUID()}.partial`;
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = await readOwner(aside);
  const token = typeof taken === 'object' ? taken?.token : undefined;
  // It was not the stale one: put it back, which fails where there is a third by now.
  if (token !== undefined && token !== stale?.token) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function locked(folder: string, owner: Owner | null): TrainError {
  const who = owner ? `process ${owner.pid} on ${owner.host}, since ${owner.since}` : 'a process that is starting';
  return new TrainError(
    'STORAGE_LOCKED',
    `[storage] another run is at work in ${folder}: ${who}; wait for it or use another folder. Where you know that it has ended, remove ${join(folder, lockName)}`,
  );
}
