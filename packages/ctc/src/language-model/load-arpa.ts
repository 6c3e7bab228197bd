import { ArgumentError, type Bytes, checkOptions, is, type OptionRules, toBytes } from '@timestep/core';
import { readArpa } from './arpa.ts';
import { otherFormat } from './compressed.ts';
import type { NgramModel } from './ngram-model.ts';

/** Options of `loadArpa`. */
export interface LoadArpaOptions {
  /** The largest size when unpacked, in bytes; by default 64 MiB and 20 times the size of the packed file. */
  readonly maxBytes?: number | undefined;
}

const rules: OptionRules<LoadArpaOptions> = { maxBytes: is.optional(is.size()) };

/**
 * Reads an n-gram language model from an ARPA file, compressed with gzip (`.arpa.gz`) or not. Works in browsers and in
 * Node.
 *
 * @param source the bytes of the file
 * @param options the limit of the unpacked size
 * @returns the model, with natural logarithms
 * @throws ArgumentError `MALFORMED_ARPA` (also for a damaged gzip file); `TOO_LARGE` if the file unpacks to more than
 *   `maxBytes`; `COMPRESSED` for other compression formats; `UNSUPPORTED_COMPRESSION` if the runtime has no
 *   `DecompressionStream`
 * @example
 * ```ts
 * const response = await fetch('3-gram.arpa.gz');
 * const model = await loadArpa(await response.arrayBuffer());
 * ```
 */
export async function loadArpa(source: Bytes, options: LoadArpaOptions = {}): Promise<NgramModel> {
  const bytes = toBytes('loadArpa', source);
  checkOptions('loadArpa', options, rules);
  if (otherFormat(bytes) !== 'packed with gzip') return readArpa(bytes);
  return readArpa(await unpackGzip(bytes, options.maxBytes ?? 2 ** 26 + 20 * bytes.length));
}

async function unpackGzip(bytes: Uint8Array<ArrayBuffer>, maxBytes: number): Promise<Uint8Array> {
  if (typeof DecompressionStream === 'undefined')
    throw new ArgumentError(
      '[loadArpa] this runtime has no DecompressionStream, expected one for a file packed with gzip; unpack it first (gunzip)',
      'UNSUPPORTED_COMPRESSION',
    );
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of readParts(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip')))) {
      size += part.length;
      if (size > maxBytes) break;
      parts.push(part);
    }
  } catch (error) {
    throw new ArgumentError(
      `[loadArpa] the gzip file is damaged: ${String((error as Error).message)}; expected a whole .arpa.gz: fetch it again`,
      'MALFORMED_ARPA',
    );
  }
  if (size > maxBytes)
    throw new ArgumentError(
      `[loadArpa] the file of ${bytes.length} bytes unpacks to more than the limit of ${maxBytes}; pass a larger maxBytes if you trust the file`,
      'TOO_LARGE',
    );
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Iterates over a stream. Safari cannot iterate it directly: https://bugs.webkit.org/show_bug.cgi?id=194379 */
async function* readParts(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
