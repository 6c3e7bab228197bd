import { ArgumentError, checkOptions, Generator, is, type GeneratorState, type OptionRules } from '@timestep/core';
import { fits, record } from '../checkpoint/schema.ts';
import type { Json } from '../schedules/schedule.ts';
import { cholesky } from './cholesky.ts';
import type { EvolutionStrategy } from './evolution-strategy.ts';
import { checkStart, fromBestToWorst, generatorRule, vectorRule } from './ranks.ts';

export interface CmaEsOptions {
  readonly seed: number;
  /** σ, the deviation to begin with: about a third of how far the optimum may be; 0.5 by default. */
  readonly deviation?: number | undefined;
  /** λ; 4 + ⌊3 ln n⌋ by default. */
  readonly populationSize?: number | undefined;
}

interface CmaEsState {
  readonly generation: number;
  readonly deviation: number;
  readonly mean: readonly number[];
  readonly covariance: readonly number[];
  readonly factor: readonly number[];
  readonly pathOfCovariance: readonly number[];
  readonly pathOfDeviation: readonly number[];
  readonly random: GeneratorState;
}

const rules: OptionRules<CmaEsOptions> = {
  seed: is.size(0),
  deviation: is.optional(is.number({ above: 0 })),
  populationSize: is.optional(is.size(4)),
};

/**
 * Evolution with covariance matrix adaptation (Hansen and Ostermeier 2001; the constants of Hansen's tutorial 2016,
 * without negative weights). Candidates are m + σ·A·z with z normal and A·Aᵀ = C; C learns which directions go
 * together, σ how far to go. A is Cholesky's factor instead of C's square root, and the path of σ adds up the z
 * themselves (Krause, Arbonès and Igel 2016): no eigenvalues are needed. Memory and time grow with n²: up to about
 * 1,000 parameters.
 *
 * @param start m, `[n]`
 * @example
 * const search = cmaES(new Float64Array(10), { seed: 1 });
 * for (let g = 0; g < 200; g++) search.tell(search.ask().map(fitness));
 */
