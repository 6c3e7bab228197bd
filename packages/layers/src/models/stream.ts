import { layerRules } from '../options.ts';
import {
  ArgumentError,
  type Backend,
  checkOptions,
  checkValue,
  createScope,
  is,
  type OptionRules,
  type Rule,
  type State,
  tensor,
  type Tensor,
} from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { mapState } from '../recurrent/cell.ts';
import type { Recurrence } from '../scoped.ts';

/** A model that {@link stream} can run: a recurrent layer in one direction, a ManyToMany, or your own. */
export interface SequenceModel<S extends State> {
  /** `[T, N, D]` → `[T, N, P]` */
  forward(x: Tensor, options?: { readonly state?: S | null | undefined }): Recurrence<S>;
}

/** Options of {@link stream}. */
export interface StreamOptions<S extends State> {
  readonly backend: Backend;
  /** The most frames that may wait. The source is not read while the queue is full. 32 by default. */
  readonly capacity?: number | undefined;
  /** The state to start from; zeros by default. The caller still owns it. */
  readonly state?: S | null | undefined;
}

const rules: OptionRules<StreamOptions<State>> = {
  backend: layerRules.backend,
  capacity: is.optional(is.size()),
  state: is.nullable(is.object),
};

const frameRule = is.arrayOf(is.number({ infinite: true }), 'an array of numbers');

const framesRule: Rule = (value) =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
    ? null
    : 'frames that come one after the other, such as an array or a generator';

/**
 * Runs a model over frames as they arrive and keeps the state between calls. Frames that arrive during a computation,
 * at most `capacity`, are processed in one call. It yields one output per frame, in order. Leave the loop to stop; that
 * closes the source.
 *
 * ```ts
 * for await (const output of stream(model, microphone(), { backend, capacity: 16 })) draw(output);
 * ```
 *
 * @param frames of D numbers each
 * @throws ArgumentError for a frame whose length differs from the first; an error of the source, after the outputs of
 * the
 *   earlier frames
 */
export async function* stream<S extends State>(
  model: SequenceModel<S>,
  frames: AsyncIterable<ArrayLike<number>> | Iterable<ArrayLike<number>>,
  options: StreamOptions<S>,
): AsyncGenerator<Float32Array, void, undefined> {
  checkValue('stream', 'model', model, is.like('a recurrent layer or a ManyToMany', 'forward'));
  checkValue('stream', 'frames', frames, framesRule);
  checkOptions('stream', options, rules);
  const buffer = new FrameBuffer(frames, options.capacity ?? 32);
  const { backend } = options;
  let state: S | null = null;
  let size = -1;
  let count = 0;
  try {
    for (let waiting = await buffer.take(); waiting.length > 0; waiting = await buffer.take()) {
      for (const frame of waiting) checkValue('stream', 'a frame', frame, frameRule);
      if (size < 0) size = waiting[0]!.length;
      const wrong = waiting.findIndex((frame) => frame.length !== size);
      if (wrong >= 0)
        throw new ArgumentError(
          `[stream] frame ${count + wrong} has ${waiting[wrong]!.length} features, expected ${size} as the first had`,
          'SHAPE_MISMATCH',
        );
      count += waiting.length;
      const values = new Float32Array(waiting.length * size);
      waiting.forEach((frame, k) => values.set(frame, k * size));
      let outputs: ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> };
      {
        using scope = createScope(backend, { gradient: false });
        const before: S | null = state;
        const shape = [waiting.length, 1, size];
        const result: Recurrence<S> = scope.run(() =>
          model.forward(tensor(backend, values, { shape }), { state: before ?? options.state }),
        );
        state = mapState(result.state, unowned);
        for (const part of Object.values(before ?? {})) part.dispose();
        outputs = await result.output.data();
      }
      const width = outputs.length / waiting.length;
      for (let k = 0; k < waiting.length; k++) yield Float32Array.from(outputs.subarray(k * width, (k + 1) * width));
    }
  } finally {
    for (const part of Object.values(state ?? {})) part.dispose();
    await buffer.close();
  }
}

/** Reads ahead of its consumer, but never further than its capacity. */
class FrameBuffer {
  readonly #source: AsyncIterator<ArrayLike<number>> | Iterator<ArrayLike<number>>;
  readonly #capacity: number;
  #waiting: ArrayLike<number>[] = [];
  #failure: { readonly error: unknown } | null = null;
  #ended = false;
  /** Wakes whoever waits for a change: the reader for room, the consumer for a frame. */
  #wake: () => void = () => undefined;

  constructor(frames: AsyncIterable<ArrayLike<number>> | Iterable<ArrayLike<number>>, capacity: number) {
    this.#source = Symbol.asyncIterator in frames ? frames[Symbol.asyncIterator]() : frames[Symbol.iterator]();
    this.#capacity = capacity;
    void this.#read();
  }

  /**
   * The frames that wait, at least one; none at the end. Throws the source's error once the frames before it are taken.
   */
  async take(): Promise<ArrayLike<number>[]> {
    while (this.#waiting.length === 0 && !this.#ended) await this.#change();
    const taken = this.#waiting;
    this.#waiting = [];
    this.#notify();
    if (taken.length === 0 && this.#failure) throw this.#failure.error;
    return taken;
  }

  async close(): Promise<void> {
    const early = !this.#ended;
    this.#ended = true;
    this.#notify();
    if (early) await this.#source.return?.();
  }

  async #read(): Promise<void> {
    try {
      while (!this.#ended) {
        const { done, value } = await this.#source.next();
        if (done || this.#ended) break;
        this.#waiting.push(value);
        this.#notify();
        while (this.#waiting.length >= this.#capacity && !this.#ended) await this.#change();
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#ended = true;
    this.#notify();
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = () => undefined;
    wake();
  }

  /** Of the two sides at most one waits: the buffer is never empty and full. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
