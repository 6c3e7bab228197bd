import { ArgumentError, indexError, type TimestepError } from '@timestep/backend-api';
import type { Block } from './buffer.ts';
import { writes, type Binding } from './kernel.ts';
import type { BufferPool } from './pool.ts';

/** The operations that read indices; a kernel names its own by the number. */
const operations = ['gatherRows', 'scatterAddRows', 'gatherAxis', 'scatterAddAxis', 'crossEntropy'] as const;
export type IndexedOperation = (typeof operations)[number];

const words = 8;

/**
 * Indices that a kernel found to be out of range, on the device: whether there was one, and of the first its operation,
 * value, allowed length and position. It is read with the next buffer that the host asks for, and costs no transaction.
 */
export class IndexFaults {
  /** All zeros until a kernel finds something: made before any block could be reused. */
  readonly block: Block;
  /** Bytes to read. */
  readonly bytes = 4 * words;
  /** Whether a kernel ran that may have found something since the last look. */
  pending = false;

  constructor(pool: BufferPool) {
    this.block = pool.acquire(this.bytes);
  }

  /** The error that these words tell of, or null. */
  static read(found: Uint32Array): TimestepError | null {
    const [any = 0, operation = 0, index = 0, length = 0, position = 0] = found;
    return any === 0 ? null : indexError({ where: operations[operation]!, index: index | 0, position, length });
  }
}

/** The last binding of a kernel that reads indices. */
export const faultsBinding: Binding = writes('faults', 'atomic<u32>');

/** WGSL: `inRange(index, length, position)`, false and noted down where the index is out of range. */
export function inRangeFunction(operation: IndexedOperation): string {
  return `
fn inRange(index: i32, length: u32, position: u32) -> bool {
  if (u32(index) < length) { return true; }
  if (atomicMax(&faults[0], 1u) == 0u) {
    atomicStore(&faults[1], ${operations.indexOf(operation)}u);
    atomicStore(&faults[2], bitcast<u32>(index));
    atomicStore(&faults[3], length);
    atomicStore(&faults[4], position);
  }
  return false;
}
`;
}

/** The error for indices into nothing. No kernel runs then, since an empty buffer cannot be bound. */
export function emptyError(where: IndexedOperation, count: number): TimestepError {
  return new ArgumentError(
    `[${where}] ${count} indices into a tensor without elements are out of range; there is nothing to choose from`,
  );
}
