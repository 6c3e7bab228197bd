import { ArgumentError, checkValue, is } from '@timestep/core';

/** A column of numbers (NaN if missing) or of texts (null if missing). */
export type Column = Float64Array | readonly (string | null)[];

/**
 * A table of named columns.
 *
 * @throws ArgumentError from its methods, for a column that does not exist or has another type
 * @example
 * const table = readCsv('date,load\nMonday,3');
 * table.numbers('load');    // Float64Array [3]
 * table.texts('date');      // ['Monday']
 */
export class Table {
  /** The columns in the order of the file. A Map, because a column may be named `__proto__` */
  readonly columns: ReadonlyMap<string, Column>;
  /** The number of rows */
  readonly length: number;

  constructor(columns: ReadonlyMap<string, Column>, length: number) {
    this.columns = columns;
    this.length = length;
  }

  /** The names of the columns, in the order of the file. */
  get names(): string[] {
    return [...this.columns.keys()];
  }

  /**
   * Returns a column of numbers.
   *
   * @throws ArgumentError if the column does not exist or contains texts
   */
  numbers(name: string): Float64Array {
    const column = this.#column(name);
    if (column instanceof Float64Array) return column;
    const at = column.findIndex((value) => value !== null && !isNumber(value));
    throw new ArgumentError(
      `[Table] column ${JSON.stringify(name)} holds texts, such as ${JSON.stringify(column[at] ?? null)} in row ${at}, expected numbers; clean it, or name what is missing in \`missing\``,
    );
  }

  /**
   * Returns a column of texts.
   *
   * @throws ArgumentError if the column does not exist or contains numbers
   */
  texts(name: string): readonly (string | null)[] {
    const column = this.#column(name);
    if (!(column instanceof Float64Array)) return column;
    throw new ArgumentError(
      `[Table] column ${JSON.stringify(name)} holds numbers, expected texts; read it with types: { ${JSON.stringify(name)}: 'text' }`,
    );
  }

  /**
   * Joins columns of numbers to `[rows, names.length]`, row-major: the steps of a series.
   *
   * @throws ArgumentError if one of the columns does not exist or contains texts
   */
  matrix(names: readonly string[] = this.names): Float32Array {
    checkValue('Table.matrix', 'names', names, is.arrayOf(is.string, 'an array of names'));
    const columns = names.map((name) => this.numbers(name));
    return Float32Array.from(
      { length: this.length * columns.length },
      (_, i) => columns[i % columns.length]![Math.floor(i / columns.length)]!,
    );
  }

  #column(name: string): Column {
    checkValue('Table', 'the name of a column', name, is.string);
    const column = this.columns.get(name);
    if (!column)
      throw new ArgumentError(
        `[Table] no column ${JSON.stringify(name)}; there are ${this.names.join(', ') || 'none'}`,
      );
    return column;
  }
}

/** A decimal number. `Number` accepts more, such as '' and 0x10, which count as texts here. */
export function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu.test(text);
}
