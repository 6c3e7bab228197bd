import { full } from '@timestep/core';
import { descriptions, isFloat } from '../element-type.ts';
import { operator, type Call, type Operators } from '../operator.ts';
import { HostValue, show } from '../value.ts';

function constant(call: Call): HostValue {
  const { node } = call;
  if (node.has('value_int')) return HostValue.of('i64', [], [node.int('value_int', 0)]);
  if (node.has('value_ints')) return HostValue.list(node.ints('value_ints', []));
  if (node.has('value_float')) return HostValue.of('f32', [], [node.float('value_float', 0)]);
  const floats = node.floats('value_floats');
  if (floats) return HostValue.of('f32', [floats.length], floats);
  return node.constant('value') ?? call.refuse(`has the attributes ${node.attributes.join(', ') || 'none'}`);
}

/** Operators that create values. */
export const makers: Operators = {
  Constant: operator(constant, {
    inputs: [0, 0],
    attributes: ['value', 'value_int', 'value_ints', 'value_float', 'value_floats'],
  }),
  ConstantOfShape: operator(
    (call: Call) => {
      const shape = call.numbers(0, 'shape')!;
      const value = call.node.constant('value');
      call.ensure(!value || value.data.length === 1, () => `fills with ${value!.data.length} numbers, expected one`);
      const type = value?.type ?? 'f32';
      const count = call.size(shape);
      const filling = value?.data[0] ?? 0;
      if (isFloat(type) && !call.folding) return call.device(type, full(call.backend, shape, filling));
      return new HostValue(type, shape, descriptions[type].hold(count).fill(filling));
    },
    { attributes: ['value'] },
  ),
  EyeLike: operator(
    (call: Call) => {
      const x = call.value(0);
      call.rank(x, 2, 'an input');
      const type = call.node.has('dtype')
        ? call.targetType(call.node.int('dtype', 1), "the attribute 'dtype'")
        : x.type;
      const [rows, columns] = x.shape as [number, number];
      const values = new Float64Array(call.size(x.shape));
      for (let row = 0; row < rows; row++) {
        const column = row + call.node.int('k', 0);
        if (column >= 0 && column < columns) values[row * columns + column] = 1;
      }
      return HostValue.of(type, x.shape, values);
    },
    { attributes: ['dtype', 'k'] },
  ),
  Range: operator(
    (call: Call) => {
      const type = call.sameType([call.value(0), call.value(1), call.value(2)]);
      const [start, limit, delta] = [0, 1, 2].map((k) => call.number(k, 'bounds')!) as [number, number, number];
      call.ensure(delta !== 0, () => 'counts in steps of 0');
      const count = Math.max(0, Math.ceil((limit - start) / delta));
      call.ensure(Number.isFinite(count), () => `counts from ${start} to ${limit} by ${delta}`);
      call.size([count]);
      const values = Float64Array.from({ length: count }, (_, n) => start + n * delta);
      if (!isFloat(type) && values.some((value) => !Number.isSafeInteger(value)))
        call.fail('INVALID_TENSOR', `counts beyond 2^53: ${show([start, limit, delta])}`);
      return HostValue.of(type, [count], values);
    },
    { inputs: [3, 3] },
  ),
};
