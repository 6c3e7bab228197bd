import Papa from 'papaparse';
import { type Bytes, ArgumentError, checkOptions, is, type OptionRules } from '@timestep/core';
import { DataError } from '../errors.ts';
import { textOf } from '../readers/text-of.ts';
import { type Column, isNumber, Table } from './table.ts';

/** The options of `readCsv`. */
export interface ReadCsvOptions {
  /** Whether the first line names the columns; true by default. If false, their names are 0, 1, 2, … */
  readonly header?: boolean | undefined;
  /** The character between fields. `,` by default */
  readonly delimiter?: string | undefined;
  /** The texts that mean a missing value. `['', 'NA', 'NaN', 'null']` by default */
  readonly missing?: readonly string[] | undefined;
  /** The type of each column, by name. By default, a column is numeric if all its values are numbers or missing */
  readonly types?: Readonly<Record<string, 'number' | 'text'>> | undefined;
  /** The file's name in errors, usually its path */
  readonly name?: string | undefined;
}

const optionRules: OptionRules<ReadCsvOptions> = {
  header: is.optional(is.boolean),
  delimiter: is.optional((value) =>
    typeof value === 'string' && value.length === 1 && !'"\r\n'.includes(value) ? null : 'one character, no quote',
  ),
  missing: is.optional(is.arrayOf(is.string, 'an array of strings')),
  types: is.optional(is.object),
  name: is.optional(is.string),
};

/** A record of the file, and its position. */
interface Row {
  readonly fields: readonly string[];
  /** The line of its first character, counted from 1 */
  readonly line: number;
}

/**
 * Reads a table of comma-separated values (RFC 4180). Quoted fields may contain delimiters, line ends and doubled
 * quotes. The file may have either kind of line end, a byte order mark, and empty lines between records.
 *
 * @param source the file's text, or its bytes in UTF-8
 * @returns columns of numbers (float64, NaN if missing) and of texts (null if missing)
 * @throws DataError `CSV_INVALID` with line and column for a quote that is not closed or is inside a field, a record with
 *   another number of fields, a column name that occurs twice, and a text in a column of numbers; `NOT_UTF8`.
 *   ArgumentError for wrong options
 * @example
 * const table = readCsv(await readFile('ETTh1.csv'), { name: 'ETTh1.csv' });
 * table.numbers('OT');    // Float64Array
 */
export function readCsv(source: string | Bytes, options: ReadCsvOptions = {}): Table {
  checkOptions('readCsv', options, optionRules);
  const { header = true, name = 'the table', missing = ['', 'NA', 'NaN', 'null'] } = options;
  const rows = parse(textOf('readCsv', source, name), options.delimiter ?? ',', name);
  const first = header ? rows.shift() : rows[0];
  const names = header ? (first?.fields ?? []) : (first?.fields ?? []).map((_, i) => String(i));
  names.forEach((column, i) => {
    if (names.indexOf(column) !== i)
      throw invalid(name, first!.line, i, `the column ${JSON.stringify(column)} comes twice, expected different names`);
  });
  const types = typesOf(options, names);
  for (const { fields, line } of rows) {
    if (fields.length !== names.length) {
      const what = `expected ${names.length} fields as the first line has, got ${fields.length}`;
      throw invalid(name, line, Math.min(fields.length, names.length) - 1, what);
    }
  }
  const absent = new Set(missing);
  const columns = names.map((column, i): [string, Column] => {
    const texts = rows.map(({ fields }) => (absent.has(fields[i]!) ? null : fields[i]!));
    const wrong = texts.findIndex((text) => text !== null && !isNumber(text.trim()));
    const type = types.get(column) ?? (wrong < 0 ? 'number' : 'text');
    if (type === 'text') return [column, texts];
    if (wrong >= 0) {
      const what = `expected a number in column ${JSON.stringify(column)}, got ${JSON.stringify(texts[wrong])}`;
      throw invalid(name, rows[wrong]!.line, i, what);
    }
    return [column, Float64Array.from(texts, (text) => (text === null ? NaN : Number(text)))];
  });
  return new Table(new Map(columns), rows.length);
}

function typesOf({ types = {} }: ReadCsvOptions, names: readonly string[]): ReadonlyMap<string, 'number' | 'text'> {
  for (const [column, type] of Object.entries(types)) {
    if (!names.includes(column))
      throw new ArgumentError(`[readCsv] types names the column ${column}, and there are only ${names.join(', ')}`);
    if (!['number', 'text'].includes(type))
      throw new ArgumentError(`[readCsv] expected types.${column} to be one of number, text, got ${String(type)}`);
  }
  return new Map(Object.entries(types));
}

function parse(source: string, delimiter: string, name: string): Row[] {
  // papaparse needs one kind of line end for the whole file.
  const text = /[^\r]\n/u.test(source) ? source.replaceAll('\r\n', '\n') : source;
  const rows: Row[] = [];
  let [line, counted] = [1, 0];
  const countTo = (end: number): void => {
    for (; counted < end; counted++) if (isLineEnd(text, counted)) line++;
  };
  Papa.parse<string[]>(text, {
    delimiter,
    newline: lineEndOf(text),
    step: ({ data: fields, errors, meta }) => {
      const [error] = errors;
      if (error) throw invalid(name, line, fields.length - 1, messages[error.code] ?? error.message);
      // Empty lines are skipped. In a table with one column, an empty line could also mean a missing value.
      if (fields.length > 1 || fields[0] !== '') rows.push({ fields, line });
      countTo(meta.cursor);
    },
  });
  return rows;
}

const messages: Readonly<Record<string, string>> = {
  MissingQuotes: 'a quoted field is not closed, expected a " before the end',
  InvalidQuotes: 'a quoted field continues after its closing quote, expected a delimiter or the end of the line',
};

/** The line end of a text that has only one kind. */
function lineEndOf(text: string): '\r\n' | '\n' | '\r' {
  const end = /\r\n|\n|\r/u.exec(text)?.[0];
  return end === '\r\n' || end === '\r' ? end : '\n';
}

function isLineEnd(text: string, at: number): boolean {
  const character = text[at];
  return character === '\n' || (character === '\r' && text[at + 1] !== '\n');
}

function invalid(name: string, line: number, column: number, what: string): DataError {
  return new DataError(
    'CSV_INVALID',
    name,
    `[readCsv] ${name}, line ${line}, column ${Math.max(1, column + 1)}: ${what}; correct the file, or choose another delimiter`,
  );
}
