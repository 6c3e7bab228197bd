import { ArgumentError, checkOptions, Generator, is, type GeneratorState, type OptionRules } from '@timestep/core';
import { fits, record } from '../checkpoint/schema.ts';
import type { Json } from '../schedules/schedule.ts';
import { cholesky } from './cholesky.ts';
import type { EvolutionStrategy } from './evolution-strategy.ts';
import { checkStart, fromBestToWorst, generatorRule, vectorRule } from './ranks.ts';

/** Options of {@link cmaES}. */
export interface CmaEsOptions {
  readonly seed: number;
  /** The initial σ, about a third of the distance to the optimum; 0.5 by default. */
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
  readonly pathC: readonly number[];
  readonly pathSigma: readonly number[];
  readonly random: GeneratorState;
}

const rules: OptionRules<CmaEsOptions> = {
  seed: is.size(0),
  deviation: is.optional(is.number({ above: 0 })),
  populationSize: is.optional(is.size(4)),
};

/**
 * Covariance matrix adaptation evolution strategy, CMA-ES (Hansen and Ostermeier 2001), with the constants of Hansen's
 * tutorial (2016) and without negative weights. Candidates are m + σ·A·z with z normal and A·Aᵀ = C. C adapts to the
 * shape of the fitness and σ to the step size. A is the Cholesky factor of C, and the path of σ sums z (Krause, Arbonès
 * and Igel 2016), so no eigenvalues are needed. Memory and time grow with n². Use it for up to about 1,000 parameters.
 *
 * @param start m, `[n]`
 * @throws ArgumentError for an unknown option or a wrong value; from `tell` for the wrong number of fitness values,
 * from `restore` for the state of another search
 * @example
 * ```ts
 * const search = cmaES(new Float64Array(10), { seed: 1 });
 * for (let g = 0; g < 200; g++) search.tell(search.ask().map(fitness));
 * ```
 */
export function cmaES(
  start: ArrayLike<number>,
  options: CmaEsOptions,
): EvolutionStrategy & { readonly deviation: number } {
  checkStart('cmaES', start);
  checkOptions('cmaES', options, rules);
  const size = start.length;
  const { populationSize = 4 + Math.floor(3 * Math.log(Math.max(1, size))) } = options;
  const mu = Math.floor(populationSize / 2);
  const raw = Array.from({ length: mu }, (_, rank) => Math.log((populationSize + 1) / 2) - Math.log(rank + 1));
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  const weights = raw.map((weight) => weight / total);
  const muEff = 1 / weights.reduce((sum, weight) => sum + weight * weight, 0);
  // The names are those of Hansen's tutorial; chiN is the expected length of a normal vector.
  const cSigma = (muEff + 2) / (size + muEff + 5);
  const dSigma = 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (size + 1)) - 1) + cSigma;
  const cC = (4 + muEff / size) / (size + 4 + (2 * muEff) / size);
  const c1 = 2 / ((size + 1.3) ** 2 + muEff);
  const cMu = Math.min(1 - c1, (2 * (muEff - 2 + 1 / muEff)) / ((size + 2) ** 2 + muEff));
  const chiN = Math.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size * size));
  // C changes slowly, so A is recomputed only after C has changed by about a tenth.
  const refactorEvery = Math.max(1, Math.floor(1 / (10 * size * (c1 + cMu))));

  const random = new Generator(options.seed);
  let generation = 0;
  let deviation = options.deviation ?? 0.5;
  let mean = Float64Array.from(start);
  let covariance = identity(size);
  let factor = identity(size);
  let pathC = new Float64Array(size);
  let pathSigma = new Float64Array(size);
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

  const adaptCovariance = (steps: readonly Float64Array[], hSigma: boolean): void => {
    const lost = hSigma ? 0 : c1 * cC * (2 - cC);
    const kept = 1 - c1 - cMu + lost;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column <= row; column++) {
        let many = 0;
        for (let rank = 0; rank < mu; rank++) many += weights[rank]! * steps[rank]![row]! * steps[rank]![column]!;
        const value = kept * covariance[row * size + column]! + c1 * pathC[row]! * pathC[column]! + cMu * many;
        covariance[row * size + column] = covariance[column * size + row] = value;
      }
    }
    if (generation % refactorEvery !== 0) return;
    const fresh = cholesky(covariance, size);
    if (fresh) factor = fresh;
    else {
      // Rounding made C indefinite: restart with its diagonal.
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
      if (!asked) throw new ArgumentError('[cmaES] tell() needs candidates; call ask() first');
      const order = fromBestToWorst('cmaES', fitness, populationSize);
      const steps = weights.map((_, rank) => asked!.steps[order[rank]!]!);
      const normals = weights.map((_, rank) => asked!.normals[order[rank]!]!);
      asked = null;
      generation++;
      const [step, normal] = [weightedSum(steps, weights), weightedSum(normals, weights)];
      mean = mean.map((value, i) => value + deviation * step[i]!);
      const gain = Math.sqrt(cSigma * (2 - cSigma) * muEff);
      pathSigma = pathSigma.map((value, i) => (1 - cSigma) * value + gain * normal[i]!);
      const length = Math.hypot(...pathSigma);
      const hSigma = length / Math.sqrt(1 - (1 - cSigma) ** (2 * generation)) < (1.4 + 2 / (size + 1)) * chiN;
      const push = hSigma ? Math.sqrt(cC * (2 - cC) * muEff) : 0;
      pathC = pathC.map((value, i) => (1 - cC) * value + push * step[i]!);
      adaptCovariance(steps, hSigma);
      deviation *= Math.exp((cSigma / dSigma) * (length / chiN - 1));
    },
    state: () => {
      const state: CmaEsState = {
        generation,
        deviation,
        mean: [...mean],
        covariance: [...covariance],
        factor: [...factor],
        pathC: [...pathC],
        pathSigma: [...pathSigma],
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
        pathC: vector,
        pathSigma: vector,
        random: generatorRule,
      });
      if (!fits<CmaEsState>(state, rule))
        throw new ArgumentError(
          `[cmaES] expected the state of a search over ${size} numbers; pass the state() of the same search`,
        );
      ({ generation, deviation } = state);
      [mean, covariance, factor] = [
        Float64Array.from(state.mean),
        Float64Array.from(state.covariance),
        Float64Array.from(state.factor),
      ];
      [pathC, pathSigma] = [Float64Array.from(state.pathC), Float64Array.from(state.pathSigma)];
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
