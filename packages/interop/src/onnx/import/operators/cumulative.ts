import { add, concat, flip, full, multiply, slice, type Tensor } from '@timestep/core';
import { isFloat } from '../element-type.ts';
import { operator, type Call, type Operator, type Operators } from '../operator.ts';
import { HostValue, isHost, sizeOf } from '../value.ts';

/** Cumulative sums or products, by one shift per binary digit of the length. */
function cumulative(
  identity: number,
  onTensors: (a: Tensor, b: Tensor) => Tensor,
  onNumbers: (a: number, b: number) => number,
): Operator {
  return operator(
    (call: Call) => {
      const x = call.value(0);
      const axis = call.axis(call.number(1, 'axis')!, x.shape.length);
      const [exclusive, reverse] = [call.node.int('exclusive', 0) === 1, call.node.int('reverse', 0) === 1];
      const length = x.shape[axis]!;
      if (!isHost(x) && isFloat(x.type)) {
        let y = reverse ? flip(x.tensor, axis) : x.tensor;
        const shifted = (value: Tensor, by: number) => {
          const filler = full(value.backend, value.shape.toSpliced(axis, 1, by), identity);
          return concat([filler, slice(value, axis, 0, length - by)], axis);
        };
        if (exclusive && length > 0) y = shifted(y, 1);
        for (let by = 1; by < length; by *= 2) y = onTensors(y, shifted(y, by));
        return call.device(x.type, reverse ? flip(y, axis) : y);
      }
      const host = call.host(x, 'numbers');
      const values = Float64Array.from(host.data);
      const inner = sizeOf(x.shape.slice(axis + 1));
      for (let n = 0; n < values.length; n++) {
        if (Math.floor(n / inner) % length !== 0) continue;
        let sum = identity;
        for (let k = 0; k < length; k++) {
          const at = n + (reverse ? length - 1 - k : k) * inner;
          const next = onNumbers(sum, host.data[at]!);
          values[at] = exclusive ? sum : next;
          sum = next;
        }
      }
      return HostValue.of(x.type, x.shape, values);
    },
    { inputs: [2, 2], attributes: ['exclusive', 'reverse'] },
  );
}

/** Running sums and products. */
export const cumulativeOperators: Operators = {
  CumSum: cumulative(0, add, (a, b) => a + b),
  CumProd: cumulative(1, multiply, (a, b) => a * b),
};
