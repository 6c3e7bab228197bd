import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DataError } from '../errors.ts';

export interface DownloadOptions {
  readonly url: string;
  /** Where the file ends up; its folder is created */
  readonly file: string;
  /** Of the whole file, in hexadecimal. Without it only the length that the server tells is checked */
  readonly sha256?: string;
  /** Called as bytes arrive; `total` is null where the server does not tell */
  readonly onProgress?: (received: number, total: number | null) => void;
  /** Stops the download; what has arrived stays, for the next try */
  readonly signal?: AbortSignal;
  /** Tries before giving up on a connection that breaks, each continuing where the last one stopped. 3 by default */
  readonly attempts?: number;
  /** The global `fetch` by default */
  readonly fetch?: typeof fetch;
}

/**
 * Fetches a file once: nothing happens where it is there already. What arrives goes into `file.part`, which the next
 * call continues after an interruption, and becomes `file` when it is whole and its checksum is right.
 *
 * @returns whether it was fetched now
 * @throws DataError `OFFLINE` where the host cannot be reached, `DOWNLOAD_FAILED` for an HTTP error or a connection
 * that
 *   keeps breaking, `CHECKSUM_MISMATCH` (the partial file is deleted)
 * @example
 * await download({ url, file: join(cacheFolder(), 'corpus.tar.gz'), sha256 });
 */
export async function download(options: DownloadOptions): Promise<boolean> {
  const { url, file, sha256, attempts = 3 } = options;
  if ((await sizeOf(file)) !== null && (!sha256 || (await sha256Of(file)) === sha256)) return false;
  await mkdir(dirname(file), { recursive: true });
  const part = `${file}.part`;
  for (let attempt = 1; ; attempt++) {
    try {
      await receive(options, part);
      break;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof DataError) throw error;
      if (isFileError(error)) {
        throw new DataError(
          'DOWNLOAD_FAILED',
          url,
          `[download] could not write ${part} (${error.message}); make room or choose another folder`,
          { cause: error },
        );
      }
      if (attempt >= attempts) throw unreachable(url, file, error);
    }
  }
  if (sha256) {
    const actual = await sha256Of(part);
    if (actual !== sha256) {
      await rm(part);
      throw new DataError(
        'CHECKSUM_MISMATCH',
        url,
        `[download] ${url} is not the file it should be: expected SHA-256 ${sha256}, got ${actual}; try again, and if it happens twice the file has changed at its source`,
      );
    }
  }
  await rename(part, file);
  return true;
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** One connection: continues `part` where the server lets it, else starts anew. */
async function receive(
  { url, onProgress, signal, fetch: fetchFrom = fetch }: DownloadOptions,
  part: string,
): Promise<void> {
  const already = (await sizeOf(part)) ?? 0;
  const response = await fetchFrom(url, {
    headers: already > 0 ? { Range: `bytes=${already}-` } : {},
    ...(signal ? { signal } : {}),
  });
  // 416: nothing lies beyond what is here. Either it is whole, or the file has become shorter; the total tells.
  if (response.status === 416) {
    await response.body?.cancel();
    if (Number(/\/(\d+)$/u.exec(response.headers.get('content-range') ?? '')?.[1]) === already) return;
    await rm(part, { force: true });
    throw new Error('the partial file did not fit and was deleted');
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw new DataError(
      'DOWNLOAD_FAILED',
      url,
      `[download] ${url} answered ${response.status} ${response.statusText}, expected the file; check the address`,
    );
  }
  const start = response.status === 206 ? already : 0;
  const length = response.headers.get('content-length');
  const total = length === null || response.headers.has('content-encoding') ? null : start + Number(length);
  let received = start;
  await pipeline(
    response.body,
    async function* count(chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        received += chunk.length;
        onProgress?.(received, total);
        yield chunk;
      }
    },
    createWriteStream(part, { flags: start > 0 ? 'a' : 'w' }),
    signal ? { signal } : {},
  );
  if (total !== null && received < total) throw new Error(`the connection ended after ${received} of ${total} bytes`);
}

function unreachable(url: string, file: string, error: unknown): DataError {
  const reason =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  const { host } = new URL(url);
  // What fetch throws before any answer came; a connection that broke later has no such message.
  const offline = error instanceof TypeError && error.message === 'fetch failed';
  return new DataError(
    offline ? 'OFFLINE' : 'DOWNLOAD_FAILED',
    url,
    `[download] ${offline ? `could not reach ${host}` : `the connection to ${host} broke`} (${reason}); check the network and run this again, it continues where it stopped, or fetch ${url} elsewhere and save it as ${file}`,
    { cause: error },
  );
}

/**
 * An error of the file system and not of the network, such as ENOSPC or EACCES: both have a code, only it names a call
 * on a file.
 */
function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error && 'syscall' in error && ['open', 'write', 'close', 'mkdir'].includes(String(error.syscall))
  );
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch {
    return null;
  }
}
