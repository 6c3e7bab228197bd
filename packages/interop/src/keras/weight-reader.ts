import { checkValue, is } from '@timestep/core';
import { show } from '@timestep/core/extend';
import { InteropError, ensure } from '../errors.ts';
import type { Hdf5Dataset, Hdf5Datasets } from '../hdf5/types.ts';

const isMap = is.like('a Map of datasets by name', 'get', 'has', 'keys');

/**
 * Reads the arrays of a file by name and checks their sizes before anything is built. It records which arrays were read,
 * so that an array which no layer reads is refused by name.
 */
export class WeightReader {
  readonly path: string;
  readonly #datasets: Hdf5Datasets;
  readonly #taken: Set<string>;

  constructor(datasets: Hdf5Datasets, path = '', taken = new Set<string>()) {
    checkValue('WeightReader', 'the datasets of the HDF5 reader', datasets, isMap);
    this.#datasets = datasets;
    this.path = path;
    this.#taken = taken;
  }

  /** The arrays below a folder of this one. */
  at(folder: string): WeightReader {
    return new WeightReader(this.#datasets, this.#join(folder), this.#taken);
  }

  has(name: string): boolean {
    return this.#datasets.has(this.#join(name));
  }

  /** The shape of an array that is read later. */
  shapeOf(name: string): readonly number[] {
    return this.#find(name).shape;
  }

  /**
   * Reads an array.
   *
   * @param shape the expected shape; null for any length ≥ 1
   * @throws InteropError `MISSING_TENSOR`, `INVALID_TENSOR`
   */
  take(name: string, shape: readonly (number | null)[]): Hdf5Dataset {
    const found = this.#find(name);
    ensure(
      found.shape.length === shape.length &&
        shape.every((length, axis) => (length === null ? found.shape[axis]! > 0 : length === found.shape[axis])),
      'INVALID_TENSOR',
      () =>
        `[keras] expected '${this.#join(name)}' of shape [${shape.map((length) => length ?? 'any').join(', ')}], got ${show(found.shape)}; build the layer with the sizes it was saved with`,
    );
    this.#taken.add(this.#join(name));
    return found;
  }

  /** Skips the arrays of a folder that inference does not need, such as the state of a random generator. */
  ignore(folder: string): void {
    const start = `${this.#join(folder)}/`;
    for (const name of this.#datasets.keys()) if (name.startsWith(start)) this.#taken.add(name);
  }

  /**
   * Refuses arrays of this folder that were not read.
   *
   * @throws InteropError `UNSUPPORTED_MODEL`
   */
  end(): void {
    const start = this.path === '' ? '' : `${this.path}/`;
    const unread = [...this.#datasets.keys()].filter((name) => name.startsWith(start) && !this.#taken.has(name));
    ensure(
      unread.length === 0,
      'UNSUPPORTED_MODEL',
      () => `[keras] no layer of the configuration reads ${sample(unread)}; the model has parts that cannot be read`,
    );
  }

  #find(name: string): Hdf5Dataset {
    const found = this.#datasets.get(this.#join(name));
    if (!found)
      throw new InteropError(
        'MISSING_TENSOR',
        `[keras] the file holds no '${this.#join(name)}'; it has ${sample([...this.#datasets.keys()])}`,
      );
    return found;
  }

  #join(name: string): string {
    return this.path === '' ? name : `${this.path}/${name}`;
  }
}

/** The first names of a list, for messages. */
function sample(names: readonly string[]): string {
  return names.length === 0
    ? 'no weights at all'
    : names.length > 6
      ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more`
      : names.join(', ');
}
