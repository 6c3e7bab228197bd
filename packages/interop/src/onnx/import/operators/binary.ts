import {
  add,
  and,
  cast,
  divide,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  affine,
  maximum,
  minimum,
  multiply,
  or,
  power,
  subtract,
  xor,
  type Tensor,
} from '@timestep/core';
import { descriptions, isFloat, type ElementType } from '../element-type.ts';
import { zipExact, zipHost } from '../host-math.ts';
import { operator, type Call, type Operator, type Operators } from '../operator.ts';
import { HostValue, isHost, type Value } from '../value.ts';

type OnTensors = (a: Tensor, b: Tensor) => Tensor;
type OnNumbers = (a: number, b: number) => number;

/** Arithmetic on two values: floats on the device, integers on the host, where they stay exact. */
function arithmetic(
  call: Call,
  [a, b]: readonly [Value, Value],
  onTensors: OnTensors,
  onFloats: OnNumbers,
  onIntegers: (type: ElementType) => OnNumbers,
): Value {
  const type = call.sameType([a, b]);
  if (type === 'bool') call.refuse('has boolean inputs; only numbers are supported');
  if (isFloat(type))
    return isHost(a) && isHost(b)
      ? zipHost(call, a, b, type, onFloats)
      : call.device(type, onTensors(call.put(a), call.put(b)));
  const [left, right] = [call.tryHost(a), call.tryHost(b)];
  if (left && right) return zipExact(call, left, right, onIntegers(type));
  // On a device that cannot be read, 32-bit integers wrap around as they should, but 64-bit ones would lose their upper half.
  if (type !== 'i32' && type !== 'u32')
    call.refuse(
      `computes with ${type} on a device that cannot be read synchronously; pass integers to forward() as arrays`,
    );
  return call.device(type, onTensors(call.put(a), call.put(b)));
}

function binary(onTensors: OnTensors, onFloats: OnNumbers, onIntegers = (_: ElementType) => onFloats): Operator {
  return operator((call: Call) => arithmetic(call, [call.value(0), call.value(1)], onTensors, onFloats, onIntegers), {
    inputs: [2, 2],
  });
}

/** Combines any number of values of one type. */
function variadic(onTensors: OnTensors, onNumbers: OnNumbers, finish = (_: Call, total: Value) => total): Operator {
  return operator(
    (call: Call) => {
      const values = call.inputs.map((_, k) => call.value(k));
      const total = values.reduce((sum, next) => arithmetic(call, [sum, next], onTensors, onNumbers, () => onNumbers));
      return finish(call, total);
    },
    { inputs: [1, Infinity] },
  );
}

/** Comparisons: 1 or 0 for each pair. */
function comparison(onTensors: OnTensors, onNumbers: (a: number, b: number) => boolean): Operator {
  return operator(
    (call: Call) => {
      const [a, b] = [call.value(0), call.value(1)];
      const type = call.sameType([a, b]);
      const wide = descriptions[type].bytes === 8 && !isFloat(type);
      const [left, right] = isHost(a) && isHost(b) ? [a, b] : wide ? [call.tryHost(a), call.tryHost(b)] : [null, null];
      if (!left || !right) return call.device('bool', onTensors(call.put(a), call.put(b)));
      return zipHost(call, left, right, 'bool', (x, y) => {
        if (wide && x === y && Math.abs(x) > Number.MAX_SAFE_INTEGER)
          call.fail('INVALID_TENSOR', 'compares integers beyond 2^53, which are not exact here');
        return Number(onNumbers(x, y));
      });
    },
    { inputs: [2, 2] },
  );
}

/** Logical operations on booleans. */
function logical(onTensors: OnTensors, onNumbers: OnNumbers): Operator {
  return operator(
    (call: Call) => {
      const [a, b] = [call.value(0), call.value(1)];
      if (call.sameType([a, b]) !== 'bool') call.refuse(`has inputs of type ${a.type}, expected booleans`);
      if (isHost(a) && isHost(b)) return zipHost(call, a, b, 'bool', onNumbers);
      return call.device('bool', onTensors(call.put(a), call.put(b)));
    },
    { inputs: [2, 2] },
  );
}

/** Bitwise operations on integers of at most 32 bits. */
function bitwise(onNumbers: OnNumbers): Operator {
  return operator(
    (call: Call) => {
      const [a, b] = [call.host(call.value(0), 'integers'), call.host(call.value(1), 'integers')];
      const type = call.sameType([a, b]);
      const large = [...a.data, ...b.data].some((value) => value < -(2 ** 31) || value >= 2 ** 32);
      if (isFloat(type) || (descriptions[type].bytes === 8 && large))
        call.refuse(`has ${type} inputs beyond 32 bits, which are not supported`);
      return zipHost(call, a, b, type, onNumbers);
    },
    { inputs: [2, 2] },
  );
}

