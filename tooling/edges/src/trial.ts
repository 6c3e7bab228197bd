import { Generator, tensor, type Backend, type Tensor } from '@timestep/core';

/** The sizes of a trial, and the values of its padding. */
export interface Setting {
  readonly steps: number;
  /** One for each sequence. */
  readonly lengths: readonly number[];
  /** The value past a length. */
  readonly padding: number;
  /** The symbol past a length. */
  readonly symbolPadding: number;
  /** The value past a length in the gradient of an output that is padded too. */
  readonly upstreamPadding: number;
}

/** Outputs and gradients by name, read from the device. */
export type Found = Readonly<Record<string, ArrayLike<number>>>;

interface Given {
  readonly value: Tensor;
  readonly padded: (index: number) => boolean;
}

/**
 * One run of a case: it draws inputs of which a part is padding, and reads outputs and gradients. All that is drawn
 * comes from one seed and its own name, so that two trials differ in nothing but their settings.
 */
export class Trial {
  readonly backend: Backend;
  readonly setting: Setting;
  readonly generator = new Generator(20);
  readonly #given = new Map<string, Given>();

  constructor(backend: Backend, setting: Setting) {
    this.backend = backend;
    this.setting = setting;
  }

  get steps(): number {
    return this.setting.steps;
  }

  get batch(): number {
    return this.setting.lengths.length;
  }

  get lengths(): readonly number[] {
    return this.setting.lengths;
  }

  /** x `[T, N, …features]`, with padding past each length. */
  sequence(name: string, ...features: number[]): Tensor {
    const width = features.reduce((a, b) => a * b, 1);
    return this.#draw(name, [this.steps, this.batch, ...features], (index) => this.past(Math.floor(index / width)));
  }

  /** A tensor with padding of its own kind. */
  padded(name: string, shape: readonly number[], padded: (index: number) => boolean): Tensor {
    return this.#draw(name, shape, padded);
  }

  /** A tensor without padding, such as an initial state. */
  whole(name: string, ...shape: number[]): Tensor {
    return this.#draw(name, shape, () => false);
  }

  /** `[T, N, features]` on the host. */
  host(features: number): Float32Array {
    return this.#values('host', [this.steps, this.batch, features], (index) => this.past(Math.floor(index / features)));
  }

  /** Symbols i32 `[T, N]`, with padding past each length. */
  symbols(count: number): Tensor {
    const generator = new Generator(20).fork('symbols');
    const values = Int32Array.from({ length: this.steps * this.batch }, (_, frame) => {
      const symbol = generator.integer(count);
      return this.past(frame) ? this.setting.symbolPadding : symbol;
    });
    return tensor(this.backend, values, { shape: [this.steps, this.batch] });
  }

  /** Symbols i32 `[steps, N]` without padding. */
  targets(steps: number, count: number): Tensor {
    const generator = new Generator(20).fork('targets');
    const values = Int32Array.from({ length: steps * this.batch }, () => generator.integer(count));
    return tensor(this.backend, values, { shape: [steps, this.batch] });
  }

  /** Whether a frame of `[T, N]` is at or past its sequence's length. */
  past(frame: number): boolean {
    return Math.floor(frame / this.batch) >= this.lengths[frame % this.batch]!;
  }

  /**
   * Sends a random gradient into every output, and reads the outputs and all gradients: of what was drawn, under `d`
   * and its name, and of parameters.
   *
   * @param padded the outputs `[T, N, …]` that promise to take no gradient past a length
   */
  async found(
    outputs: Readonly<Record<string, Tensor>>,
    parameters: Iterable<readonly [string, Tensor]> = [],
    padded: readonly string[] = [],
  ): Promise<Found> {
    const mayPad = (name: string): boolean =>
      padded.includes(name) || (name === 'output' && this.setting.upstreamPadding === 0);
    for (const [name, output] of Object.entries(outputs)) {
      if (!output.requiresGrad) continue;
      const width = output.size / Math.max(1, this.steps * this.batch);
      const values = this.#uniform(`d${name}`, output.size).map((value, index) =>
        mayPad(name) && this.past(Math.floor(index / width)) ? this.setting.upstreamPadding : value,
      );
      output.backward(tensor(this.backend, values, { shape: output.shape }), { retainGraph: true });
    }
    const read: [string, Tensor][] = Object.entries(outputs);
    const leaves = [...[...this.#given].map(([name, { value }]) => [name, value] as const), ...parameters];
    for (const [name, leaf] of leaves) if (leaf.grad) read.push([`d${name}`, leaf.grad]);
    const arrays = await this.backend.readMany(read.map(([, { buffer }]) => buffer));
    for (const [, leaf] of leaves) {
      leaf.grad?.dispose();
      leaf.grad = null;
    }
    return Object.fromEntries(read.map(([name], k) => [name, arrays[k]!]));
  }

  /** Names of gradients with the places that are padding. */
  *paddings(): Iterable<[name: string, padded: (index: number) => boolean]> {
    for (const [name, { padded }] of this.#given) yield [`d${name}`, padded];
  }

  #draw(name: string, shape: readonly number[], padded: (index: number) => boolean): Tensor {
    const value = tensor(this.backend, this.#values(name, shape, padded), { shape, requiresGrad: true });
    this.#given.set(name, { value, padded });
    return value;
  }

  #values(name: string, shape: readonly number[], padded: (index: number) => boolean): Float32Array {
    const values = this.#uniform(
      name,
      shape.reduce((a, b) => a * b, 1),
    );
    return values.map((value, index) => (padded(index) ? this.setting.padding : value));
  }

  #uniform(name: string, count: number): Float32Array {
    return new Generator(20).fork(name).fillUniform(new Float32Array(count), -1, 1);
  }
}
