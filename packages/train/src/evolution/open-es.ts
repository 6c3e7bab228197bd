import { ArgumentError, checkOptions, Generator, is, type GeneratorState, type OptionRules } from '@timestep/core';
import { fits, record } from '../checkpoint/schema.ts';
import type { Json } from '../schedules/schedule.ts';
import type { EvolutionStrategy } from './evolution-strategy.ts';
import { checkStart, fromBestToWorst, generatorRule, vectorRule } from './ranks.ts';

/** Options of {@link openES}. */
export interface OpenEsOptions {
  readonly seed: number;
  /** σ, constant; 0.1 by default. */
  readonly deviation?: number | undefined;
  /** The number of candidates, even because they are mirrored pairs; 64 by default. */
  readonly populationSize?: number | undefined;
  /** The learning rate of Adam on the estimated gradient; 0.05 by default. */
  readonly learningRate?: number | undefined;
  /** λ of the weight decay; 0 by default. */
  readonly weightDecay?: number | undefined;
}

interface OpenEsState {
  readonly generation: number;
  readonly mean: readonly number[];
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly random: GeneratorState;
}

const rules: OptionRules<OpenEsOptions> = {
  seed: is.size(0),
  deviation: is.optional(is.number({ above: 0 })),
  populationSize: is.optional(is.size(4)),
  learningRate: is.optional(is.number({ min: 0 })),
  weightDecay: is.optional(is.number({ min: 0 })),
};

const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];

/**
 * The evolution strategy of Salimans, Ho, Chen, Sidor and Sutskever (2017): mirrored candidates m ± σε, fitness
 * replaced by centred ranks u in [−½, ½], and an Adam step along 1/(λσ)·Σ u·ε − λ_w·m. Its cost is linear in n, so it
 * works for networks of any size.
 *
 * @param start m, `[n]`
 * @throws ArgumentError for an unknown option or a wrong value, such as an odd populationSize; from `tell` for the
 * wrong number of fitness values, from `restore` for the state of another search
 * @example
 * ```ts
 * const search = openES(await vector.read(), { seed: 1, populationSize: 32 });
 * for (let g = 0; g < 100; g++) search.tell(search.ask().map(fitness));
 * ```
 */
export function openES(start: ArrayLike<number>, options: OpenEsOptions): EvolutionStrategy {
  checkStart('openES', start);
  checkOptions('openES', options, rules);
  const { seed, deviation = 0.1, populationSize = 64, learningRate = 0.05, weightDecay = 0 } = options;
  if (populationSize % 2 !== 0)
    throw new ArgumentError(
      `[openES] expected an even populationSize, got ${populationSize}; candidates come in mirrored pairs`,
    );
  const random = new Generator(seed);
  let generation = 0;
  let mean = Float64Array.from(start);
  let first = new Float64Array(mean.length);
  let second = new Float64Array(mean.length);
  let asked: Float64Array[] | null = null;
  const mirror = (index: number): number => (index % 2 === 0 ? 1 : -1);
  return {
    populationSize,
    get generation() {
      return generation;
    },
    get mean() {
      return mean.slice();
    },
    ask() {
      const directions = (asked ??= Array.from({ length: populationSize / 2 }, () => mean.map(() => random.normal())));
      return Array.from({ length: populationSize }, (_, index) =>
        mean.map((value, i) => value + mirror(index) * deviation * directions[index >> 1]![i]!),
      );
    },
    tell(fitness) {
      if (!asked) throw new ArgumentError('[openES] tell() without ask(); call ask() first');
      const ranks = new Float64Array(populationSize);
      fromBestToWorst('openES', fitness, populationSize).forEach(
        (index, place) => (ranks[index] = 0.5 - place / (populationSize - 1)),
      );
      const gradient = mean.map((value) => -weightDecay * value);
      asked.forEach((direction, pair) => {
        const weight = (ranks[2 * pair]! - ranks[2 * pair + 1]!) / (populationSize * deviation);
        for (let i = 0; i < gradient.length; i++) gradient[i]! += weight * direction[i]!;
      });
      asked = null;
      generation++;
      first = first.map((value, i) => beta1 * value + (1 - beta1) * gradient[i]!);
      second = second.map((value, i) => beta2 * value + (1 - beta2) * gradient[i]! ** 2);
      const [scale1, scale2] = [1 - beta1 ** generation, 1 - beta2 ** generation];
      mean = mean.map(
        (value, i) => value + (learningRate * first[i]!) / scale1 / (Math.sqrt(second[i]! / scale2) + epsilon),
      );
    },
    state: () => {
      const state: OpenEsState = {
        generation,
        mean: [...mean],
        first: [...first],
        second: [...second],
        random: random.state,
      };
      return state as unknown as Json;
    },
    restore(json) {
      const state: unknown = json;
      const vector = vectorRule(mean.length);
      const rule = record({
        generation: is.size(0),
        mean: vector,
        first: vector,
        second: vector,
        random: generatorRule,
      });
      if (!fits<OpenEsState>(state, rule))
        throw new ArgumentError(
          `[openES] expected the state of a search over ${mean.length} numbers; restore what state() of the same search gave`,
        );
      generation = state.generation;
      [mean, first, second] = [
        Float64Array.from(state.mean),
        Float64Array.from(state.first),
        Float64Array.from(state.second),
      ];
      random.state = state.random;
      asked = null;
    },
  };
}
