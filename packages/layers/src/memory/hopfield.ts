import { generatorRule } from '../options.ts';
import {
  ArgumentError,
  checkOptions,
  checkValue,
  describe,
  type Generator,
  is,
  type OptionRules,
  ShapeError,
} from '@timestep/core';

/** A state or pattern: N units, each −1 or 1. */
export type Spins = ArrayLike<number>;

/** Options of {@link HopfieldNetwork.recall}. */
export interface RecallOptions {
  /**
   * `asynchronous` (default) updates one unit at a time, in a new random order per sweep. The energy never increases,
   * so it converges. `synchronous` updates all units at once and ends in a fixed point or a cycle of two states.
   */
  readonly update?: 'asynchronous' | 'synchronous' | undefined;
  /** The source of the random order; without one, units are updated in index order. */
  readonly generator?: Generator | undefined;
  /** The most sweeps over all units; 100 by default. */
  readonly maxSweeps?: number | undefined;
}

const recallRules: OptionRules<RecallOptions> = {
  update: is.optional(is.oneOf('asynchronous', 'synchronous')),
  generator: generatorRule,
  maxSweeps: is.optional(is.size()),
};

/** The result of {@link HopfieldNetwork.recall}. */
export interface Recall {
  readonly state: Int8Array;
  /** Whether another sweep would change nothing. */
  readonly settled: boolean;
  /** The energy at the start and after each sweep. */
  readonly energies: readonly number[];
}

/**
 * The Hopfield network (1982): N units s ∈ {−1, 1} with symmetric weights and a zero diagonal. It stores patterns ξ by
 * Hebb's rule, W = 1/N·Σ ξξᵀ, and recalls them from a damaged copy: s_i ← sign(Σⱼ W_ij s_j). A unit whose sum is 0
 * keeps its state. The capacity is about 0.138·N random patterns (Amit, Gutfreund and Sompolinsky 1985). It runs on the
 * host, because it updates one bit at a time.
 *
 * ```ts
 * const network = new HopfieldNetwork(100);
 * for (const pattern of patterns) network.store(pattern);
 * const { state } = network.recall(damaged, { generator });
 * ```
 *
 * @throws ArgumentError or ShapeError for anything but `size` numbers of −1 and 1
 */
export class HopfieldNetwork {
  /** N */
  readonly size: number;
  /** `[N, N]`, symmetric, 0 on the diagonal; row-major */
  readonly weights: Float64Array;
  #stored = 0;

  constructor(size: number) {
    checkValue('HopfieldNetwork', 'size', size, is.integer(1, 2 ** 15));
    this.size = size;
    this.weights = new Float64Array(size * size);
  }

  /** The number of stored patterns. */
  get stored(): number {
    return this.#stored;
  }

  /** Adds ξξᵀ/N to the weights. */
  store(pattern: Spins): void {
    const spins = this.#check('store', pattern);
    const { size, weights } = this;
    for (let i = 0; i < size; i++) {
      const scaled = spins[i]! / size;
      for (let j = 0; j < size; j++) if (j !== i) weights[i * size + j]! += scaled * spins[j]!;
    }
    this.#stored++;
  }

  /** E(s) = −½ Σ W_ij s_i s_j */
  energy(state: Spins): number {
    const spins = this.#check('energy', state);
    return energyOf(spins, this.#fields(spins));
  }

  /** Runs the network from a state until nothing changes. */
  recall(cue: Spins, options: RecallOptions = {}): Recall {
    checkOptions('HopfieldNetwork.recall', options, recallRules);
    const { update = 'asynchronous', generator, maxSweeps = 100 } = options;
    const state = this.#check('recall', cue);
    const fields = this.#fields(state);
    const energies = [energyOf(state, fields)];
    let settled = false;
    for (let sweep = 0; sweep < maxSweeps && !settled; sweep++) {
      settled = update === 'synchronous' ? this.#flipAll(state, fields) : this.#sweep(state, fields, generator);
      energies.push(energyOf(state, fields));
    }
    return { state, settled, energies };
  }

  /** One unit after the other; true where none changed. */
  #sweep(state: Int8Array, fields: Float64Array, generator: Generator | undefined): boolean {
    let still = true;
    const order = generator?.permutation(this.size);
    for (let k = 0; k < this.size; k++) {
      const i = order ? order[k]! : k;
      if (fields[i]! * state[i]! >= 0) continue;
      this.#flip(state, fields, i);
      still = false;
    }
    return still;
  }

  /** All units at once; true where none changed. */
  #flipAll(state: Int8Array, fields: Float64Array): boolean {
    const changing: number[] = [];
    for (let i = 0; i < this.size; i++) if (fields[i]! * state[i]! < 0) changing.push(i);
    for (const i of changing) this.#flip(state, fields, i);
    return changing.length === 0;
  }

  /** Flips one unit and updates every field in N steps instead of N². */
  #flip(state: Int8Array, fields: Float64Array, unit: number): void {
    state[unit] = -state[unit]!;
    const change = 2 * state[unit];
    const row = unit * this.size;
    for (let j = 0; j < this.size; j++) fields[j]! += change * this.weights[row + j]!;
  }

  #fields(state: Int8Array): Float64Array {
    const { size, weights } = this;
    const fields = new Float64Array(size);
    for (let i = 0; i < size; i++) {
      let field = 0;
      for (let j = 0; j < size; j++) field += weights[i * size + j]! * state[j]!;
      fields[i] = field;
    }
    return fields;
  }

  #check(where: string, spins: Spins): Int8Array {
    const given: unknown = spins;
    if (!Array.isArray(given) && !ArrayBuffer.isView(given))
      throw new ArgumentError(`[HopfieldNetwork.${where}] expected an array of −1 and 1, got ${describe(given)}`);
    if (spins.length !== this.size)
      throw new ShapeError(`[HopfieldNetwork.${where}] expected ${this.size} units, got ${spins.length}`);
    const wrong = Array.prototype.findIndex.call(spins, (spin: number) => spin !== 1 && spin !== -1);
    if (wrong >= 0)
      throw new ArgumentError(
        `[HopfieldNetwork.${where}] unit ${wrong} is ${spins[wrong]}, expected −1 or 1; map 0 to −1 first`,
      );
    return Int8Array.from(spins);
  }
}

function energyOf(state: Int8Array, fields: Float64Array): number {
  let energy = 0;
  for (let i = 0; i < state.length; i++) energy -= 0.5 * state[i]! * fields[i]!;
  return energy;
}
