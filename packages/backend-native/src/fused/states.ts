import type { DeviceBuffer, MaybeBuffer } from '@timestep/backend-api';
import type { CpuBackend } from '@timestep/backend-cpu/extend';
import type { Packing } from './pieces.ts';

/** `[N, H]` with the sequences sorted, or as they are where nothing is packed; zeros for null. The caller frees it. */
export function sortedState(backend: CpuBackend, packing: Packing | null, state: MaybeBuffer, batch: number, hiddenSize: number): DeviceBuffer {
  const sorted = backend.alloc('f32', batch * hiddenSize);
  if (state === null) backend.fill(sorted, 0);
  else permuteRows(backend, state, packing?.order ?? null, sorted, hiddenSize);
  return sorted;
}

/** `out[k] = rows[index[k]]`, or a copy where the index is null. */
export function permuteRows(backend: CpuBackend, rows: DeviceBuffer, index: Int32Array | null, out: DeviceBuffer, columns: number): void {
  if (index === null) {
    backend.hostView(out).set(backend.hostView(rows));
    return;
  }
  const indices = backend.alloc('i32', index.length);
  backend.write(indices, index);
  backend.gatherRows(rows, indices, out, columns);
  backend.free(indices);
}

/** Puts packed rows to their places in a tensor of `[T·N, columns]`; the others become 0. */
export function unpackRows(backend: CpuBackend, packed: DeviceBuffer, rowIndex: Int32Array, out: DeviceBuffer, columns: number): void {
  const indices = backend.alloc('i32', rowIndex.length);
  backend.write(indices, rowIndex);
  backend.fill(out, 0);
  backend.scatterAddRows(packed, indices, out, columns);
  backend.free(indices);
}
