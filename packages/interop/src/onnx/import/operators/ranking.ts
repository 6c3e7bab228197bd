import { argmax, flip, negative, reshape } from '@timestep/core';
import { isFloat } from '../element-type.ts';
import { operator, type Call, type Operator, type Operators } from '../operator.ts';
import { picked } from '../places.ts';
import { HostValue, isHost, sizeOf } from '../value.ts';

/** The index of the largest (or, with −1, the smallest) value along an axis. */
function argExtremum(sign: 1 | -1): Operator {
  return operator(
    (call: Call) => {
      const x = call.value(0);
      const axis = call.axis(call.node.int('axis', 0), Math.max(1, x.shape.length));
      const last = call.node.int('select_last_index', 0) === 1;
      const keep = call.node.int('keepdims', 1) === 1;
      const length = x.shape[axis] ?? 1;
      call.ensure(length > 0, () => `looks for an extreme along axis ${axis}, which is empty`);
      const shape = x.shape.flatMap((size, k) => (k === axis ? (keep ? [1] : []) : [size]));
      if (!isHost(x) && isFloat(x.type) && x.shape.length > 0) {
        const signed = sign === 1 ? x.tensor : negative(x.tensor);
        const index = reshape(argmax(last ? flip(signed, axis) : signed, axis), shape);
        if (!last) return call.device('i64', index);
        const places = call.host(call.device('i64', index), 'values');
        return HostValue.of(
          'i64',
          shape,
          Float64Array.from(places.data, (value) => length - 1 - value),
        );
      }
      return HostValue.of('i64', shape, indices(call, call.host(x, 'numbers'), axis, sign, last));
    },
    { attributes: ['axis', 'keepdims', 'select_last_index'] },
  );
}

/** The positions of the extremes. */
function indices(call: Call, x: HostValue, axis: number, sign: 1 | -1, last: boolean): HostValue['data'] {
  const length = x.shape[axis] ?? 1;
  const inner = sizeOf(x.shape.slice(axis + 1));
  return Float64Array.from({ length: call.size(x.shape) / length }, (_, n) => {
    const at = (k: number) => x.data[(Math.floor(n / inner) * length + k) * inner + (n % inner)]!;
    let best = 0;
    for (let k = 1; k < length; k++) {
      const gain = sign * (at(k) - at(best));
      if (gain > 0 || (last && gain === 0)) best = k;
    }
    return best;
  });
}
const topK = operator(
  (call: Call) => {
    const x = call.value(0);
    const axis = call.axis(call.node.int('axis', -1), x.shape.length);
    const k = call.opset >= 10 ? call.number(1, 'K')! : call.node.int('k', 0);
    const length = x.shape[axis]!;
    call.ensure(Number.isInteger(k) && k >= 0 && k <= length, () => `asks for ${k} of ${length} values`);
    const sign = call.node.int('largest', 1) === 1 ? 1 : -1;
    const host = call.host(x, 'values');
    const inner = sizeOf(x.shape.slice(axis + 1));
    const shape = x.shape.toSpliced(axis, 1, k);
    const index = new Int32Array(call.size(shape));
    const places = new Int32Array(index.length);
    for (let row = 0; row < host.data.length / Math.max(1, length); row++) {
      const start = Math.floor(row / inner) * length * inner + (row % inner);
      const order = Array.from({ length }, (_, n) => n);
      order.sort((a, b) => sign * (host.data[start + b * inner]! - host.data[start + a * inner]!) || a - b);
      for (let n = 0; n < k; n++) {
        const to = (Math.floor(row / inner) * k + n) * inner + (row % inner);
        index[to] = order[n]!;
        places[to] = start + order[n]! * inner;
      }
    }
    return [picked(call, x, shape, places), HostValue.of('i64', shape, index)];
  },
  { inputs: [1, 2], outputs: 2, attributes: ['axis', 'k', 'largest', 'sorted'] },
);

/** Operators that find the largest and smallest values. */
export const rankingOperators: Operators = {
  ArgMax: argExtremum(1),
  ArgMin: argExtremum(-1),
  TopK: topK,
};
