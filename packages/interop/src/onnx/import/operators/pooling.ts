import {
  absolute,
  argmax,
  divide,
  max,
  mean,
  power,
  reshape,
  sum,
  tensor,
  transpose,
  type Tensor,
} from '@timestep/core';
import { isFloat } from '../element-type.ts';
import { operator, type Call, type Operator, type Operators } from '../operator.ts';
import { eachIndex } from '../places.ts';
import { HostValue, show, sizeOf, type Value } from '../value.ts';
import { seen, windowOptions, windowsOf, type WindowOptions, type Windows } from './windows.ts';

interface Pool {
  readonly x: Tensor;
  readonly options: WindowOptions;
  readonly windows: Windows;
}

function open(call: Call): Pool {
  const x = call.tensor(0);
  const kernel = call.node.ints('kernel_shape', []);
  call.ensure(x.rank >= 3, () => `pools a value of shape ${show(x.shape)}, expected [N, C, …]`);
  const space = x.shape.slice(2);
  const options = windowOptions(call, space, kernel);
  return { x, options, windows: windowsOf(call, space, options) };
}

/** `[O, N, C]` → `[N, C, …]` */
function closed(call: Call, { x, windows }: Pool, y: Tensor): Value {
  const [batch, channels] = x.shape as [number, number];
  return call.device(call.value(0).type, reshape(transpose(y, [1, 2, 0]), [batch, channels, ...windows.shape]));
}

function maxPool(call: Call): (Value | null)[] {
  // Small integers are exact as floats.
  const given = call.value(0);
  if (!isFloat(given.type)) return maxPoolOfIntegers(call, given);
  const pool = open(call);
  const views = seen(call, pool.x, pool.windows, -Infinity);
  const y = closed(call, pool, max(views, 1));
  return call.wants(1) ? [y, indices(call, pool, views)] : [y, null];
}

function maxPoolOfIntegers(call: Call, given: Value): (Value | null)[] {
  if (given.type !== 'i8' && given.type !== 'u8') call.refuse(`pools ${given.type}; floats, i8 and u8 are known`);
  const host = call.host(given, 'numbers');
  const floats = new HostValue('f32', host.shape, Float32Array.from(host.data));
  const again = call.with([floats]);
  const [y, places] = maxPool(again);
  const back = call.host(y!, 'result');
  return [HostValue.of(given.type, back.shape, back.data), places ?? null];
}

/** The position of the largest element of each window in x, flattened. */
function indices(call: Call, { x, windows }: Pool, views: Tensor): Value {
  const [batch, channels, ...space] = x.shape as [number, number, ...number[]];
  const kernel = sizeOf(windows.kernel);
  const best = call.host(call.device('i64', argmax(views, 1)), 'largest elements');
  const shape = [batch, channels, ...windows.shape];
  const columns = call.node.int('storage_order', 0) === 1;
  const positions = sizeOf(windows.shape);
  const values = new Float64Array(call.size(shape));
  for (let n = 0; n < values.length; n++) {
    const [row, o] = [Math.floor(n / positions), n % positions];
    const place = windows.places[o * kernel + best.data[o * batch * channels + row]!]!;
    values[n] = row * sizeOf(space) + (columns ? columnMajor(place, space) : place);
  }
  return HostValue.of('i64', shape, values);
}

function columnMajor(place: number, space: readonly number[]): number {
  let [rest, result] = [place, 0];
  const at = space.map((_, k) => {
    const stride = sizeOf(space.slice(k + 1));
    const index = Math.floor(rest / stride);
    rest %= stride;
    return index;
  });
  for (let k = space.length - 1; k >= 0; k--) result = result * space[k]! + at[k]!;
  return result;
}

function averagePool(call: Call): Value {
  const pool = open(call);
  const { windows, options, x } = pool;
  const kernel = sizeOf(windows.kernel);
  const padded = call.node.int('count_include_pad', 0) === 1;
  const space = x.shape.slice(2);
  const counts = new Float32Array(sizeOf(windows.shape));
  eachIndex([...windows.shape, ...windows.kernel], (at, flat) => {
    const counted = padded
      ? space.every((length, axis) => {
          const place = at[axis]! * options.strides[axis]! + at[axis + space.length]! * options.dilations[axis]!;
          return place < length + options.pads[axis]! + options.pads[axis + space.length]!;
        })
      : windows.places[flat]! >= 0;
    if (counted) counts[Math.floor(flat / kernel)]!++;
  });
  const total = sum(seen(call, x, windows, 0), 1);
  return closed(call, pool, divide(total, tensor(x.backend, counts, { shape: [counts.length, 1, 1] })));
}

function overSpace(
  onSpace: (x: Tensor, axes: readonly number[], call: Call) => Tensor,
  attributes: readonly string[] = [],
): Operator {
  return operator(
    (call: Call) => {
      const x = call.tensor(0);
      call.ensure(x.rank >= 3, () => `pools a value of shape ${show(x.shape)}, expected [N, C, …]`);
      return call.device(
        call.value(0).type,
        onSpace(
          x,
          x.shape.slice(2).map((_, k) => k + 2),
          call,
        ),
      );
    },
    { attributes },
  );
}

const norm = (x: Tensor, p: number, axes: number | readonly number[], keepAxes: boolean) =>
  p === 1 ? sum(absolute(x), axes, { keepAxes }) : power(sum(power(absolute(x), p), axes, { keepAxes }), 1 / p);

const attributes = ['auto_pad', 'ceil_mode', 'dilations', 'kernel_shape', 'pads', 'strides'];

/** Extremes, means and norms of windows. */
export const poolingOperators: Operators = {
  AveragePool: operator(averagePool, { attributes: [...attributes, 'count_include_pad'] }),
  GlobalAveragePool: overSpace((x, axes) => mean(x, axes, { keepAxes: true })),
  GlobalLpPool: overSpace((x, axes, call) => norm(x, call.node.int('p', 2), axes, true), ['p']),
  GlobalMaxPool: overSpace((x, axes) => max(x, axes, { keepAxes: true })),
  LpPool: operator(
    (call: Call) => {
      const pool = open(call);
      return closed(call, pool, norm(seen(call, pool.x, pool.windows, 0), call.node.int('p', 2), 1, false));
    },
    { attributes: [...attributes, 'p'] },
  ),
  MaxPool: operator(maxPool, { outputs: 2, attributes: [...attributes, 'storage_order'] }),
};
