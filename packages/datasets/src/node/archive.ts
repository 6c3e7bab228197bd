import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, copyFile, link, mkdir, open, readdir, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { DataError } from '../errors.ts';
import { fileError } from './file-error.ts';

/** The limits of `unpackTarGz`. */
export interface UnpackOptions {
  /** The maximum number of unpacked bytes, including entries that are not selected. 4 GiB by default */
  readonly maxBytes?: number | undefined;
  /** The maximum number of entries. 200,000 by default */
  readonly maxEntries?: number | undefined;
  /** The maximum ratio of unpacked to packed size, beyond the first 16 MiB. 200 by default; text reaches 20 */
  readonly maxRatio?: number | undefined;
}

const optionRules: OptionRules<UnpackOptions> = {
  maxBytes: is.optional(is.size()),
  maxEntries: is.optional(is.size()),
  maxRatio: is.optional(is.number({ min: 1 })),
};

/** A file that unpacks to less than this is harmless, whatever its ratio. */
const harmlessBytes = 16 * 2 ** 20;

type Limits = { readonly [Name in keyof UnpackOptions]-?: number };

/**
 * Extracts the selected files of a `.tar.gz` into one folder, under their base names. It reads the archive as a stream
 * and overwrites nothing. If it fails, it leaves no files behind.
 *
 * @param archive the path of the archive
 * @param folder the folder for the files; it is created if necessary
 * @param select returns true for the paths of the files to extract
 * @param options limits that protect against archives made to fill a disk
 * @returns the base names of the extracted files
 * @throws DataError `ARCHIVE_UNSAFE` if the selection contains a link, a device, an absolute path, a path with `..`, or
 *   two files of the same name; `ARCHIVE_TOO_LARGE` beyond a limit; `ARCHIVE_DAMAGED` if the file is cut off or not a
 *   `.tar.gz`; `ARCHIVE_EMPTY` if nothing was selected; `FILE_EXISTS` if the folder already has a file of that name;
 *   `DISK_FULL` and `FILE_FAILED` from the file system. ArgumentError for arguments of the wrong type
 * @example
 * await unpackTarGz('corpus.tar.gz', 'recordings', (path) => path.endsWith('.wav'));
 */
export async function unpackTarGz(
  archive: string,
  folder: string,
  select: (path: string) => boolean,
  options: UnpackOptions = {},
): Promise<string[]> {
  checkValue('unpackTarGz', 'archive', archive, is.string);
  checkValue('unpackTarGz', 'folder', folder, is.string);
  checkValue('unpackTarGz', 'select', select, is.function);
  checkOptions('unpackTarGz', options, optionRules);
  const { maxBytes = 4 * 2 ** 30, maxEntries = 200_000, maxRatio = 200 } = options;
  const limits = { maxBytes, maxEntries, maxRatio };
  const created = await makeFolder(folder);
  // The files get temporary names until all of them are extracted, so that a damaged archive leaves nothing behind.
  const scratch = join(folder, `.unpacking-${randomUUID()}`);
  try {
    await mkdir(scratch);
    const names = await unpackInto(scratch, archive, select, limits);
    if (names.length === 0) {
      throw new DataError(
        'ARCHIVE_EMPTY',
        archive,
        `[unpackTarGz] ${archive} holds none of the files expected in it; look at its contents with: tar -tzf ${archive}`,
      );
    }
    await moveAll(scratch, folder, names);
    await rm(scratch, { recursive: true });
    return names;
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    if (created && (await readdir(folder)).length === 0) await rmdir(folder);
    throw error instanceof DataError ? error : (fileError('unpackTarGz', folder, error) ?? error);
  }
}

async function makeFolder(folder: string): Promise<boolean> {
  try {
    return (await mkdir(folder, { recursive: true })) !== undefined;
  } catch (error) {
    throw fileError('unpackTarGz', folder, error) ?? error;
  }
}

