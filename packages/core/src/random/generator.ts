import {
  ArgumentError,
  checkOptions,
  checkValue,
  is,
  type Backend,
  type OptionRules,
  type Rule,
} from '@timestep/backend-api';
import { checkBackend } from '../check-backend.ts';
import { checkShape, maxElements, sizeOf, type Shape } from '../shape.ts';
import { TensorStorage } from '../storage.ts';
import { Tensor } from '../tensor.ts';
import { between, floatBelow, floatFrom, unitFromWords } from './interval.ts';
import { threefry2x32 } from './threefry.ts';

/** Everything a generator remembers; plain JSON. */
export interface GeneratorState {
  readonly key: readonly [number, number];
  readonly counter: number;
  /** The second of a pair of normal deviates, where one is left. */
  readonly spare: number | null;
}

const word: Rule = is.integer(0, 2 ** 32 - 1);
const stateRules: OptionRules<GeneratorState> = {
  key: (value) =>
    Array.isArray(value) && value.length === 2 && value.every((part) => word(part) === null)
      ? null
      : 'two words of 32 bits',
  counter: is.integer(0),
  spare: is.anyOf(is.number(), (value) => (value === null ? null : 'null')),
};

/** A rule for arguments and options that are generators. */
export const generatorRule: Rule = is.like('a Generator', 'uniform', 'bits', 'state');

/**
 * Random numbers by a counter and a key: the same seed gives the same numbers on every backend and machine.
 *
 * ```ts
 * const generator = new Generator(7);
 * generator.uniform();                        // in [0, 1)
 * const bits = generator.bits(backend, [2, 3]);  // u32, made on the device
 * ```
 */
export class Generator {
  #key: readonly [number, number];
  #counter = 0;
  #spare: number | null = null;

  /** @param seed an integer in [0, 2⁵³) */
  constructor(seed: number) {
    checkValue('Generator', 'a seed', seed, seedRule);
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32)];
  }

  /** A snapshot; set it to continue from there. */
  get state(): GeneratorState {
    return { key: this.#key, counter: this.#counter, spare: this.#spare };
  }

  set state(state: GeneratorState) {
    checkOptions('Generator.state', state, stateRules);
    this.#key = [state.key[0], state.key[1]];
    this.#counter = state.counter;
    this.#spare = state.spare;
  }

  /** A generator of its own, independent of this one, by a label: nothing is drawn here. */
  fork(label: string): Generator {
    checkValue('Generator.fork', 'a label', label, is.string);
    // FNV-1a of the label as the counter's words, encrypted under this key.
    let hash = 0x811c9dc5;
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
    const child = new Generator(0);
    child.#key = threefry2x32(this.#key, hash, 0x80000000 | label.length);
    return child;
  }

  /** 32 random bits. */
  #word(): number {
    const [word] = threefry2x32(this.#key, this.#counter >>> 0, Math.floor(this.#counter / 2 ** 32));
    this.#counter++;
    return word;
  }

  /**
   * Uniform in [low, high), with 53 bits; `low` where both are equal.
   *
   * @throws ArgumentError unless both are finite and low ≤ high
   */
  uniform(low = 0, high = 1): number {
    checkInterval('Generator.uniform', low, high);
    const [a, b] = threefry2x32(this.#key, this.#counter >>> 0, Math.floor(this.#counter / 2 ** 32));
    this.#counter++;
    return between(low, high, unitFromWords(a, b));
  }

  /** Normal with this mean and deviation (Box and Muller 1958). */
  normal(mean = 0, deviation = 1): number {
    if (!(Number.isFinite(mean) && Number.isFinite(deviation) && deviation >= 0)) {
      checkValue('Generator.normal', 'mean', mean, is.number());
      checkValue('Generator.normal', 'deviation', deviation, is.number({ min: 0 }));
    }
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return mean + deviation * spare;
    }
    // 1 − u is 2⁻⁵³ at least, so that the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return mean + deviation * radius * Math.cos(angle);
  }

  /** A whole number in 0 … limit − 1, without bias. */
  integer(limit: number): number {
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= 2 ** 32))
      checkValue('Generator.integer', 'a limit', limit, is.integer(1, 2 ** 32));
    const bound = 2 ** 32 - (2 ** 32 % limit);
    let word = this.#word();
    while (word >= bound) word = this.#word();
    return word % limit;
  }

  /** 0 … length − 1 in random order (Fisher and Yates). */
  permutation(length: number): Int32Array {
    checkValue('Generator.permutation', 'a length', length, is.integer(0, maxElements));
    const order = Int32Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swap = order[i]!;
      order[i] = order[j]!;
      order[j] = swap;
    }
    return order;
  }

  /** Random u32 words on a device; bit-exact on every backend. */
  bits(backend: Backend, shape: Shape): Tensor {
    checkBackend('Generator.bits', backend);
    checkShape('Generator.bits', shape);
    const size = sizeOf(shape);
    const buffer = backend.alloc('u32', size);
    backend.randomBits(buffer, this.#key, this.#counter);
    this.#counter += Math.ceil(size / 2);
    return new Tensor(new TensorStorage(backend, buffer), [...shape]);
  }

  /**
   * Fills a host array with uniform deviates in [low, high), also after they are rounded to float32; initialisers draw
   * on the host, so that one seed gives one model anywhere.
   */
  fillUniform(target: Float32Array, low: number, high: number): Float32Array {
    checkValue('Generator.fillUniform', 'the target', target, is.instanceOf(Float32Array));
    checkInterval('Generator.fillUniform', low, high);
    // The nearest float32 of a value in [low, high) may lie outside. In an interval without a float32 it has to do.
    const [first, last] = [floatFrom(low), floatBelow(high)];
    for (let i = 0; i < target.length; i++) {
      const value = Math.fround(this.uniform(low, high));
      target[i] = first > last ? value : value > last ? last : value < first ? first : value;
    }
    return target;
  }

  /** Fills a host array with normal deviates. */
  fillNormal(target: Float32Array, mean: number, deviation: number): Float32Array {
    checkValue('Generator.fillNormal', 'the target', target, is.instanceOf(Float32Array));
    for (let i = 0; i < target.length; i++) target[i] = this.normal(mean, deviation);
    return target;
  }
}

const seedRule: Rule = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : 'an integer in [0, 2^53)';

function checkInterval(where: string, low: number, high: number): void {
  if (typeof low === 'number' && typeof high === 'number' && low <= high && Number.isFinite(high - low)) return;
  checkValue(where, 'low', low, is.number());
  checkValue(where, 'high', high, is.number({ min: low }));
  throw new ArgumentError(`[${where}] expected an interval of finite length, got ${low}…${high}`);
}
