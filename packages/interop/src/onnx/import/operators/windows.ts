import { concat, full, gatherRows, reshape, transpose, type Tensor } from '@timestep/core';
import type { Call } from '../operator.ts';
import { eachIndex, stridesOf } from '../places.ts';
import { show, sizeOf } from '../value.ts';

/** The positions of a kernel over the axes after N and C. */
export interface Windows {
  /** The length of each axis of the result. */
  readonly shape: readonly number[];
  /** The position that each element of the result reads for each element of the kernel; −1 outside the input. */
  readonly places: Int32Array;
  readonly kernel: readonly number[];
}

/** The attributes of a convolution or pooling, checked. */
export interface WindowOptions {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  /** Round the number of windows up. */
  readonly ceil: boolean;
}

/** Zeros before and after each axis, by `pads` or by `auto_pad`. */
export function windowOptions(call: Call, space: readonly number[], kernel: readonly number[]): WindowOptions {
  const { node } = call;
  const axes = space.length;
  const list = (name: string, otherwise: number, length = axes, least = 1) => {
    const values = node.ints(name, new Array<number>(length).fill(otherwise));
    call.ensure(
      values.length === length && values.every((value) => value >= least),
      () => `has the ${name} ${show(values)} for ${axes} axes`,
    );
    return values;
  };
  call.ensure(
    kernel.length === axes && kernel.every((length) => length >= 1),
    () => `has a kernel of shape ${show(kernel)} for ${axes} axes`,
  );
  const [strides, dilations] = [list('strides', 1), list('dilations', 1)];
  const ceil = node.int('ceil_mode', 0) === 1;
  const auto = node.text('auto_pad', 'NOTSET');
  if (auto === 'NOTSET' || auto === 'VALID')
    return {
      kernel,
      strides,
      dilations,
      ceil,
      pads: auto === 'VALID' ? new Array<number>(2 * axes).fill(0) : list('pads', 0, 2 * axes, 0),
    };
  if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') call.refuse(`has the attribute auto_pad '${auto}'`);
  const totals = space.map((length, k) => {
    const windows = Math.ceil(length / strides[k]!);
    return Math.max(0, (windows - 1) * strides[k]! + (kernel[k]! - 1) * dilations[k]! + 1 - length);
  });
  const before = totals.map((total) => (auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2)));
  return { kernel, strides, dilations, ceil, pads: [...before, ...totals.map((total, k) => total - before[k]!)] };
}

/** The number of windows along each axis. */
export function windowCounts(call: Call, space: readonly number[], options: WindowOptions): number[] {
  const { kernel, strides, dilations, pads, ceil } = options;
  return space.map((length, k) => {
    const reach = (kernel[k]! - 1) * dilations[k]! + 1;
    const free = length + pads[k]! + pads[k + space.length]! - reach;
    call.ensure(
      free >= 0,
      () =>
        `has a kernel of ${reach} steps for an axis of ${length}, padded by ${pads[k]} and ${pads[k + space.length]}`,
    );
    const count = (ceil ? Math.ceil(free / strides[k]!) : Math.floor(free / strides[k]!)) + 1;
    // A window that starts after the input and its leading padding does not count.
    return ceil && (count - 1) * strides[k]! >= length + pads[k]! ? count - 1 : count;
  });
}

/** The windows of a convolution: element o of the result and k of the kernel read o·stride + k·dilation − pad. */
export function windowsOf(call: Call, space: readonly number[], options: WindowOptions): Windows {
  const { kernel, strides, dilations, pads } = options;
  const shape = windowCounts(call, space, options);
  return placed(call, space, shape, kernel, (o, k, axis) => o * strides[axis]! + k * dilations[axis]! - pads[axis]!);
}

/** Makes windows from a rule for one axis: the position for element o and kernel element k; NaN or outside for none. */
export function placed(
  call: Call,
  space: readonly number[],
  shape: readonly number[],
  kernel: readonly number[],
  placeOf: (o: number, k: number, axis: number) => number,
): Windows {
  const all = [...shape, ...kernel];
  call.size(all);
  const strides = stridesOf(space);
  const places = new Int32Array(sizeOf(all));
  eachIndex(all, (at, flat) => {
    let place = 0;
    for (let axis = 0; axis < space.length; axis++) {
      const one = placeOf(at[axis]!, at[axis + space.length]!, axis);
      if (!(one >= 0 && one < space[axis]! && Number.isInteger(one))) {
        place = -1;
        break;
      }
      place += one * strides[axis]!;
    }
    places[flat] = place;
  });
  return { shape, places, kernel };
}

/**
 * Gathers the windows of x: `[N, C, …]` → `[O, K, N, C]`, with O elements of the result and K of the kernel, both
 * flattened; `fill` outside x.
 */
export function seen(call: Call, x: Tensor, { shape, places, kernel }: Windows, fill: number): Tensor {
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]];
  const positions = sizeOf(space);
  const table = transpose(reshape(x, [batch * channels, positions]), [1, 0]);
  const holes = places.includes(-1);
  const rows = holes ? concat([table, full(x.backend, [1, batch * channels], fill)]) : table;
  const index = holes ? places.map((place) => (place < 0 ? positions : place)) : places;
  const size = [sizeOf(shape), sizeOf(kernel)];
  return reshape(gatherRows(rows, call.places(index, size)), [...size, batch, channels]);
}
