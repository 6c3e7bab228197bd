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
  if (!Number.isInteger(value) || value < least) throw new ArgumentError(`[${where}] expected ${name} to be a whole number of at least ${least}, got ${value}`);
  return value;
}

/** A probability. */
export function checkRate(where: string, name: string, value: number): number {
  if (!(value >= 0 && value <= 1)) throw new ArgumentError(`[${where}] expected ${name} to be a probability in 0…1, got ${value}`);
  return value;
}
