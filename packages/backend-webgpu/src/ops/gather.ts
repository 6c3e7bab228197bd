import type { AxisSpec, DeviceBuffer } from '@timestep/backend-api';
import { emptyError, faultsBinding, inRangeFunction } from '../device/index-faults.ts';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { fill } from './data.ts';

/** `out[n, :] = table[index[n], :]`. */
export function gatherRows(
  runtime: Runtime,
  table: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  columns: number,
): void {
  if (out.length === 0) return;
  if (table.length === 0) {
    fill(runtime, out, 0);
    runtime.failures.report(emptyError('gatherRows', index.length));
    return;
  }
  const kernel = runtime.kernel('gatherRows', () => ({
    name: 'gatherRows',
    bindings: [reads('table', 'u32'), reads('index', 'i32'), writes('out', 'u32'), faultsBinding],
    parameters: { size: 'u32', columns: 'u32', rows: 'u32' },
    workgroupSize: 256,
    declarations: inRangeFunction('gatherRows'),
    body: `  if (thread >= params.size) { return; }
  let n = thread / params.columns;
  let row = index[n];
  if (!inRange(row, params.rows, n)) { out[thread] = 0u; return; }
  out[thread] = table[u32(row) * params.columns + thread % params.columns];`,
  }));
  runtime.runIndexed(
    kernel,
    [table, index, out],
    { size: out.length, columns, rows: table.length / columns },
    Math.ceil(out.length / 256),
  );
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
  if (input.length === 0) {
    fill(runtime, out, 0);
    runtime.failures.report(emptyError('gatherAxis', index.length));
    return;
  }
  const kernel = runtime.kernel('gatherAxis', () => ({
    name: 'gatherAxis',
    bindings: [reads('values', 'u32'), reads('index', 'i32'), writes('out', 'u32'), faultsBinding],
    parameters: { size: 'u32', span: 'u32', length: 'u32', inner: 'u32' },
    workgroupSize: 256,
    declarations: inRangeFunction('gatherAxis'),
    body: `  if (thread >= params.size) { return; }
  let outer = thread / params.span;
  let place = index[thread];
  if (!inRange(place, params.length, thread)) { out[thread] = 0u; return; }
  out[thread] = values[(outer * params.length + u32(place)) * params.inner + thread % params.inner];`,
  }));
  const { length, inner, count } = spec;
  runtime.runIndexed(
    kernel,
    [input, index, out],
    { size: out.length, span: count * inner, length, inner },
    Math.ceil(out.length / 256),
  );
}
