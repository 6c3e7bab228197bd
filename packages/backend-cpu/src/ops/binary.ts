import type { BinaryOp, BinaryOpOf, DeviceBuffer, DType, StridedOperand } from '@timestep/backend-api';
import type { Engine, KernelName } from '../engine/engine.ts';
import { axisSlots, elementsOf, mergeAxes, splitRow } from './layout.ts';
import { unsupported } from './unsupported.ts';

const floatKernels: Readonly<Record<BinaryOpOf<'f32'>, KernelName>> = {
  add: 'binaryAdd',
  subtract: 'binarySubtract',
  multiply: 'binaryMultiply',
  divide: 'binaryDivide',
  power: 'binaryPower',
  maximum: 'binaryMaximum',
  minimum: 'binaryMinimum',
  equal: 'binaryEqual',
  notEqual: 'binaryNotEqual',
  less: 'binaryLess',
  lessEqual: 'binaryLessEqual',
  greater: 'binaryGreater',
  greaterEqual: 'binaryGreaterEqual',
};

/** The ops whose bits are the same for signed and unsigned integers. */
const integerKernels = {
  add: 'binaryAddInteger',
  subtract: 'binarySubtractInteger',
  multiply: 'binaryMultiplyInteger',
  equal: 'binaryEqualInteger',
  notEqual: 'binaryNotEqualInteger',
} as const satisfies Readonly<Partial<Record<BinaryOp, KernelName>>>;

const kernels: { readonly [Type in DType]: Readonly<Record<BinaryOpOf<Type>, KernelName>> } = {
  f32: floatKernels,
  i32: {
    ...integerKernels,
    divide: 'binaryDivideSigned',
    maximum: 'binaryMaximumSigned',
    minimum: 'binaryMinimumSigned',
    less: 'binaryLessSigned',
    lessEqual: 'binaryLessEqualSigned',
    greater: 'binaryGreaterSigned',
    greaterEqual: 'binaryGreaterEqualSigned',
  },
  u32: {
    ...integerKernels,
    divide: 'binaryDivideUnsigned',
    maximum: 'binaryMaximumUnsigned',
    minimum: 'binaryMinimumUnsigned',
    less: 'binaryLessUnsigned',
    lessEqual: 'binaryLessEqualUnsigned',
    greater: 'binaryGreaterUnsigned',
    greaterEqual: 'binaryGreaterEqualUnsigned',
    and: 'binaryAnd',
    or: 'binaryOr',
    xor: 'binaryXor',
  },
};

/** The time of one thread for an element, and for the start of a row, in nanoseconds. */
const elementNanoseconds = 0.25;
const powerNanoseconds = 5;
const rowNanoseconds = 5;

/** Contract: Backend.binary. */
export function binary(
  engine: Engine,
  op: BinaryOp,
  a: StridedOperand,
  b: StridedOperand,
  out: DeviceBuffer,
  shape: readonly number[],
): void {
  const table: Readonly<Partial<Record<BinaryOp, KernelName>>> = kernels[a.buffer.dtype];
  const kernel = table[op];
  if (!kernel) throw unsupported(op, a.buffer.dtype);
  const addresses = [engine.addressOf(a), engine.addressOf(b), engine.address(out)];
  const total = elementsOf(shape);
  if (total === 0) return;
  const { row, outer } = splitRow(mergeAxes(shape, [a.strides, b.strides]), 2);
  const parts = engine.partsFor(
    total * (op === 'power' ? powerNanoseconds : elementNanoseconds) + (total / row.size) * rowNanoseconds,
  );
  engine.run(kernel, parts, [
    ...addresses,
    total,
    row.size,
    row.strides[0]!,
    row.strides[1]!,
    outer.length,
    ...axisSlots(outer),
  ]);
}
