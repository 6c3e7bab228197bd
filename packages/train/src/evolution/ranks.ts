import { ArgumentError, checkValue, is } from '@timestep/core';
import { record } from '../checkpoint/schema.ts';

/** Fitness may be anything that compares, and NaN. */
const numbers = is.arrayOf(is.anyOf(is.number({ infinite: true }), (value) => (Number.isNaN(value) ? null : 'NaN')));

/** The candidates' indices from the best to the worst; NaN is the worst. */
export function fromBestToWorst(where: string, fitness: ArrayLike<number>, candidates: number): number[] {
  checkValue(where, 'fitness', fitness, numbers);
  if (fitness.length !== candidates)
    throw new ArgumentError(
      `[${where}] expected the fitness of ${candidates} candidates, got ${fitness.length}; tell as many as ask() returned`,
    );
  const value = (index: number): number => (Number.isNaN(fitness[index]) ? -Infinity : fitness[index]!);
  return Array.from({ length: candidates }, (_, index) => index).sort((a, b) =>
    value(a) === value(b) ? a - b : value(b) > value(a) ? 1 : -1,
  );
}

const startRule = is.arrayOf(is.number());

/** Throws an ArgumentError unless a search can start there. */
export function checkStart(where: string, start: ArrayLike<number>): void {
  checkValue(where, 'start', start, startRule);
  if (start.length === 0)
    throw new ArgumentError(`[${where}] expected a start of at least one finite number, got none`);
}

const word = is.integer(0, 2 ** 32 - 1);

/** The rule of a generator's state. */
export const generatorRule = record({
  key: is.arrayOf(word),
  counter: is.size(0),
  spare: is.nullable(is.number()),
});

/** An array of exactly so many finite numbers. */
export function vectorRule(size: number): (value: unknown) => string | null {
  return (value) =>
    Array.isArray(value) && value.length === size && value.every(Number.isFinite) ? null : `${size} finite numbers`;
}
