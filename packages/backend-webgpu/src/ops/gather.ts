import type { AxisSpec, DeviceBuffer } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';

/** `out[n, :] = table[index[n], :]`. */
export function gatherRows(
  runtime: Runtime,
  table: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  columns: number,
): void {
  if (out.length === 0) return;
  const kernel = runtime.kernel('gatherRows', () => ({
    name: 'gatherRows',
    bindings: [reads('table', 'u32'), reads('index', 'i32'), writes('out', 'u32')],
    parameters: { size: 'u32', columns: 'u32' },
    workgroupSize: 256,
    body: `  if (thread >= params.size) { return; }
  let row = u32(index[thread / params.columns]);
  out[thread] = table[row * params.columns + thread % params.columns];`,
  }));
  runtime.run(kernel, [table, index, out], { size: out.length, columns }, Math.ceil(out.length / 256));
}

/** `out[o, c, i] = input[o, index[o, c, i], i]`. */
export function gatherAxis(
  runtime: Runtime,
  input: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  spec: AxisSpec,
): void {
  if (out.length === 0) return;
  const kernel = runtime.kernel('gatherAxis', () => ({
    name: 'gatherAxis',
    bindings: [reads('values', 'u32'), reads('index', 'i32'), writes('out', 'u32')],
    parameters: { size: 'u32', span: 'u32', length: 'u32', inner: 'u32' },
    workgroupSize: 256,
    body: `  if (thread >= params.size) { return; }
  let outer = thread / params.span;
  out[thread] = values[(outer * params.length + u32(index[thread])) * params.inner + thread % params.inner];`,
  }));
  const { length, inner, count } = spec;
  runtime.run(
    kernel,
    [input, index, out],
    { size: out.length, span: count * inner, length, inner },
    Math.ceil(out.length / 256),
  );
}
