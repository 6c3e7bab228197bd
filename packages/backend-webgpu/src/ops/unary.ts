import type { DeviceBuffer, DType, UnaryOp, UnaryOpOf } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { numerics } from '../wgsl/numerics.ts';

/**
 * Each op on f32 as WGSL that gives the bits of the result from `bits`, `x` (the same as a number) and the parameters
 * `alpha` and `beta`. A NaN that comes in goes out unless the op decides on bits alone.
 */
const floatOps: Readonly<Record<UnaryOpOf<'f32'>, string>> = {
  negative: 'bits ^ 0x80000000u',
  absolute: 'bits & 0x7fffffffu',
  sign: 'select(select(0u, 0xbf800000u, x < 0.0), 0x3f800000u, x > 0.0)',
  affine: 'bitcast<u32>(alpha * x + beta)',
  power: 'powerBits(bits, bitcast<u32>(alpha))',
  clamp: 'bitcast<u32>(select(select(x, alpha, x < alpha), beta, select(x, alpha, x < alpha) > beta))',
  exp: 'expBits(x)',
  expm1: 'expm1Bits(x)',
  log: 'logBits(bits)',
  log1p: 'log1pBits(bits)',
  sqrt: 'select(select(bitcast<u32>(sqrt(abs(x))), bits, magnitude == 0u || magnitude == 0x7f800000u), 0x7fc00000u, bits > 0x80000000u)',
  rsqrt:
    'select(select(select(bitcast<u32>(inverseSqrt(abs(x))), 0u, bits == 0x7f800000u), 0x7fc00000u, bits > 0x80000000u), 0x7f800000u | bits, magnitude == 0u)',
  reciprocal:
    'select(select(bitcast<u32>(1.0 / x), bits & 0x80000000u, magnitude == 0x7f800000u), 0x7f800000u | bits, magnitude == 0u)',
  square: 'bitcast<u32>(x * x)',
  sin: 'sinBits(bits, 0)',
  cos: 'sinBits(bits, 1)',
  tanh: 'bitcast<u32>(tanhOf(x))',
  sigmoid: 'bitcast<u32>(sigmoid(x))',
  relu: 'select(0u, bits, x > 0.0)',
  softplus: 'select(bitcast<u32>(softplus(x)), bits, bits == 0x7f800000u)',
  floor: 'select(bits, bitcast<u32>(floor(x)), isFinite(bits))',
  ceil: 'select(bits, bitcast<u32>(ceil(x)), isFinite(bits))',
  isFinite: 'u32(isFinite(bits))',
};

const integerOps: Readonly<Record<UnaryOpOf<'i32' | 'u32'>, string>> = {
  negative: '0u - bits',
  absolute: 'bitcast<u32>(abs(bitcast<i32>(bits)))',
  sign: 'bitcast<u32>(sign(bitcast<i32>(bits)))',
  logicalNot: 'u32(bits == 0u)',
};

function body(op: UnaryOp, dtype: DType, source: string): string {
  const load = `  if (thread >= params.size) { return; }\n  let bits = ${source}[thread];\n`;
  if (dtype !== 'f32' || op === 'logicalNot')
    return `${load}  out[thread] = ${integerOps[op as keyof typeof integerOps]};`;
  const result = op === 'isFinite' || op === 'power' ? 'result' : 'select(result, bits, isNan(bits))';
  return `${load}  let x = bitcast<f32>(bits);
  let magnitude = bits & 0x7fffffffu;
  let alpha = params.alpha;
  let beta = params.beta;
  let result = ${floatOps[op]};
  out[thread] = ${result};`;
}

/** `out = op(input)`, elementwise; `out` may be `input`. */
export function unary(
  runtime: Runtime,
  op: UnaryOp,
  input: DeviceBuffer,
  out: DeviceBuffer,
  alpha: number,
  beta: number,
): void {
  if (out.length === 0) return;
  const inPlace = input === out;
  const kernel = runtime.kernel(`unary ${op} ${input.dtype} ${inPlace}`, () => ({
    name: `unary.${op}`,
    bindings: inPlace ? [writes('out', 'u32')] : [reads('values', 'u32'), writes('out', 'u32')],
    parameters: { size: 'u32', alpha: 'f32', beta: 'f32' },
    workgroupSize: 256,
    declarations: input.dtype === 'f32' ? numerics : '',
    body: body(op, input.dtype, inPlace ? 'out' : 'values'),
  }));
  runtime.run(kernel, inPlace ? [out] : [input, out], { size: out.length, alpha, beta }, Math.ceil(out.length / 256));
}
