import { ArgumentError, Generator, type Backend, type FusedMode } from '@timestep/core';

/** Options of every layer that has parameters. */
export interface LayerOptions {
  /** Where the parameters live. */
  readonly backend: Backend;
  /**
   * What initial values, and dropout masks, are drawn from. One generator may serve a whole model, and should where a
   * run is to be repeated; a randomly seeded one by default.
   */
  readonly generator?: Generator | undefined;
}

/** Options of every layer with a fused operation behind it. */
export interface FusedLayerOptions extends LayerOptions {
  /** `auto` (by default the backend's fused operation where it has one), `require` or `off`. */
  readonly fused?: FusedMode | undefined;
}

export function generatorOrFresh(generator: Generator | undefined): Generator {
  return generator ?? new Generator(Math.floor(Math.random() * 2 ** 32));
}

/** A size: a whole number, at least `least`. */
export function checkSize(where: string, name: string, value: number, least = 1): number {
  if (!Number.isInteger(value) || value < least)
    throw new ArgumentError(`[${where}] expected ${name} to be a whole number of at least ${least}, got ${value}`);
  return value;
}

/** One of a few words. */
export function checkChoice<Choice extends string>(
  where: string,
  name: string,
  value: Choice,
  choices: readonly Choice[],
): Choice {
  if (!choices.includes(value))
    throw new ArgumentError(`[${where}] expected ${name} to be one of ${choices.join(', ')}, got ${String(value)}`);
  return value;
}

/** The options of a call have known names: a misspelt `lengths` would otherwise count the padding, without a word. */
export function checkNames(where: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new ArgumentError(`[${where}] unknown option ${unknown.join(', ')}; expected { ${known.join(', ')} }`);
}

/** A probability. */
export function checkRate(where: string, name: string, value: number): number {
  if (!(value >= 0 && value <= 1))
    throw new ArgumentError(`[${where}] expected ${name} to be a probability in 0…1, got ${value}`);
  return value;
}
