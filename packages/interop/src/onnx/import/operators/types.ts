import { cast, notEqual, select, type Tensor } from '@timestep/core';
import { descriptions, isFloat, type ElementType } from '../element-type.ts';
import { commonShape, spreadHost } from '../host-math.ts';
import { operator, type Call, type Operators } from '../operator.ts';
import { DeviceValue, HostValue, isHost, type Value } from '../value.ts';

/** Operators that select between values and convert them. */
export const typeOperators: Operators = {
  Where: operator(
    (call: Call) => {
      const [condition, a, b] = [call.value(0), call.value(1), call.value(2)];
      if (condition.type !== 'bool') call.refuse(`has a condition of ${condition.type}, expected booleans`);
      const type = call.sameType([a, b]);
      if (isHost(condition) && isHost(a) && isHost(b)) {
        const shape = commonShape(call, [condition, a, b]);
        const [mask, left, right] = [condition, a, b].map((value) => spreadHost(value, shape)) as [
          (flat: number) => number,
          (flat: number) => number,
          (flat: number) => number,
        ];
        const values = new Float64Array(call.size(shape));
        for (let n = 0; n < values.length; n++) values[n] = mask(n) === 0 ? right(n) : left(n);
        return HostValue.of(type, shape, values);
      }
      return call.device(type, select(call.put(condition), call.put(a), call.put(b)));
    },
    { inputs: [3, 3] },
  ),
  Cast: operator(
    (call: Call) => {
      const code = call.node.int('to', 0);
      return castTo(call, call.value(0), call.targetType(code, "the attribute 'to'"));
    },
    { attributes: ['to', 'saturate', 'round_mode'] },
  ),
  CastLike: operator((call: Call) => castTo(call, call.value(0), call.value(1).type), {
    inputs: [2, 2],
    attributes: ['saturate', 'round_mode'],
  }),
};

/** Casts a value to another type. The gradient flows from floats to floats. */
export function castTo(call: Call, value: Value, to: ElementType): Value {
  if (value.type === to) return value;
  if (isHost(value)) return HostValue.of(to, value.shape, value.data);
  const narrower = to === 'f16' || to === 'bf16';
  if (isFloat(value.type) && isFloat(to) && !narrower) return new DeviceValue(to, value.tensor);
  const { tensor } = value;
  if (to === 'bool') return call.device('bool', notEqual(tensor, zeroLike(call, tensor)));
  if (isFloat(to) && !narrower) return call.device(to, cast(tensor, 'f32'));
  if (value.type === 'bool') return call.device(to, cast(tensor, descriptions[to].dtype));
  const there = call.tryHost(value);
  if (there) return HostValue.of(to, there.shape, there.data);
  if (descriptions[to].bytes < 4) call.refuse(`casts to ${to} on a device that cannot be read synchronously`);
  return call.device(to, cast(tensor, descriptions[to].dtype));
}

function zeroLike(call: Call, { dtype }: Tensor): Tensor {
  const zero = call.put(HostValue.of('f32', [], [0]));
  return dtype === 'f32' ? zero : cast(zero, dtype);
}
