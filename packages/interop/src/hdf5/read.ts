import { toBytes, type Bytes } from '@timestep/core';
import type { Dataset, Entity, Group } from 'h5wasm';
import { InteropError, ensure } from '../errors.ts';
import { loadLibrary, type Library, type LibraryModule } from './library.ts';
import type { Hdf5Dataset, Hdf5Datasets } from './types.ts';

/** The maximum depth of groups. Files of models have six levels; links may form a circle. */
const maxDepth = 32;
const maxObjects = 100_000;
/** The maximum ratio of elements to bytes. A damaged file may claim more; compressed files hold more than their size. */
const maxGrowth = 10;
const leastRoom = 2 ** 20;

/** The numbers of HDF5's type classes: integers and floats. */
const [integerClass, floatClass] = [0, 1];

/**
 * Reads the numeric datasets of an HDF5 file in this thread. Use it only for files that you trust: a damaged file may
 * keep the library busy for ever. For other files, use a worker (`hdf5InWorker`, or `createHdf5Reader` of
 * `@timestep/interop/node`).
 *
 * @param file the bytes of the file
 * @throws InteropError `MALFORMED_FILE`, `READ_LIMIT`, or `MISSING_PACKAGE` if h5wasm is not installed; ArgumentError for
 *   anything but bytes
 * @example
 * const datasets = await readHdf5(await readFile('model.weights.h5'));
 */
export async function readHdf5(file: Bytes): Promise<Hdf5Datasets> {
  const bytes = toBytes('readHdf5', file);
  const { library, module } = await loadLibrary();
  try {
    return readWith(library, module, bytes);
  } catch (error) {
    throw asInteropError(error);
  }
}

/** Reads a file with a library that has been loaded. */
export function readWith(library: Library, { FS }: LibraryModule, file: Uint8Array): Hdf5Datasets {
  const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
  ensure(
    signature.every((byte, n) => file[n] === byte),
    'MALFORMED_FILE',
    () => '[hdf5] the file does not start like an HDF5 file',
  );
  const path = '/file.h5';
  FS.writeFile(path, file);
  const opened = (() => {
    try {
      return new library.File(path, 'r');
    } catch (error) {
      FS.unlink(path);
      throw error;
    }
  })();
  try {
    const walk = new Walk(library, Math.max(leastRoom, maxGrowth * file.byteLength));
    walk.group(opened, '', 0);
    return walk.found;
  } finally {
    opened.close();
    FS.unlink(path);
  }
}

class Walk {
  readonly found = new Map<string, Hdf5Dataset>();
  readonly #library: Library;
  #objects = 0;
  #room: number;

  constructor(library: Library, room: number) {
    this.#library = library;
    this.#room = room;
  }

  group(group: Group, path: string, depth: number): void {
    ensure(
      depth <= maxDepth,
      'MALFORMED_FILE',
      () => `[hdf5] groups are nested deeper than ${maxDepth} levels at '${path.slice(0, 80)}'`,
    );
    for (const name of group.keys()) {
      this.#objects += 1;
      ensure(
        this.#objects <= maxObjects,
        'MALFORMED_FILE',
        () => `[hdf5] the file has more than ${maxObjects} objects`,
      );
      const entity: Entity | null = group.get(name);
      const place = path === '' ? name : `${path}/${name}`;
      if (entity instanceof this.#library.Group) this.group(entity, place, depth + 1);
      else if (entity instanceof this.#library.Dataset) this.#dataset(entity, place);
    }
  }

  /** Reads a dataset of numbers; other types are skipped. */
  #dataset(dataset: Dataset, path: string): void {
    const { type, size, shape, vlen } = dataset.metadata;
    if (vlen || shape === null || (type !== integerClass && type !== floatClass) || ![1, 2, 4, 8].includes(size))
      return;
    const count = shape.reduce((product, length) => product * length, 1);
    this.#room -= count * Math.max(size, 4);
    ensure(
      Number.isSafeInteger(count) && this.#room >= 0,
      'READ_LIMIT',
      () =>
        `[hdf5] dataset '${path}' of shape [${shape.join(', ')}] claims more than ${maxGrowth} times the file's size`,
    );
    const value: unknown = dataset.value;
    const single = typeof value === 'number' || typeof value === 'bigint' ? [value] : value;
    ensure(
      single instanceof Array || ArrayBuffer.isView(single),
      'MALFORMED_FILE',
      () => `[hdf5] dataset '${path}' cannot be read`,
    );
    const data =
      single instanceof Float32Array ? single : Float32Array.from(single as Iterable<number | bigint>, Number);
    ensure(
      data.length === count,
      'MALFORMED_FILE',
      () => `[hdf5] dataset '${path}' of shape [${shape.join(', ')}] holds ${data.length} values`,
    );
    this.found.set(path, { shape: [...shape], data });
  }
}

/** Converts any error of the library to an InteropError. */
export function asInteropError(error: unknown): InteropError {
  if (error instanceof InteropError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new InteropError('MALFORMED_FILE', `[hdf5] the file is damaged: ${reason.split('\n')[0]!.slice(0, 200)}`, {
    cause: error,
  });
}
