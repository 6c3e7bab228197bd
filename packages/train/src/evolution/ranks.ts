import { ArgumentError } from '@timestep/core';

/** The candidates' indices from the best to the worst; NaN is the worst. */
export function fromBestToWorst(where: string, fitness: ArrayLike<number>, candidates: number): number[] {
  if (fitness.length !== candidates)
    throw new ArgumentError(
      `[${where}] expected the fitness of ${candidates} candidates, got ${fitness.length}; tell as many as ask() returned`,
    );
  const value = (index: number): number => (Number.isNaN(fitness[index]) ? -Infinity : fitness[index]!);
  return Array.from({ length: candidates }, (_, index) => index).sort((a, b) =>
    value(a) === value(b) ? a - b : value(b) > value(a) ? 1 : -1,
  );
}

export function checkStart(where: string, start: ArrayLike<number>, deviation: number, populationSize: number): void {
  if (start.length === 0 || !Array.from(start).every(Number.isFinite))
    throw new ArgumentError(`[${where}] expected a start of at least one finite number`);
  if (!(deviation > 0)) throw new ArgumentError(`[${where}] expected deviation > 0, got ${deviation}`);
  if (!Number.isInteger(populationSize) || populationSize < 4)
    throw new ArgumentError(`[${where}] expected populationSize to be an integer ≥ 4, got ${populationSize}`);
}
