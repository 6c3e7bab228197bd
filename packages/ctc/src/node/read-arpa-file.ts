import { ArgumentError } from '@timestep/core';
import { readFile } from 'node:fs/promises';
import { readArpa } from '../language-model/arpa.ts';
import type { NgramModel } from '../language-model/ngram-model.ts';

/**
 * Reads an n-gram model from an ARPA file.
 *
 * @throws ArgumentError `FILE_NOT_FOUND`, or `MALFORMED_ARPA` with the file and the line
 * @example
 * const model = await readArpaFile('3-gram.arpa');
 */
export async function readArpaFile(path: string): Promise<NgramModel> {
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
    return readArpa(bytes);
  } catch (error) {
    if (error instanceof ArgumentError) throw new ArgumentError(`${path}: ${error.message}`, error.code);
    throw error;
  }
}
