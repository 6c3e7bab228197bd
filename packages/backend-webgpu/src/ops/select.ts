import type { DeviceBuffer, StridedOperand } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { contiguousStrides, indexCode, mergeDimensions, walkParameters, walkValues } from '../wgsl/strided.ts';

const names = ['condition', 'a', 'b', 'out'];

/** `out = condition ≠ 0 ? a : b`; moves bits, so that a NaN not chosen leaves no trace. */
export function select(
  runtime: Runtime,
  condition: StridedOperand,
  a: StridedOperand,
  b: StridedOperand,
  out: DeviceBuffer,
  shape: readonly number[],
): void {
  if (out.length === 0) return;
  const operands = [condition, a, b];
  const walk = mergeDimensions(shape, [...operands.map(({ strides }) => strides), contiguousStrides(shape)]);
  const rank = walk.shape.length;
  const kernel = runtime.kernel(`select ${rank}`, () => ({
    name: 'select',
    bindings: [reads('condition', 'u32'), reads('a', 'u32'), reads('b', 'u32'), writes('out', 'u32')],
    parameters: walkParameters(rank, names),
    workgroupSize: 256,
    body: `  if (thread >= params.size) { return; }
${indexCode(rank, names)}
  if (condition[conditionIndex] != 0u) { out[outIndex] = a[aIndex]; } else { out[outIndex] = b[bIndex]; }`,
  }));
  const offsets = [...operands.map(({ offset }) => offset ?? 0), 0];
  runtime.run(
    kernel,
    [...operands.map(({ buffer }) => buffer), out],
    walkValues(walk, names, offsets),
    Math.ceil(walk.size / 256),
  );
}
