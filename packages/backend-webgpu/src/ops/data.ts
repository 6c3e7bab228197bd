import type { DeviceBuffer, DType, StridedOperand } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { indexCode, mergeDimensions, walkParameters, walkValues } from '../wgsl/strided.ts';

const scratch = new DataView(new ArrayBuffer(4));

/** The bits of a number in a dtype, so that NaN and infinities pass through unseen by the shader compiler. */
function bitsOf(dtype: DType, value: number): number {
  if (dtype === 'f32') scratch.setFloat32(0, value);
  else if (dtype === 'i32') scratch.setInt32(0, value);
  else scratch.setUint32(0, value);
  return scratch.getUint32(0);
}

/** Every element becomes `value`. */
export function fill(runtime: Runtime, out: DeviceBuffer, value: number): void {
  fillRange(runtime, out, value, 0, out.length);
}

/** `length` elements from `offset` on become `value`. */
export function fillRange(runtime: Runtime, out: DeviceBuffer, value: number, offset: number, length: number): void {
  if (length === 0) return;
  const kernel = runtime.kernel('fill', () => ({
    name: 'fill',
    bindings: [writes('out', 'u32')],
    parameters: { size: 'u32', offset: 'u32', bits: 'u32' },
    workgroupSize: 256,
    body: '  if (thread < params.size) { out[params.offset + thread] = params.bits; }',
  }));
  runtime.run(kernel, [out], { size: length, offset, bits: bitsOf(out.dtype, value) }, Math.ceil(length / 256));
}

/** From one dtype to another; between the integer types the bits stay. */
export function cast(runtime: Runtime, input: DeviceBuffer, out: DeviceBuffer): void {
  if (out.length === 0) return;
  const kernel = runtime.kernel(`cast ${input.dtype} ${out.dtype}`, () => ({
    name: `cast.${input.dtype}.${out.dtype}`,
    bindings: [reads('values', input.dtype), writes('out', out.dtype)],
    parameters: { size: 'u32' },
    workgroupSize: 256,
    body: `  if (thread < params.size) { out[thread] = ${out.dtype}(values[thread]); }`,
  }));
  runtime.run(kernel, [input, out], { size: out.length }, Math.ceil(out.length / 256));
}

/** `out(i) = input(i)` for every index of `shape`, both strided. */
export function copy(runtime: Runtime, input: StridedOperand, out: StridedOperand, shape: readonly number[]): void {
  const walk = mergeDimensions(shape, [input.strides, out.strides]);
  if (walk.size === 0) return;
  const rank = walk.shape.length;
  const names = ['values', 'out'];
  const kernel = runtime.kernel(`copy ${rank}`, () => ({
    name: 'copy',
    bindings: [reads('values', 'u32'), writes('out', 'u32')],
    parameters: walkParameters(rank, names),
    workgroupSize: 256,
    body: `  if (thread >= params.size) { return; }
${indexCode(rank, names)}
  out[outIndex] = values[valuesIndex];`,
  }));
  const values = walkValues(walk, names, [input.offset ?? 0, out.offset ?? 0]);
  runtime.run(kernel, [input.buffer, out.buffer], values, Math.ceil(walk.size / 256));
}
