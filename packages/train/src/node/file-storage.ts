import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArgumentError, describe } from '@timestep/core';
import { TrainError } from '../errors.ts';
import { lockFolder } from './folder-lock.ts';
import { checkName, type Storage } from '../storage/storage.ts';

const partial = '.partial';

/**
 * A folder as a storage; it is made at the first write. A file is written beside its place, flushed to the disk and
 * renamed, so that a kill or a power cut at any moment leaves the old one or the new one. One run at a time has the
 * folder: a second process gets `STORAGE_LOCKED`, and a lock that a crash left behind is found stale.
 *
 * @param folder its path
 * @throws ArgumentError for something other than a path; its methods throw TrainError `STORAGE_FULL`, `STORAGE_FAILED`
 *   and `STORAGE_LOCKED`
 * @example
 * ```ts
 * const trainer = new Trainer({ model, loss, optimizer, data, storage: fileStorage('runs/digits') });
 * ```
 */
export function fileStorage(folder: string): Storage {
  if (typeof folder !== 'string' || folder === '')
    throw new ArgumentError(`[fileStorage] expected the path of a folder, got ${describe(folder)}`);
  const names = async (): Promise<string[]> => {
    try {
      return await readdir(folder);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  };
  const onFile = async <Result>(
    what: string,
    name: string,
    action: (path: string) => Promise<Result>,
  ): Promise<Result> => {
    checkName(name);
    const path = join(folder, name);
    return await explained(`${what} ${path}`, () => action(path));
  };
  return {
    list: () =>
      explained(`list ${folder}`, async () =>
        (await names()).filter((name) => !name.endsWith(partial) && !name.startsWith('.')),
      ),
    read: (name) => onFile('read', name, (path) => readFile(path)),
    write: (name, pieces) =>
      onFile('write', name, async (path) => {
        await mkdir(folder, { recursive: true });
        const fresh = path + partial;
        try {
          await using file = await open(fresh, 'w');
          await file.writeFile(pieces as readonly Uint8Array<ArrayBuffer>[]);
          await file.sync();
        } catch (error) {
          await rm(fresh, { force: true });
          throw error;
        }
        await rename(fresh, path);
        await flushFolder(folder);
      }),
    append: (name, text) =>
      onFile('append to', name, async (path) => {
        await mkdir(folder, { recursive: true });
        await using file = await open(path, 'a');
        const { size } = await file.stat();
        try {
          await file.appendFile(text);
        } catch (error) {
          await file.truncate(size);
          throw error;
        }
      }),
    remove: (name) => onFile('remove', name, (path) => rm(path, { force: true })),
    lock: () => explained(`lock ${folder}`, () => lockFolder(folder)),
    clean: () =>
      explained(`clean ${folder}`, async () => {
        for (const name of await names()) if (name.endsWith(partial)) await rm(join(folder, name), { force: true });
      }),
  };
}

/** Makes a rename durable. Windows cannot open a folder, and needs it not. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(folder, 'r');
  await handle.sync();
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** What the system says of a disk, a quota or a file size limit that is used up. */
const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

async function explained<Result>(what: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof TrainError) throw error;
    const code = codeOf(error);
    if (full.has(code))
      throw new TrainError(
        'STORAGE_FULL',
        `[storage] could not ${what}: no room is left (${code}); free some, then resume from the last checkpoint, which is whole`,
        { cause: error },
      );
    if (code)
      throw new TrainError('STORAGE_FAILED', `[storage] could not ${what}: ${(error as Error).message}`, {
        cause: error,
      });
    throw error;
  }
}
