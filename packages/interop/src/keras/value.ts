import { cast, full, notEqual, reshape, select, transpose, type Tensor } from '@timestep/core';
import type { Lengths } from '@timestep/layers';

/** Which steps count: u32 `[N, T]`, and the lengths where they are known on the host. */
export interface Mask {
  readonly tensor: Tensor;
  readonly lengths: Lengths | null;
}

/**
 * What flows between the layers of a Keras model. Keras puts the batch first, the layers here the time: both forms are
 * made when they are asked for, and a chain of recurrent and pointwise layers never turns its data.
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

  /** A tensor as Keras has it, `[N, …]`. */
  static of(batchFirst: Tensor, mask: Mask | null = null): Value {
    return new Value(batchFirst, null, mask);
  }

  /** A tensor of two or more axes as the layers here have it, `[T, N, …]`. */
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

  /** The shape as Keras has it. */
  get shape(): readonly number[] {
    if (this.#batchFirst) return this.#batchFirst.shape;
    const [steps, batch, ...rest] = this.#timeFirst!.shape as [number, number, ...number[]];
    return [batch, steps, ...rest];
  }

  /** The same under another mask. */
  masked(mask: Mask | null): Value {
    return new Value(this.#batchFirst, this.#timeFirst, mask);
  }

  /** A function of every position by itself, whatever stands in the last axis: in the layout that is there. */
  pointwise(body: (x: Tensor) => Tensor): Value {
    return this.#batchFirst
      ? Value.of(body(this.#batchFirst), this.mask)
      : Value.ofTime(body(this.#timeFirst!), this.mask);
  }
}

/** A mask that a model computes: what isn't 0 counts. */
export function maskFrom(value: Value): Mask {
  const flags = value.tensor.dtype === 'f32' ? value.tensor : cast(value.tensor, 'f32');
  return { tensor: notEqual(flags, full(flags.backend, [], 0)), lengths: null };
}

/** The first two axes exchanged. */
export function turned(x: Tensor): Tensor {
  return transpose(x, [1, 0, ...x.shape.slice(2).map((_, axis) => axis + 2)]);
}

/**
 * x `[…]` where the mask, of its first axes, `[N, T]` is not 0, else 0: by selection, so that a NaN does not come
 * through.
 */
export function zeroWhereMasked(x: Tensor, mask: Tensor): Tensor {
  const wide = reshape(mask, [...mask.shape, ...x.shape.slice(mask.rank).map(() => 1)]);
  return select(wide, x, full(x.backend, [], 0));
}
