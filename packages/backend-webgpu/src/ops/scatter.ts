import type { AxisSpec, DeviceBuffer } from '@timestep/backend-api';
import { emptyError, faultsBinding, inRangeFunction } from '../device/index-faults.ts';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';

/** Set in a link where no earlier row has the same index. */
const firstFlag = 0x8000_0000;

/**
 * `out[index[n], :] += values[n, :]`. WGSL has no atomic addition of floats, and the order would vary with one. So the
 * rows of one index are linked into a chain first (each n looks for the next row of its index and for an earlier one),
 * and then one invocation for each chain and column adds along it: in the order of n, every time. An index out of range
 * heads no chain.
 */
export function scatterAddRows(
  runtime: Runtime,
  values: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  columns: number,
): void {
  const count = index.length;
  if (count === 0 || columns === 0) return;
  if (out.length === 0) {
    runtime.failures.report(emptyError('scatterAddRows', count));
    return;
  }
  const links = runtime.alloc('u32', count);
  const link = runtime.kernel('scatterAddRows links', () => ({
    name: 'scatterAddRows.links',
    bindings: [reads('index', 'i32'), writes('links', 'u32'), faultsBinding],
    parameters: { count: 'u32', rows: 'u32' },
    workgroupSize: 64,
    declarations: inRangeFunction('scatterAddRows'),
    body: `  if (thread >= params.count) { return; }
  let row = index[thread];
  if (!inRange(row, params.rows, thread)) { links[thread] = 0u; return; }
  var next = thread + 1u;
  while (next < params.count && index[next] != row) { next = next + 1u; }
  var before = thread;
  while (before > 0u && index[before - 1u] != row) { before = before - 1u; }
  links[thread] = next | select(0u, ${firstFlag}u, before == 0u);`,
  }));
  runtime.runIndexed(link, [index, links], { count, rows: out.length / columns }, Math.ceil(count / 64), count * count);
  const isFloat = values.dtype === 'f32';
  const add = runtime.kernel(`scatterAddRows ${isFloat}`, () => ({
    name: 'scatterAddRows',
    bindings: [
      reads('values', isFloat ? 'f32' : 'u32'),
      reads('index', 'i32'),
      reads('links', 'u32'),
      writes('out', isFloat ? 'f32' : 'u32'),
    ],
    parameters: { count: 'u32', columns: 'u32' },
    workgroupSize: 64,
    body: `  if (thread >= params.count * params.columns) { return; }
  var n = thread / params.columns;
  let column = thread % params.columns;
  if ((links[n] & ${firstFlag}u) == 0u) { return; }
  let place = u32(index[n]) * params.columns + column;
  var total = out[place];
  while (n < params.count) {
    total = total + values[n * params.columns + column];
    n = links[n] & ${firstFlag - 1}u;
  }
  out[place] = total;`,
  }));
  runtime.run(add, [values, index, links, out], { count, columns }, Math.ceil((count * columns) / 64));
  runtime.free(links);
}

/** `out[o, index[o, c, i], i] += values[o, c, i]`: one invocation owns each (o, i) and adds in the order of c. */
export function scatterAddAxis(
  runtime: Runtime,
  values: DeviceBuffer,
  index: DeviceBuffer,
  out: DeviceBuffer,
  spec: AxisSpec,
): void {
  const { outer, length, inner, count } = spec;
  if (values.length === 0) return;
  if (out.length === 0) {
    runtime.failures.report(emptyError('scatterAddAxis', index.length));
    return;
  }
  const type = values.dtype === 'f32' ? 'f32' : 'u32';
  const kernel = runtime.kernel(`scatterAddAxis ${type}`, () => ({
    name: 'scatterAddAxis',
    bindings: [reads('values', type), reads('index', 'i32'), writes('out', type), faultsBinding],
    parameters: { owners: 'u32', inner: 'u32', length: 'u32', count: 'u32' },
    workgroupSize: 64,
    declarations: inRangeFunction('scatterAddAxis'),
    body: `  if (thread >= params.owners) { return; }
  let outer = thread / params.inner;
  let i = thread % params.inner;
  for (var c = 0u; c < params.count; c = c + 1u) {
    let source = (outer * params.count + c) * params.inner + i;
    let chosen = index[source];
    if (!inRange(chosen, params.length, source)) { continue; }
    let place = (outer * params.length + u32(chosen)) * params.inner + i;
    out[place] = out[place] + values[source];
  }`,
  }));
  runtime.runIndexed(
    kernel,
    [values, index, out],
    { owners: outer * inner, inner, length, count },
    Math.ceil((outer * inner) / 64),
    values.length * 16,
  );
}
