import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, download, unpackTarGz } from '@timestep/datasets/node';

/** The Free Spoken Digit Dataset, version 1.0.9: 2,500 recordings of five speakers, 12 MB, CC BY-SA 4.0. */
const original = {
  url: 'https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.9.tar.gz',
  sha256: '8bc44cde129d505cbbb6b365c09f80c663f2aa77578afc634e6141a2f87100c0',
};

export interface DigitsDownload {
  readonly onProgress: (received: number, total: number | null) => void;
  readonly signal?: AbortSignal | undefined;
  /** The system's cache folder by default */
  readonly cache?: string;
  /** Another archive of recordings, for tests */
  readonly archive?: { readonly url: string; readonly sha256: string };
  readonly fetch?: typeof fetch;
}

/**
 * The folder of the original recordings, fetched into the cache folder where they are not there yet.
 *
 * @throws DataError as `download` and `unpackTarGz` do
 */
export async function downloadDigits({
  onProgress,
  signal,
  cache = cacheFolder(),
  archive = original,
  fetch: fetchFrom,
}: DigitsDownload): Promise<string> {
  const folder = join(cache, 'free-spoken-digit-dataset-1.0.9');
  const recordings = join(folder, 'recordings');
  if (await exists(recordings)) return folder;
  const file = join(cache, 'free-spoken-digit-dataset-1.0.9.tar.gz');
  await download({
    ...archive,
    file,
    onProgress,
    ...(signal ? { signal } : {}),
    ...(fetchFrom ? { fetch: fetchFrom } : {}),
  });
  // Unpacked beside its place and renamed: an interruption leaves no folder that looks whole.
  const fresh = join(folder, 'recordings.partial');
  await rm(fresh, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await unpackTarGz(file, fresh, (path) => /\/recordings\/[^/]+\.wav$/u.test(path));
  await rename(fresh, recordings);
  return folder;
}

async function exists(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0;
  } catch {
    return false;
  }
}