export function cmaES(
  start: ArrayLike<number>,
  options: CmaEsOptions,
): EvolutionStrategy & { readonly deviation: number } {
  checkStart('cmaES', start);
  checkOptions('cmaES', options, rules);
  const size = start.length;
  const { populationSize = 4 + Math.floor(3 * Math.log(Math.max(1, size))) } = options;
  const parents = Math.floor(populationSize / 2);
  const raw = Array.from({ length: parents }, (_, rank) => Math.log((populationSize + 1) / 2) - Math.log(rank + 1));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const weights = raw.map((weight) => weight / total);
  const effective = 1 / weights.reduce((sum, weight) => sum + weight * weight, 0);
  // The tutorial's c_σ, d_σ, c_c, c_1, c_μ and the expected length of a normal vector.
  const rateOfDeviation = (effective + 2) / (size + effective + 5);
  const damping = 1 + 2 * Math.max(0, Math.sqrt((effective - 1) / (size + 1)) - 1) + rateOfDeviation;
  const rateOfPath = (4 + effective / size) / (size + 4 + (2 * effective) / size);
  const rateOfOne = 2 / ((size + 1.3) ** 2 + effective);
  const rateOfMany = Math.min(1 - rateOfOne, (2 * (effective - 2 + 1 / effective)) / ((size + 2) ** 2 + effective));
  const expectedLength = Math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size * size));
  // C changes slowly: A is made anew only when it has changed by about a tenth.
  const refactorEvery = Math.max(1, Math.floor(1 / (10 * size * (rateOfOne + rateOfMany))));

  const random = new Generator(options.seed);
  let generation = 0;
  let deviation = options.deviation ?? 0.5;
  let mean = Float64Array.from(start);
  let covariance = identity(size);
  let factor = identity(size);
  let pathOfCovariance = new Float64Array(size);
  let pathOfDeviation = new Float64Array(size);
  let asked: {
    readonly normals: Float64Array[];
    readonly steps: Float64Array[];
    readonly candidates: Float64Array[];
  } | null = null;

  const ask = () => {
    const normals = Array.from({ length: populationSize }, () =>
      Float64Array.from({ length: size }, () => random.normal()),
    );
    const steps = normals.map((normal) => multiplyLower(factor, normal));
    const candidates = steps.map((step) => step.map((value, i) => mean[i]! + deviation * value));
    return { normals, steps, candidates };
  };

  const adaptCovariance = (steps: readonly Float64Array[], isShort: boolean): void => {
    const lost = isShort ? 0 : rateOfOne * rateOfPath * (2 - rateOfPath);
    const kept = 1 - rateOfOne - rateOfMany + lost;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column <= row; column++) {
        let many = 0;
        for (let rank = 0; rank < parents; rank++) many += weights[rank]! * steps[rank]![row]! * steps[rank]![column]!;
        const value =
          kept * covariance[row * size + column]! +
          rateOfOne * pathOfCovariance[row]! * pathOfCovariance[column]! +
          rateOfMany * many;
        covariance[row * size + column] = covariance[column * size + row] = value;
      }
    }
    if (generation % refactorEvery !== 0) return;
    const fresh = cholesky(covariance, size);
    if (fresh) factor = fresh;
    else {
      // Rounding has eaten the smallest variance: begin anew with the variances alone.
      covariance = identity(size).map((value, i) => (value === 0 ? 0 : Math.max(covariance[i]!, Number.MIN_VALUE)));
      factor = covariance.map(Math.sqrt);
    }
  };

  return {
    populationSize,
    get generation() {
      return generation;
    },
    get mean() {
      return mean.slice();
    },
    get deviation() {
      return deviation;
    },
    ask: () => (asked ??= ask()).candidates.map((candidate) => candidate.slice()),
    tell(fitness) {
      if (!asked) throw new ArgumentError('[cmaES] tell() without ask(); call ask() first');
      const order = fromBestToWorst('cmaES', fitness, populationSize);
      const steps = weights.map((_, rank) => asked!.steps[order[rank]!]!);
      const normals = weights.map((_, rank) => asked!.normals[order[rank]!]!);
      asked = null;
      generation++;
      const [step, normal] = [weightedSum(steps, weights), weightedSum(normals, weights)];
      mean = mean.map((value, i) => value + deviation * step[i]!);
      const gain = Math.sqrt(rateOfDeviation * (2 - rateOfDeviation) * effective);
      pathOfDeviation = pathOfDeviation.map((value, i) => (1 - rateOfDeviation) * value + gain * normal[i]!);
      const length = Math.hypot(...pathOfDeviation);
      const isShort =
        length / Math.sqrt(1 - (1 - rateOfDeviation) ** (2 * generation)) < (1.4 + 2 / (size + 1)) * expectedLength;
      const push = isShort ? Math.sqrt(rateOfPath * (2 - rateOfPath) * effective) : 0;
      pathOfCovariance = pathOfCovariance.map((value, i) => (1 - rateOfPath) * value + push * step[i]!);
      adaptCovariance(steps, isShort);
      deviation *= Math.exp((rateOfDeviation / damping) * (length / expectedLength - 1));
    },
    state: () => {
      const state: CmaEsState = {
        generation,
        deviation,
        mean: [...mean],
        covariance: [...covariance],
        factor: [...factor],
        pathOfCovariance: [...pathOfCovariance],
        pathOfDeviation: [...pathOfDeviation],
        random: random.state,
      };
      return state as unknown as Json;
    },
    restore(json) {
      const state: unknown = json;
      const [vector, matrix] = [vectorRule(size), vectorRule(size * size)];
      const rule = record({
        generation: is.size(0),
        deviation: is.number({ min: 0 }),
        mean: vector,
        covariance: matrix,
        factor: matrix,
        pathOfCovariance: vector,
        pathOfDeviation: vector,
        random: generatorRule,
      });
      if (!fits<CmaEsState>(state, rule))
        throw new ArgumentError(
          `[cmaES] expected the state of a search over ${size} numbers; restore what state() of the same search gave`,
        );
      ({ generation, deviation } = state);
      [mean, covariance, factor] = [
        Float64Array.from(state.mean),
        Float64Array.from(state.covariance),
        Float64Array.from(state.factor),
      ];
      [pathOfCovariance, pathOfDeviation] = [
        Float64Array.from(state.pathOfCovariance),
        Float64Array.from(state.pathOfDeviation),
      ];
      random.state = state.random;
      asked = null;
    },
  };
}

function identity(size: number): Float64Array {
  return Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
}

function multiplyLower(lower: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length;
  return vector.map((_, row) => {
    let sum = 0;
    for (let column = 0; column <= row; column++) sum += lower[row * size + column]! * vector[column]!;
    return sum;
  });
}

function weightedSum(vectors: readonly Float64Array[], weights: readonly number[]): Float64Array {
  return vectors[0]!.map((_, i) => weights.reduce((sum, weight, rank) => sum + weight * vectors[rank]![i]!, 0));
}
