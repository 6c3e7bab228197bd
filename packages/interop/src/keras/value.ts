import { cast, full, notEqual, reshape, select, transpose, type Tensor } from '@timestep/core';
import type { Lengths } from '@timestep/layers';

/** Which steps count: u32 `[N, T]`, and the lengths if the host knows them. */
export interface Mask {
  readonly tensor: Tensor;
  readonly lengths: Lengths | null;
}

/**
 * A value between two layers of a Keras model. The batch comes first in Keras, the time in the layers here. Each form is
 * made on request, so a chain of recurrent and pointwise layers never transposes its data.
 */
export class Value {
  readonly mask: Mask | null;
  #batchFirst: Tensor | null;
  #timeFirst: Tensor | null;

  private constructor(batchFirst: Tensor | null, timeFirst: Tensor | null, mask: Mask | null) {
    this.#batchFirst = batchFirst;
    this.#timeFirst = timeFirst;
    this.mask = mask;
  }

  /** Wraps a tensor in Keras's layout, `[N, …]`. */
  static of(batchFirst: Tensor, mask: Mask | null = null): Value {
    return new Value(batchFirst, null, mask);
  }

  /** Wraps a tensor in the layout of Timestep, `[T, N, …]`. */
  static ofTime(timeFirst: Tensor, mask: Mask | null = null): Value {
    return new Value(null, timeFirst, mask);
  }

  /** `[N, …]` */
  get tensor(): Tensor {
    return (this.#batchFirst ??= turned(this.#timeFirst!));
  }

  /** `[T, N, …]`, of a value of two or more axes. */
  get timeFirst(): Tensor {
    return (this.#timeFirst ??= turned(this.#batchFirst!));
  }

  get rank(): number {
    return (this.#batchFirst ?? this.#timeFirst!).rank;
  }

  /** The shape in Keras's layout. */
  get shape(): readonly number[] {
    if (this.#batchFirst) return this.#batchFirst.shape;
    const [steps, batch, ...rest] = this.#timeFirst!.shape as [number, number, ...number[]];
    return [batch, steps, ...rest];
  }

  /** The same under another mask. */
  masked(mask: Mask | null): Value {
    return new Value(this.#batchFirst, this.#timeFirst, mask);
  }

  /** Applies a function of single positions, in the layout that exists. */
  pointwise(body: (x: Tensor) => Tensor): Value {
    return this.#batchFirst
      ? Value.of(body(this.#batchFirst), this.mask)
      : Value.ofTime(body(this.#timeFirst!), this.mask);
  }
}

/** Makes a mask from a computed value: elements other than 0 count. */
export function maskFrom(value: Value): Mask {
  const flags = value.tensor.dtype === 'f32' ? value.tensor : cast(value.tensor, 'f32');
  return { tensor: notEqual(flags, full(flags.backend, [], 0)), lengths: null };
}

/** The first two axes exchanged. */
export function turned(x: Tensor): Tensor {
  return transpose(x, [1, 0, ...x.shape.slice(2).map((_, axis) => axis + 2)]);
}

/**
 * Returns x `[N, T, …]` where the mask `[N, T]` is not 0, and 0 elsewhere. It selects instead of multiplying, so that NaN
 * does not pass.
 */
export function zeroWhereMasked(x: Tensor, mask: Tensor): Tensor {
  const wide = reshape(mask, [...mask.shape, ...x.shape.slice(mask.rank).map(() => 1)]);
  return select(wide, x, full(x.backend, [], 0));
}
