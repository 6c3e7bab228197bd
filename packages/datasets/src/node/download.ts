import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ArgumentError, checkOptions, checkValue, is } from '@timestep/core';
import { DataError } from '../errors.ts';
import { type DownloadOptions, downloadRules } from './download-options.ts';
import { fileError } from './file-error.ts';
import { networkError } from './network-error.ts';
import { type Part, receive, StartAnew } from './receive.ts';

/**
 * Downloads a file, unless it already exists. The bytes are written to `file.part`, which is renamed to `file` when it is
 * complete and its checksum is right. If a process was interrupted, the next call continues `file.part` if there is a
 * checksum. Without one, it starts again, because it could not tell whether the two parts belong together.
 *
 * @returns true if the file was downloaded by this call
 * @throws DataError from the network: `HOST_NOT_FOUND`, `CONNECTION_REFUSED`, `OFFLINE`, `TLS_FAILED`, `TIMEOUT`,
 *   `CONNECTION_LOST`; from the server: `HTTP_STATUS`, `BAD_ANSWER`; `CHECKSUM_MISMATCH` (the partial file is deleted);
 *   from the disk: `DISK_FULL`, `FILE_FAILED`. ArgumentError for wrong options. The reason of the signal if it aborts
 * @example
 * await download({ url, file: join(cacheFolder(), 'corpus.tar.gz'), sha256 });
 */
export async function download(options: DownloadOptions): Promise<boolean> {
  checkOptions('download', options, downloadRules);
  const { url, file } = options;
  if (!URL.canParse(url) || !/^https?:$/u.test(new URL(url).protocol))
    throw new ArgumentError(`[download] expected url to begin with http:// or https://, got '${url}'`);
  const sha256 = options.sha256?.toLowerCase();
  try {
    if ((await sizeOf(file)) !== null && (!sha256 || (await sha256Of(file)) === sha256)) return false;
    await mkdir(dirname(file), { recursive: true });
    const path = `${file}.part`;
    if (!sha256) await rm(path, { force: true });
    await receiveAll(options, { path, validator: null, total: null });
    if (sha256) await checkSum(path, url, sha256);
    await flush(path);
    await rename(path, file);
    return true;
  } catch (error) {
    throw error instanceof DataError ? error : (fileError('download', file, error) ?? error);
  }
}

/** Tries until the file is complete. */
async function receiveAll(options: DownloadOptions, part: Part): Promise<void> {
  const { url, file, attempts = 3, signal } = options;
  for (let attempt = 1; ; attempt++) {
    const already = (await sizeOf(part.path)) ?? 0;
    try {
      return await receive(options, part, already);
    } catch (error) {
      signal?.throwIfAborted();
      if (fileError('download', part.path, error)) throw error;
      const { final, cause } = networkError(url, file, error);
      // If the partial file was deleted, the whole file has not been tried yet.
      if (error instanceof StartAnew && already > 0) attempt--;
      else if (final || attempt >= attempts) throw cause;
    }
  }
}

async function checkSum(path: string, url: string, sha256: string): Promise<void> {
  const actual = await sha256Of(path);
  if (actual === sha256) return;
  await rm(path);
  throw new DataError(
    'CHECKSUM_MISMATCH',
    url,
    `[download] ${url} is not the file it should be: expected SHA-256 ${sha256}, got ${actual}; try again, and if it happens twice the file has changed at its source`,
  );
}

/** Flushes the file to the disk before it is renamed, so that a file with its final name is complete after a power cut. */
async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Computes the SHA-256 of a file, in hexadecimal.
 *
 * @throws DataError `FILE_FAILED` if the file cannot be read
 * @example
 * await sha256Of('corpus.tar.gz');    // '8bc44cde…'
 */
export async function sha256Of(file: string): Promise<string> {
  checkValue('sha256Of', 'file', file, is.string);
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    throw fileError('sha256Of', file, error) ?? error;
  }
  return hash.digest('hex');
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    const found = await stat(file);
    if (!found.isDirectory()) return found.size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  throw new DataError('FILE_FAILED', file, `[download] could not write ${file}: it is a folder; choose another name`);
}
