import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseTarGzip } from 'nanotar';
import { DataError } from '../errors.ts';

/**
 * Writes files of a `.tar.gz` into one folder, under their base names, so that no path in the archive leads elsewhere.
 *
 * @param archive path of the archive, which is read into memory
 * @param select which of its files to write, by their paths
 * @returns the base names of the files written
 * @throws DataError `DOWNLOAD_FAILED` for an archive that cannot be read or holds nothing that was selected
 */
export async function unpackTarGz(
  archive: string,
  folder: string,
  select: (path: string) => boolean,
): Promise<string[]> {
  let entries;
  try {
    entries = await parseTarGzip(await readFile(archive));
  } catch (error) {
    throw new DataError(
      'DOWNLOAD_FAILED',
      archive,
      `[unpackTarGz] ${archive} is damaged or no .tar.gz archive; delete it and download it again`,
      { cause: error },
    );
  }
  const chosen = entries.filter((entry) => entry.data !== undefined && select(entry.name));
  if (chosen.length === 0)
    throw new DataError('DOWNLOAD_FAILED', archive, `[unpackTarGz] ${archive} holds none of the files expected in it`);
  await mkdir(folder, { recursive: true });
  for (const entry of chosen) await writeFile(join(folder, basename(entry.name)), entry.data!);
  return chosen.map((entry) => basename(entry.name));
}
