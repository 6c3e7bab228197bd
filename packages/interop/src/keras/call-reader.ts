import * as v from 'valibot';
import { InteropError, ensure } from '../errors.ts';
import { parseAs } from './config-reader.ts';
import type { Source } from './run.ts';
import { maskFrom } from './value.ts';

/** An argument of a call: a value of the graph, a constant, or a list of them. */
export type Argument =
  { readonly source: Source } | { readonly constant: unknown } | { readonly list: readonly Argument[] };

/** The arguments of one call of a layer. Arguments that the layer does not read are refused by name. */
export class CallReader {
  readonly where: string;
  readonly #positional: readonly Argument[];
  readonly #named: ReadonlyMap<string, Argument>;
  readonly #read = new Set<string | number>();

  constructor(where: string, positional: readonly Argument[], named: ReadonlyMap<string, Argument> = new Map()) {
    this.where = where;
    this.#positional = positional;
    this.#named = named;
  }

  /** Reads a required tensor. */
  tensor(place: number, name: string): Source {
    return this.optionalTensor(place, name) ?? this.#fail(name, 'a tensor');
  }

  /** Reads the input of a layer, with the mask of the call if there is one. */
  input(place: number, name: string): Source {
    return this.inputs(place, name, 1)[0]!;
  }

  /**
   * Reads a list of inputs, each with its mask.
   *
   * @param count the expected number; any number by default
   */
  inputs(place: number, name: string, count?: number): readonly Source[] {
    const sources = this.tensors(place, name);
    ensure(
      count === undefined || sources.length === count,
      'UNSUPPORTED_MODEL',
      () => `[keras] ${this.where} was called with ${sources.length} tensors as ${name}, expected ${count}`,
    );
    const given = this.#argument(NaN, 'mask');
    const masks = 'list' in given ? given.list : [given];
    return sources.map((source, k) => {
      const mask = masks[k];
      if (!mask || !('source' in mask)) return source;
      return (run) => (run.masksFromData ? source(run).masked(maskFrom(mask.source(run))) : source(run));
    });
  }

  /** Reads a tensor, or null if it was left out. */
  optionalTensor(place: number, name: string): Source | null {
    const list = this.tensors(place, name);
    ensure(
      list.length <= 1,
      'UNSUPPORTED_MODEL',
      () => `[keras] ${this.where} was called with ${list.length} tensors as ${name}; one is read`,
    );
    return list[0] ?? null;
  }

  /** Reads a tensor, or the tensors of nested lists. */
  tensors(place: number, name: string): readonly Source[] {
    const flatten = (argument: Argument): Source[] => {
      if ('source' in argument) return [argument.source];
      if ('list' in argument) return argument.list.flatMap(flatten);
      return argument.constant === null ? [] : this.#fail(name, 'a tensor');
    };
    return flatten(this.#argument(place, name));
  }

  /** Reads a tensor or a number. */
  operand(place: number, name: string): Source | number {
    const argument = this.#argument(place, name);
    if ('constant' in argument && typeof argument.constant === 'number') return argument.constant;
    return this.tensor(place, name);
  }

  /** Reads an argument that is not a tensor. */
  value<Schema extends v.GenericSchema>(
    place: number,
    name: string,
    schema: Schema,
    fallback: v.InferOutput<Schema>,
  ): v.InferOutput<Schema> {
    const plain = (argument: Argument): unknown => {
      if ('constant' in argument) return argument.constant;
      return 'list' in argument ? argument.list.map(plain) : this.#fail(name, 'a constant');
    };
    const given = plain(this.#argument(place, name));
    return given === null ? fallback : parseAs(schema, given, `a call of ${this.where}`, name);
  }

  flag(place: number, name: string): boolean {
    return this.value(place, name, v.boolean(), false);
  }

  /**
   * Refuses arguments that were not read. Null and false count as not set; `training` is ignored.
   *
   * @throws InteropError `UNSUPPORTED_MODEL`
   */
  end(): void {
    const isUnset = (argument: Argument) => 'constant' in argument && [null, false].includes(argument.constant as null);
    const given = [...this.#positional.entries(), ...this.#named];
    const unread = given.filter(([key, argument]) => !this.#read.has(key) && !isUnset(argument)).map(([key]) => key);
    ensure(
      unread.length === 0,
      'UNSUPPORTED_MODEL',
      () =>
        `[keras] ${this.where} was called with ${unread.map((key) => (typeof key === 'number' ? `argument ${key}` : key)).join(', ')}, which cannot be read`,
    );
  }

  #argument(place: number, name: string): Argument {
    this.#read.add(place).add(name);
    return this.#positional[place] ?? this.#named.get(name) ?? { constant: null };
  }

  #fail(name: string, what: string): never {
    throw new InteropError('UNSUPPORTED_MODEL', `[keras] ${this.where} was not called with ${what} as ${name}`);
  }
}
