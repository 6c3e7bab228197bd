import { ArgumentError, checkValue, is } from '@timestep/core';
import { readFile } from 'node:fs/promises';
import { loadArpa, type LoadArpaOptions } from '../language-model/load-arpa.ts';
import type { NgramModel } from '../language-model/ngram-model.ts';

/**
 * Reads an n-gram language model from an ARPA file, compressed with gzip or not.
 *
 * @param path the path of the file
 * @param options the limit of the unpacked size
 * @returns the model, with natural logarithms
 * @throws ArgumentError `FILE_NOT_FOUND`; otherwise as `loadArpa`, with the file and the line
 * @example
 * ```ts
 * const model = await readArpaFile('3-gram.arpa.gz');
 * ```
 */
export async function readArpaFile(path: string, options: LoadArpaOptions = {}): Promise<NgramModel> {
  checkValue('readArpaFile', 'path', path, is.string);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new ArgumentError(
      `[readArpaFile] could not read ${path}: ${(error as Error).message}; pass the path of an ARPA file`,
      'FILE_NOT_FOUND',
    );
  }
  try {
    return await loadArpa(bytes, options);
  } catch (error) {
    if (error instanceof ArgumentError) throw new ArgumentError(`${path}: ${error.message}`, error.code);
    throw error;
  }
}