async function unpackInto(
  scratch: string,
  archive: string,
  select: (path: string) => boolean,
  limits: Limits,
): Promise<string[]> {
  const names = new Set<string>();
  let entries = 0;
  const reader = streamOf(unzipped(archive, limits))
    .pipeThrough(createTarDecoder({ strict: true }))
    .getReader();
  try {
    for (let result = await nextOf(archive, reader); !result.done; result = await nextOf(archive, reader)) {
      if (++entries > limits.maxEntries)
        throw tooLarge(archive, `more than ${limits.maxEntries} entries`, 'maxEntries');
      const { header, body } = result.value;
      if (header.type === 'directory' || !select(header.name)) {
        // Read to the end: after `cancel`, the decoder of modern-tar 0.8.6 waits forever if a large file follows.
        await readBody(archive, body, () => undefined);
        continue;
      }
      const name = safeName(archive, result.value);
      if (names.has(name))
        throw unsafe(archive, `holds two files named ${JSON.stringify(name)}, the second as ${header.name}`);
      names.add(name);
      await writeBody(archive, body, join(scratch, name));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return [...names];
}

/** The unpacked bytes of the archive; an error beyond the limits. */
async function* unzipped(archive: string, { maxBytes, maxRatio }: Limits): AsyncGenerator<Uint8Array, void, void> {
  const file = createReadStream(archive);
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  let bytes = 0;
  try {
    for await (const chunk of file.pipe(gunzip) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(archive, `more than ${maxBytes} bytes`, 'maxBytes');
      if (bytes > harmlessBytes && bytes > maxRatio * file.bytesRead)
        throw tooLarge(archive, `more than ${maxRatio} times its size`, 'maxRatio');
      yield chunk;
    }
  } finally {
    file.destroy();
    gunzip.destroy();
  }
}

function streamOf<Item>(source: AsyncGenerator<Item, void, void>): ReadableStream<Item> {
  return new ReadableStream<Item>({
    async pull(controller) {
      const result = await source.next();
      if (result.done) controller.close();
      else controller.enqueue(result.value);
    },
    async cancel() {
      await source.return();
    },
  });
}

/** The name of the file for an entry, which must be a plain file inside the archive. */
function safeName(archive: string, { header }: ParsedTarEntry): string {
  const { name, type = 'file' } = header;
  if (type !== 'file') throw unsafe(archive, `holds ${JSON.stringify(name)}, a ${type}`);
  const parts = name.split('/');
  if (name.startsWith('/') || /^[A-Za-z]:/u.test(name))
    throw unsafe(archive, `holds ${JSON.stringify(name)}, an absolute path`);
  // On Windows, a backslash separates folders too.
  if (parts.includes('..') || /[\\\0]/u.test(name))
    throw unsafe(archive, `holds ${JSON.stringify(name)}, a path that leads out of it`);
  const last = parts.at(-1)!;
  if (last === '' || last === '.') throw unsafe(archive, `holds ${JSON.stringify(name)}, which names no file`);
  return last;
}

/** Passes each piece of a file to `take`. */
async function readBody(
  archive: string,
  body: ReadableStream<Uint8Array>,
  take: (piece: Uint8Array) => unknown,
): Promise<void> {
  const reader = body.getReader();
  for (let result = await nextOf(archive, reader); !result.done; result = await nextOf(archive, reader))
    await take(result.value);
}

async function writeBody(archive: string, body: ReadableStream<Uint8Array>, path: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await readBody(archive, body, (piece) => file.write(piece));
  } finally {
    await file.close();
  }
}

async function nextOf<Item>(archive: string, reader: ReadableStreamDefaultReader<Item>) {
  try {
    return await reader.read();
  } catch (error) {
    throw damaged(archive, error);
  }
}

/** Gives the files their names. Unlike a rename, a link or an exclusive copy never replaces an existing file. */
async function moveAll(scratch: string, folder: string, names: readonly string[]): Promise<void> {
  const moved: string[] = [];
  try {
    for (const name of names) {
      const path = join(folder, basename(name));
      await link(join(scratch, name), path).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
        // File systems without hard links, such as FAT.
        return copyFile(join(scratch, name), path, constants.COPYFILE_EXCL);
      });
      moved.push(path);
    }
  } catch (error) {
    for (const path of moved) await rm(path, { force: true });
    throw error;
  }
}

/** The error of a failed stream: one from this file or the file system is kept; any other means a damaged archive. */
function damaged(archive: string, error: unknown): unknown {
  if (error instanceof DataError) return error;
  const ofFile = fileError('unpackTarGz', archive, error);
  if (ofFile) return ofFile;
  return new DataError(
    'ARCHIVE_DAMAGED',
    archive,
    `[unpackTarGz] ${archive} is damaged or no .tar.gz archive (${error instanceof Error ? error.message : String(error)}); delete it and download it again`,
    { cause: error },
  );
}

function unsafe(archive: string, how: string): DataError {
  return new DataError(
    'ARCHIVE_UNSAFE',
    archive,
    `[unpackTarGz] ${archive} ${how}; expected plain files with different names: leave it out of the selection, or do not trust this archive`,
  );
}

function tooLarge(archive: string, how: string, option: string): DataError {
  return new DataError(
    'ARCHIVE_TOO_LARGE',
    archive,
    `[unpackTarGz] ${archive} unpacks to ${how}; raise ${option} if you trust it`,
  );
}
