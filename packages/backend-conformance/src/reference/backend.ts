import { ShapeError, specVersion, type Backend, type FusedOps } from '@timestep/backend-api';
import { binary, select } from './binary.ts';
import { fusedOps } from './fused/index.ts';
import { Heap, maxBufferBytes } from './heap.ts';
import { matmul } from './matmul.ts';
import { movement } from './movement.ts';
import { argmax, reduce } from './reduce.ts';
import { randomBits } from './threefry.ts';
import { unary } from './unary.ts';

/** The reference: it has every fused operation of the contract. */
export interface ReferenceBackend extends Backend {
  readonly fused: Required<FusedOps>;
}

/**
 * A backend to test against: plain loops that follow the formulas, f32 kept and read back as float64, no speed. It is
 * strict where a real backend may be lenient: fresh buffers hold NaN or an odd integer; sizes, dtypes, strides and
 * indices are checked; a `Saved` counts as a live buffer until it is released.
 *
 * @example
 * const backend = createReferenceBackend();
 * const x = backend.alloc('f32', 2);
 * backend.write(x, [0, 1]);
 * backend.unary('tanh', x, x, 0, 0);
 * await backend.read(x); // Float64Array [0, 0.7615941559557649]
 */
export function createReferenceBackend(): ReferenceBackend {
  return assembleReference(new Heap());
}

/** The reference over a heap that the caller holds: the deliberately broken backends reach into it. */
export function assembleReference(heap: Heap): ReferenceBackend {
  return {
    specVersion,
    name: 'reference',
    capabilities: { device: 'plain loops in float64', software: true, threads: 1, maxBufferBytes },
    fused: fusedOps(heap),

    flush() {},
    async sync() {},
    async dispose() {
      heap.freeAll();
    },
    async [Symbol.asyncDispose]() {
      await this.dispose();
    },

    alloc: (dtype, length) => heap.alloc(dtype, length),
    free: (buffer) => heap.free(buffer),
    write(buffer, data) {
      const values = heap.values('write', buffer);
      if (data.length !== values.length) {
        throw new ShapeError(
          `[reference.write] expected ${values.length} elements, got ${data.length}; pass exactly the buffer's length`,
        );
      }
      values.set(data);
    },
    read: async (buffer) => heap.values('read', buffer).slice(),
    readMany: async (buffers) => buffers.map((buffer) => heap.values('readMany', buffer).slice()),
    memory: () => heap.counters(),

    ...movement(heap),
    unary: unary(heap),
    binary: binary(heap),
    select: select(heap),
    reduce: reduce(heap),
    argmax: argmax(heap),
    matmul: matmul(heap),
    randomBits: randomBits(heap),
  };
}
