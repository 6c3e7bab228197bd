import type { DeviceBuffer, DType, UnaryOp, UnaryOpOf } from '@timestep/backend-api';
import type { Engine, KernelName } from '../engine/engine.ts';
import { unsupported } from './unsupported.ts';

interface UnaryKernel {
  readonly kernel: KernelName;
  /** The time of one thread for an element. */
  readonly nanoseconds: number;
}

/** The time of a plain pass over memory. */
const pass = 0.2;

const floatKernels: Readonly<Record<UnaryOpOf<'f32'>, UnaryKernel>> = {
  negative: { kernel: 'unaryNegative', nanoseconds: pass },
  absolute: { kernel: 'unaryAbsolute', nanoseconds: pass },
  sign: { kernel: 'unarySign', nanoseconds: pass },
  affine: { kernel: 'unaryAffine', nanoseconds: pass },
  power: { kernel: 'unaryPower', nanoseconds: 6 },
  clamp: { kernel: 'unaryClamp', nanoseconds: pass },
  exp: { kernel: 'unaryExp', nanoseconds: 1.2 },
  expm1: { kernel: 'unaryExpm1', nanoseconds: 1 },
  log: { kernel: 'unaryLog', nanoseconds: 1.9 },
  log1p: { kernel: 'unaryLog1p', nanoseconds: 2.3 },
  sqrt: { kernel: 'unarySqrt', nanoseconds: 0.4 },
  rsqrt: { kernel: 'unaryRsqrt', nanoseconds: 0.6 },
  reciprocal: { kernel: 'unaryReciprocal', nanoseconds: 0.4 },
  square: { kernel: 'unarySquare', nanoseconds: pass },
  sin: { kernel: 'unarySin', nanoseconds: 5 },
  cos: { kernel: 'unaryCos', nanoseconds: 5 },
  tanh: { kernel: 'unaryTanh', nanoseconds: 1.3 },
  sigmoid: { kernel: 'unarySigmoid', nanoseconds: 1.3 },
  relu: { kernel: 'unaryRelu', nanoseconds: pass },
  softplus: { kernel: 'unarySoftplus', nanoseconds: 2 },
  floor: { kernel: 'unaryFloor', nanoseconds: pass },
  ceil: { kernel: 'unaryCeil', nanoseconds: pass },
  isFinite: { kernel: 'unaryIsFinite', nanoseconds: pass },
};

const integerKernels: Readonly<Record<UnaryOpOf<'i32' | 'u32'>, UnaryKernel>> = {
  negative: { kernel: 'unaryNegativeInteger', nanoseconds: pass },
  absolute: { kernel: 'unaryAbsoluteInteger', nanoseconds: pass },
  sign: { kernel: 'unarySignInteger', nanoseconds: pass },
  logicalNot: { kernel: 'unaryLogicalNot', nanoseconds: pass },
};

/** Powers that another op computes without a logarithm. */
function simplerPower(exponent: number): UnaryOp {
  if (exponent === 2) return 'square';
  if (exponent === 0.5) return 'sqrt';
  if (exponent === -1) return 'reciprocal';
  return 'power';
}

/** Contract: Backend.unary. */
export function unary(
  engine: Engine,
  op: UnaryOp,
  input: DeviceBuffer,
  out: DeviceBuffer,
  alpha: number,
  beta: number,
): void {
  const kernels: Readonly<Partial<Record<UnaryOp, UnaryKernel>>> =
    input.dtype === 'f32' ? floatKernels : integerKernels;
  const entry = kernels[op === 'power' ? simplerPower(alpha) : op];
  if (!entry) throw unsupported(op, input.dtype);
  const addresses = [engine.address(input), engine.address(out)];
  engine.run(entry.kernel, engine.partsFor(out.length * entry.nanoseconds), [...addresses, out.length], [alpha, beta]);
}

const castKernels: Readonly<Record<DType, Readonly<Record<DType, KernelName>>>> = {
  f32: { f32: 'copyWords', i32: 'castF32ToI32', u32: 'castF32ToU32' },
  i32: { f32: 'castI32ToF32', i32: 'copyWords', u32: 'copyWords' },
  u32: { f32: 'castU32ToF32', i32: 'copyWords', u32: 'copyWords' },
};

/** Contract: Backend.cast. */
export function cast(engine: Engine, input: DeviceBuffer, out: DeviceBuffer): void {
  const addresses = [engine.address(input), engine.address(out)];
  engine.run(castKernels[input.dtype][out.dtype], engine.partsFor(out.length * pass), [...addresses, out.length]);
}
