import type { Value } from './value.ts';

/** The values of one run of a graph. Missing values are looked up in the graph around it. */
export class Environment {
  readonly #values = new Map<string, Value>();
  readonly #outer: Environment | null;

  constructor(outer: Environment | null) {
    this.#outer = outer;
  }

  get(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#outer?.get(name);
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}
