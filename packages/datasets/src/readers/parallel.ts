import { type Bytes, checkOptions, is, type OptionRules } from '@timestep/core';
import { DataError } from '../errors.ts';
import { textOf } from './text-of.ts';

/** A sentence and its translation. */
export interface SentencePair {
  readonly source: string;
  readonly target: string;
}

/** Options of {@link readParallelText}. */
export interface ReadParallelTextOptions {
  /** The names of both files in errors, usually their paths */
  readonly names?: readonly [source: string, target: string] | undefined;
}

const textRules: OptionRules<ReadParallelTextOptions> = {
  names: is.optional(is.arrayOf(is.string, 'two names')),
};

/**
 * Reads parallel text from two files: line n of one is the translation of line n of the other. Lines end in LF or CRLF.
 * They are kept as they are, empty ones too, so that a translation of the whole file has as many lines.
 *
 * @param source the text of the source file, or its bytes in UTF-8
 * @param target the text of the target file, or its bytes in UTF-8
 * @throws DataError `PARALLEL_INVALID` if the files have different numbers of lines or none, `NOT_UTF8`; ArgumentError
 *   for wrong arguments
 * @example
 * ```ts
 * const pairs = readParallelText(await readFile('train.de'), await readFile('train.en'));
 * pairs[0]; // { source: 'zwei junge männer …', target: 'two young men …' }
 * ```
 */
export function readParallelText(
  source: string | Bytes,
  target: string | Bytes,
  options: ReadParallelTextOptions = {},
): SentencePair[] {
  checkOptions('readParallelText', options, textRules);
  const [sourceName = 'the source text', targetName = 'the target text'] = options.names ?? [];
  const sources = linesOf('readParallelText', source, sourceName);
  const targets = linesOf('readParallelText', target, targetName);
  if (sources.length !== targets.length)
    throw new DataError(
      'PARALLEL_INVALID',
      targetName,
      `[readParallelText] ${sourceName} has ${sources.length} lines and ${targetName} has ${targets.length}; expected as many, line n of one being the translation of line n of the other`,
    );
  return sources.map((text, line) => ({ source: text, target: targets[line]! }));
}

/** Options of {@link readPairTable}. */
export interface ReadPairTableOptions {
  /** The columns of source and target, from 0; `[0, 1]` by default */
  readonly columns?: readonly [source: number, target: number] | undefined;
  /** The file's name in errors, usually its path */
  readonly name?: string | undefined;
}

const tableRules: OptionRules<ReadPairTableOptions> = {
  columns: is.optional(is.arrayOf(is.integer(0, 1000), 'two column numbers')),
  name: is.optional(is.string),
};

/**
 * Reads sentence pairs from a table whose columns are separated by tabs, without a header, as Tatoeba and ManyThings
 * give them. Quotes have no meaning. Further columns are ignored, and so are empty lines.
 *
 * @param source the file's text, or its bytes in UTF-8
 * @throws DataError `PARALLEL_INVALID` with the line if it lacks a column, or if there are no lines, `NOT_UTF8`;
 *   ArgumentError for wrong options
 * @example
 * ```ts
 * const pairs = readPairTable('Go.\t가.\tCC-BY 2.0\n', { columns: [1, 0] });
 * pairs[0]; // { source: '가.', target: 'Go.' }
 * ```
 */
export function readPairTable(source: string | Bytes, options: ReadPairTableOptions = {}): SentencePair[] {
  checkOptions('readPairTable', options, tableRules);
  const { columns: [from, to] = [0, 1], name = 'the table' } = options;
  const pairs: SentencePair[] = [];
  linesOf('readPairTable', source, name).forEach((text, line) => {
    if (text === '') return;
    const fields = text.split('\t');
    const [one, other] = [fields[from], fields[to]];
    if (one === undefined || other === undefined)
      throw new DataError(
        'PARALLEL_INVALID',
        name,
        `[readPairTable] ${name}, line ${line + 1}: expected at least ${Math.max(from, to) + 1} columns separated by tabs, got ${fields.length}`,
      );
    pairs.push({ source: one, target: other });
  });
  return pairs;
}

/** The lines of a text; the line end of the last one begins no further line. */
function linesOf(where: string, source: string | Bytes, name: string): string[] {
  const text = textOf(where, source, name).replace(/\r?\n$/u, '');
  if (text === '') throw new DataError('PARALLEL_INVALID', name, `[${where}] ${name} is empty; expected lines of text`);
  return text.split(/\r?\n/u);
}
