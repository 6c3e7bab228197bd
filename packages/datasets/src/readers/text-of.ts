import { ArgumentError, type Bytes, toBytes } from '@timestep/core';
import { DataError } from '../errors.ts';

/**
 * Returns the text of a file that was passed as text or as bytes in UTF-8, without a byte order mark.
 *
 * @throws DataError `NOT_UTF8`; ArgumentError for anything else
 */
export function textOf(where: string, source: string | Bytes, name: string): string {
  if (typeof source === 'string') return source.replace(/^\ufeff/u, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(toBytes(where, source));
  } catch (cause) {
    if (cause instanceof ArgumentError) throw cause;
    throw new DataError('NOT_UTF8', name, `[${where}] ${name} is no text in UTF-8; convert it first`, { cause });
  }
}
