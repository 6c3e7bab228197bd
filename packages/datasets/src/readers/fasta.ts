import { type Bytes, checkOptions, is, type OptionRules } from '@timestep/core';
import { DataError } from '../errors.ts';
import { textOf } from './text-of.ts';

/** A protein or DNA sequence. */
export interface FastaRecord {
  /** The first word after `>` */
  readonly id: string;
  /** The rest of that line, often a class; may be empty */
  readonly description: string;
  /** The letters as in the file, without line ends and spaces */
  readonly sequence: string;
}

/** The options of `readFasta`. */
export interface ReadFastaOptions {
  /** The file's name in errors, usually its path */
  readonly name?: string | undefined;
}

const optionRules: OptionRules<ReadFastaOptions> = { name: is.optional(is.string) };

/**
 * Reads a FASTA file: a line `>ID DESCRIPTION`, then the sequence on one or several lines. Lines that start with `;` are
 * comments. A sequence may contain letters, `-`, `.` and `*`.
 *
 * Source: Pearson and Lipman 1988.
 *
 * @param source the file's text, or its bytes in UTF-8
 * @throws DataError `FASTA_INVALID` with the line number for a sequence before the first header, a header without an ID,
 *   and other characters in a sequence; `NOT_UTF8`. ArgumentError for wrong options
 * @example
 * const proteins = readFasta(await readFile('train.fasta'));
 * proteins[0];    // { id: 'P20698', description: 'ER', sequence: 'MKIIFFF…' }
 */
export function readFasta(source: string | Bytes, options: ReadFastaOptions = {}): FastaRecord[] {
  checkOptions('readFasta', options, optionRules);
  const { name = 'the FASTA data' } = options;
  const invalid = (line: number, what: string) =>
    new DataError('FASTA_INVALID', name, `[readFasta] ${name}, line ${line + 1}: ${what}`);
  const records: { id: string; description: string; pieces: string[] }[] = [];
  textOf('readFasta', source, name)
    .split(/\r\n|\n|\r/u)
    .forEach((text, line) => {
      if (text.startsWith(';') || text.trim() === '') return;
      if (text.startsWith('>')) {
        const [, id, description] = /^>\s*(\S+)\s*(.*)$/u.exec(text) ?? [];
        if (id === undefined) throw invalid(line, 'expected an ID behind >');
        records.push({ id, description: description!.trim(), pieces: [] });
        return;
      }
      const record = records.at(-1);
      if (!record)
        throw invalid(line, `expected a header that begins with >, got ${JSON.stringify(text.slice(0, 20))}`);
      const piece = text.replaceAll(/\s/gu, '');
      const wrong = /[^A-Za-z*.-]/u.exec(piece);
      if (wrong)
        throw invalid(line, `expected letters, got ${JSON.stringify(wrong[0])} in the sequence of ${record.id}`);
      record.pieces.push(piece);
    });
  return records.map(({ id, description, pieces }) => ({ id, description, sequence: pieces.join('') }));
}
