import type { BinaryOp, BinaryOpOf, DeviceBuffer, DType, StridedOperand } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { numerics } from '../wgsl/numerics.ts';
import { contiguousStrides, indexCode, mergeDimensions, walkParameters, walkValues } from '../wgsl/strided.ts';

/** On f32: the bits of the result from `x` and `y`, their bits `xBits` and `yBits`, and `nan` (either is one). */
const floatOps: Readonly<Record<BinaryOpOf<'f32'>, string>> = {
  add: 'bitcast<u32>(x + y)',
  subtract: 'bitcast<u32>(x - y)',
  multiply: 'bitcast<u32>(x * y)',
  divide: 'divideBits(xBits, yBits)',
  power: 'powerBits(xBits, yBits)',
  maximum: 'select(select(yBits, xBits, x > y), 0x7fc00000u, nan)',
  minimum: 'select(select(yBits, xBits, x < y), 0x7fc00000u, nan)',
  equal: 'u32(!nan && x == y)',
  notEqual: 'u32(nan || x != y)',
  less: 'u32(!nan && x < y)',
  lessEqual: 'u32(!nan && x <= y)',
  greater: 'u32(!nan && x > y)',
  greaterEqual: 'u32(!nan && x >= y)',
};

const floatDeclarations = `${numerics}
fn divideBits(xBits: u32, yBits: u32) -> u32 {
  let sign = (xBits ^ yBits) & 0x80000000u;
  if ((yBits & 0x7fffffffu) == 0u) {
    return select(sign | 0x7f800000u, 0x7fc00000u, (xBits & 0x7fffffffu) == 0u || isNan(xBits));
  }
  return bitcast<u32>(bitcast<f32>(xBits) / bitcast<f32>(yBits));
}
`;

/** On integers: from `x` and `y` in their own type; `bits(…)` turns the result into u32. */
const integerOps: Readonly<Record<BinaryOpOf<'i32' | 'u32'>, string>> = {
  add: 'xBits + yBits',
  subtract: 'xBits - yBits',
  multiply: 'xBits * yBits',
  divide: 'select(0u, bitcast<u32>(x / y), yBits != 0u)',
  maximum: 'bitcast<u32>(max(x, y))',
  minimum: 'bitcast<u32>(min(x, y))',
  equal: 'u32(x == y)',
  notEqual: 'u32(x != y)',
  less: 'u32(x < y)',
  lessEqual: 'u32(x <= y)',
  greater: 'u32(x > y)',
  greaterEqual: 'u32(x >= y)',
  and: 'xBits & yBits',
  or: 'xBits | yBits',
  xor: 'xBits ^ yBits',
};

function expression(op: BinaryOp, dtype: DType): string {
  return dtype === 'f32' ? floatOps[op as keyof typeof floatOps] : integerOps[op as keyof typeof integerOps];
}

/** `out = a op b` with broadcast strides; `out` is contiguous and may be an operand of the same layout. */
export function binary(
  runtime: Runtime,
  op: BinaryOp,
  a: StridedOperand,
  b: StridedOperand,
  out: DeviceBuffer,
  shape: readonly number[],
): void {
  if (out.length === 0) return;
  const names = ['a', 'b', 'out'];
  const walk = mergeDimensions(shape, [a.strides, b.strides, contiguousStrides(shape)]);
  const rank = walk.shape.length;
  const { dtype } = a.buffer;
  // One buffer may not be bound for reading and for writing in a dispatch: an operand that is `out` is read from it.
  const aIsOut = a.buffer === out;
  const bIsOut = b.buffer === out;
  const kernel = runtime.kernel(`binary ${op} ${dtype} ${rank} ${aIsOut} ${bIsOut}`, () => ({
    name: `binary.${op}`,
    bindings: [...(aIsOut ? [] : [reads('a', 'u32')]), ...(bIsOut ? [] : [reads('b', 'u32')]), writes('out', 'u32')],
    parameters: walkParameters(rank, names),
    workgroupSize: 256,
    declarations: dtype === 'f32' ? floatDeclarations : '',
    body: `  if (thread >= params.size) { return; }
${indexCode(rank, names)}
  let xBits = ${aIsOut ? 'out' : 'a'}[aIndex];
  let yBits = ${bIsOut ? 'out' : 'b'}[bIndex];
  let x = bitcast<${dtype}>(xBits);
  let y = bitcast<${dtype}>(yBits);
${dtype === 'f32' ? '  let nan = isNan(xBits) || isNan(yBits);\n' : ''}
  out[outIndex] = ${expression(op, dtype)};`,
  }));
  const buffers = [...(aIsOut ? [] : [a.buffer]), ...(bIsOut ? [] : [b.buffer]), out];
  runtime.run(kernel, buffers, walkValues(walk, names, [a.offset ?? 0, b.offset ?? 0, 0]), Math.ceil(walk.size / 256));
}
