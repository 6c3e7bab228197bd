import { describe, DisposedError, ShapeError, type Backend, type Stream } from '@timestep/backend-api';
import type { FusedMode } from '../context.ts';
import { tensor, zeros } from '../create.ts';
import { inScope } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { unowned } from '../unowned.ts';
import { stepLayer, type StreamState } from './stream-step.ts';
import type { StreamPart } from './stream-part.ts';

/**
 * A stream by ordinary operations, for a backend whose memory is the host's but that has no stream of its own for these
 * layers.
 */
export class FallbackStream implements Stream {
  readonly stateSize: number;
  readonly #backend: Backend;
  readonly #parts: readonly StreamPart[];
  readonly #mode: FusedMode;
  readonly #inputSize: number;
  /** By layer; owned by no scope */
  #states: readonly StreamState[] | null;

  constructor(backend: Backend, parts: readonly StreamPart[], mode: FusedMode) {
    this.#backend = backend;
    this.#mode = mode;
    // The weights of this moment, as a backend's own stream keeps them.
    this.#parts = parts.map((part) => copyWeights(backend, part));
    const [first] = this.#parts as readonly [StreamPart, ...StreamPart[]];
    this.#inputSize = (first.kind === 'linear' ? first.weight : first.weightIh).shape[1]!;
    this.#states = this.#inScope(() => {
      let current = zeros(backend, [1, 1, this.#inputSize]);
      return this.#parts.map((part) => {
        const { output, state } = stepLayer(part, current, null, mode);
        current = output;
        return state.map((value) => unowned(zeros(backend, value.shape)));
      });
    });
    this.stateSize = this.#states.flat().reduce((sum, { size }) => sum + size, 0);
  }

  step(input: Float32Array, output: Float32Array): void {
    const before = this.#open();
    if (!isRow(input, this.#inputSize))
      throw new ShapeError(`[stream] expected an input of ${this.#inputSize} floats, got ${lengthOf(input)}`);
    this.#states = this.#inScope(() => {
      let current = tensor(this.#backend, input, { shape: [1, 1, input.length] });
      const states = this.#parts.map((part, k) => {
        const next = stepLayer(part, current, before[k]!, this.#mode);
        current = next.output;
        return next.state;
      });
      if (!isRow(output, current.size))
        throw new ShapeError(`[stream] expected an output of ${current.size} floats, got ${lengthOf(output)}`);
      output.set(this.#backend.hostView!(current.buffer));
      for (const value of states.flat()) unowned(value);
      return states;
    });
    for (const value of before.flat()) value.dispose();
  }

  readState(into: Float32Array): void {
    let offset = 0;
    for (const value of this.#checked(into)) {
      into.set(this.#backend.hostView!(value.buffer), offset);
      offset += value.size;
    }
  }

  writeState(from: Float32Array): void {
    let offset = 0;
    for (const value of this.#checked(from)) {
      value.assign(from.subarray(offset, offset + value.size));
      offset += value.size;
    }
  }

  release(): void {
    for (const value of this.#states?.flat() ?? []) value.dispose();
    if (this.#states) for (const part of this.#parts) for (const weight of weightsOf(part)) weight.dispose();
    this.#states = null;
  }

  /** The parts of the state in order; throws where `state` has another length. */
  #checked(state: Float32Array): readonly Tensor[] {
    const parts = this.#open().flat();
    if (state.length !== this.stateSize)
      throw new ShapeError(`[stream] expected a state of ${this.stateSize} floats, got ${state.length}`);
    return parts;
  }

  #open(): readonly StreamState[] {
    if (!this.#states) throw new DisposedError('[stream] expected an open stream, this one was released; open another');
    return this.#states;
  }

  #inScope<T>(body: () => T): T {
    return inScope(this.#backend, { gradient: false }, body);
  }
}

function weightsOf(part: StreamPart): Tensor[] {
  return Object.values(part).filter(
    (value): value is Tensor => typeof value === 'object' && value !== null && 'buffer' in value,
  );
}

function copyWeights(backend: Backend, part: StreamPart): StreamPart {
  const copy = ([name, value]: [string, unknown]): [string, unknown] => {
    if (!(typeof value === 'object' && value !== null && 'buffer' in value)) return [name, value];
    const weight = value as Tensor;
    return [name, unowned(zeros(backend, weight.shape).assign(weight))];
  };
  return inScope(backend, { gradient: false }, () => Object.fromEntries(Object.entries(part).map(copy)) as StreamPart);
}

function isRow(value: unknown, length: number): boolean {
  return value instanceof Float32Array && value.length === length;
}

function lengthOf(value: unknown): string {
  return value instanceof Float32Array ? String(value.length) : describe(value);
}
