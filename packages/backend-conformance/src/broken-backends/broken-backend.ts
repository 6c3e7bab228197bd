import type { Backend, DeviceBuffer, FusedOps } from '@timestep/backend-api';
import { assembleReference, type ReferenceBackend } from '../reference/backend.ts';
import { Heap } from '../reference/heap.ts';

/** Replaces correct methods of the reference by broken ones. */
export interface Fault extends Partial<Omit<Backend, 'fused'>> {
  readonly fused?: FusedOps;
}

/** A backend with one thing wrong, such as people really get wrong. */
export interface BrokenBackend {
  /** The mistake, in words */
  readonly fault: string;
  /** The check that must catch it */
  readonly caughtBy: string;
  /** Makes the wrong part from the right one; the heap lets it see and change what buffers hold. */
  readonly breakIt: (right: ReferenceBackend, heap: Heap) => Fault;
}

export function createBroken({ breakIt }: BrokenBackend): Backend {
  const heap = new Heap();
  const right = assembleReference(heap);
  const { fused, ...rest } = breakIt(right, heap);
  return { ...right, ...rest, fused: { ...right.fused, ...fused } };
}

/** Runs `use` while a buffer holds other values. */
export function whileHolding<Result>(
  heap: Heap,
  buffer: DeviceBuffer | null,
  change: (values: Float64Array) => Float64Array,
  use: () => Result,
): Result {
  if (buffer === null) return use();
  const values = heap.floats('broken', buffer);
  const kept = values.slice();
  values.set(change(kept.slice()));
  const result = use();
  values.set(kept);
  return result;
}

/** Changes what a buffer holds. */
export function tamper(heap: Heap, buffer: DeviceBuffer | null, change: (values: Float64Array) => void): void {
  if (buffer !== null) change(heap.floats('broken', buffer));
}
