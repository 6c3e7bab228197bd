import { ArgumentError, checkValue, is } from '@timestep/core';

/** A column of numbers, NaN where one is missing, or of texts, null where one is missing. */
export type Column = Float64Array | readonly (string | null)[];

/** Named columns of one length. */
export class Table {
  /** In the order of the file; a Map, since a column may be called `__proto__` */
  readonly columns: ReadonlyMap<string, Column>;
  /** Rows */
  readonly length: number;

  constructor(columns: ReadonlyMap<string, Column>, length: number) {
    this.columns = columns;
    this.length = length;
  }

  /** The names of the columns, in the order of the file. */
  get names(): string[] {
    return [...this.columns.keys()];
  }

  /** @throws ArgumentError where there is no such column, or it holds texts */
  numbers(name: string): Float64Array {
    const column = this.#column(name);
    if (column instanceof Float64Array) return column;
    const at = column.findIndex((value) => value !== null && !isNumber(value));
    throw new ArgumentError(
      `[Table] column ${JSON.stringify(name)} holds texts, such as ${JSON.stringify(column[at] ?? null)} in row ${at}, expected numbers; clean it, or name what is missing in \`missing\``,
    );
  }

  /** @throws ArgumentError where there is no such column, or it holds numbers */
  texts(name: string): readonly (string | null)[] {
    const column = this.#column(name);
    if (!(column instanceof Float64Array)) return column;
    throw new ArgumentError(
      `[Table] column ${JSON.stringify(name)} holds numbers, expected texts; read it with types: { ${JSON.stringify(name)}: 'text' }`,
    );
  }

  /**
   * Columns of numbers side by side, `[rows, names.length]`, row-major: the steps of a series.
   *
   * @throws ArgumentError where one of them holds texts
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

/** A decimal number as files have it; what `Number` also takes, such as '' or 0x10, is a text here. */
export function isNumber(text: string): boolean {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu.test(text);
}