const quotient = (a: number, b: number) => (b === 0 ? 0 : Math.trunc(a / b));
/** The remainder with the sign of the divisor, like in Python. With fmod, it has the sign of the dividend. */
function modulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}
const nanMax = (a: number, b: number) => Math.max(a, b);
const nanMin = (a: number, b: number) => Math.min(a, b);

/** Functions of two values, broadcast. */
export const binaryOperators: Operators = {
  Add: binary(add, (a, b) => a + b),
  Sub: binary(subtract, (a, b) => a - b),
  Mul: binary(
    multiply,
    (a, b) => a * b,
    (type) => (descriptions[type].bytes < 8 ? Math.imul : (a, b) => a * b),
  ),
  Div: binary(
    divide,
    (a, b) => a / b,
    () => quotient,
  ),
  Mod: operator(
    (call: Call) => {
      const [a, b] = [call.host(call.value(0), 'dividend'), call.host(call.value(1), 'divisor')];
      const type = call.sameType([a, b]);
      const remainder = call.node.int('fmod', 0) === 1 ? (x: number, y: number) => x % y : modulo;
      if (isFloat(type)) return zipHost(call, a, b, type, remainder);
      return zipExact(call, a, b, (x, y) => (y === 0 ? 0 : remainder(x, y)));
    },
    { inputs: [2, 2], attributes: ['fmod'] },
  ),
  Pow: operator(
    (call: Call) => {
      const [a, b] = [call.value(0), call.value(1)];
      if (!isHost(a) && isFloat(a.type)) {
        const exponent = isHost(b) ? b : isFloat(b.type) ? null : call.tryHost(b);
        if (exponent && exponent.data.length === 1 && exponent.shape.length <= a.shape.length)
          return call.device(a.type, power(a.tensor, exponent.data[0]!));
        const put = exponent ? HostValue.of('f32', exponent.shape, exponent.data) : b;
        const there = call.put(put);
        return call.device(a.type, power(a.tensor, there.dtype === 'f32' ? there : cast(there, 'f32')));
      }
      if (isFloat(a.type) && !isHost(b) && isFloat(b.type)) return call.device(a.type, power(call.put(a), b.tensor));
      const [base, exponent] = [call.host(a, 'base'), call.host(b, 'exponent')];
      const whole = !isFloat(base.type) && !isFloat(exponent.type);
      if (!whole) return zipHost(call, base, exponent, base.type, Math.pow);
      return zipExact(call, base, HostValue.of(base.type, exponent.shape, exponent.data), (x, y) => {
        const result = Math.trunc(x ** y);
        // A narrower type wraps around, which is exact only within the 53 bits of a double.
        if (Math.abs(result) > Number.MAX_SAFE_INTEGER)
          call.fail('INVALID_TENSOR', 'computes with integers beyond 2^53, which are not exact here');
        return result;
      });
    },
    { inputs: [2, 2] },
  ),
  Max: variadic(maximum, nanMax),
  Min: variadic(minimum, nanMin),
  Sum: variadic(add, (a, b) => a + b),
  Mean: variadic(
    add,
    (a, b) => a + b,
    (call, total) => {
      const share = 1 / call.inputs.length;
      if (!isHost(total)) return call.device(total.type, affine(call.floats(total), share));
      return HostValue.of(
        total.type,
        total.shape,
        Float64Array.from(total.data, (value) => value * share),
      );
    },
  ),
  Equal: comparison(equal, (a, b) => a === b),
  Greater: comparison(greater, (a, b) => a > b),
  GreaterOrEqual: comparison(greaterEqual, (a, b) => a >= b),
  Less: comparison(less, (a, b) => a < b),
  LessOrEqual: comparison(lessEqual, (a, b) => a <= b),
  And: logical(and, (a, b) => a & b),
  Or: logical(or, (a, b) => a | b),
  Xor: logical(xor, (a, b) => a ^ b),
  BitwiseAnd: bitwise((a, b) => a & b),
  BitwiseOr: bitwise((a, b) => a | b),
  BitwiseXor: bitwise((a, b) => a ^ b),
  BitShift: operator(
    (call: Call) => {
      const [a, b] = [call.host(call.value(0), 'integers'), call.host(call.value(1), 'integers')];
      const type = call.sameType([a, b]);
      const direction = call.node.text('direction', '');
      if (direction !== 'LEFT' && direction !== 'RIGHT') call.refuse(`has the attribute direction '${direction}'`);
      const bits = 8 * descriptions[type].bytes;
      // A negative distance shifts out all bits; only the sign is left.
      const distance = (by: number) => (by < 0 ? bits : Math.min(by, bits));
      return zipExact(call, a, b, (x, by) =>
        direction === 'RIGHT'
          ? Math.floor(x / 2 ** distance(by))
          : Number(BigInt.asUintN(bits, BigInt(x) << BigInt(distance(by)))),
      );
    },
    { inputs: [2, 2], attributes: ['direction'] },
  ),
};
