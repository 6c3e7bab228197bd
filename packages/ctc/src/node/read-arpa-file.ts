import { ArgumentError, checkValue, is } from '@timestep/core';
import { readFile } from 'node:fs/promises';
import { loadArpa, type LoadArpaOptions } from '../language-model/load-arpa.ts';
import type { NgramModel } from '../language-model/ngram-model.ts';

/**
 * Reads an n-gram model from an ARPA file, packed with gzip or not.
 *
 * @throws ArgumentError `FILE_NOT_FOUND`, and as `loadArpa`, with the file and the line
 * @example
 * const model = await readArpaFile('3-gram.arpa');
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
