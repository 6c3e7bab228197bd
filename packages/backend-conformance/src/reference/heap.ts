import {
  ArgumentError,
  DisposedError,
  DTypeError,
  ShapeError,
  bytesPerElement,
  checkAllocation,
  type DeviceBuffer,
  type DType,
  type MemoryCounters,
} from '@timestep/backend-api';

/** The contents of a buffer; f32 is kept in float64. */
export type Values = Float64Array | Int32Array | Uint32Array;

/** A size that a typed array surely has room for; more is answered with an OutOfMemoryError. */
export const maxBufferBytes = 2 ** 31;

/** Fresh integers: odd, large and unlikely to be anybody's right answer. */
const poisonInteger = 0x5bad5bad;

interface Slot {
  readonly owner: Heap;
  /** null once freed */
  values: Values | null;
}

/** Which heap a handle belongs to; a handle that is not in here was made by somebody else. */
const slots = new WeakMap<DeviceBuffer, Slot>();

/**
 * The memory of one reference backend. Fresh buffers hold NaN or an odd integer, so that an output which was not
 * written shows; every access names the operation, and is refused for a foreign or freed handle, a wrong dtype or a
 * wrong length.
 */
export class Heap {
  #buffers = 0;
  #closed = false;
  #bytes = 0;
  #peakBytes = 0;
  readonly #live = new Set<DeviceBuffer>();

  alloc(dtype: DType, length: number): DeviceBuffer {
    const bytes = checkAllocation('reference.alloc', dtype, length, maxBufferBytes);
    const buffer: DeviceBuffer = Object.freeze({ dtype, length });
    slots.set(buffer, { owner: this, values: poisoned(dtype, length) });
    this.#live.add(buffer);
    this.#buffers += 1;
    this.#bytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (this.#closed) return;
    this.values('free', buffer);
    slots.get(buffer)!.values = null;
    this.#live.delete(buffer);
    this.#buffers -= 1;
    this.#bytes -= buffer.length * bytesPerElement[buffer.dtype];
  }

  freeAll(): void {
    for (const buffer of [...this.#live]) this.free(buffer);
    this.#closed = true;
  }

  counters(): MemoryCounters {
    return { buffers: this.#buffers, bytes: this.#bytes, peakBytes: this.#peakBytes, cachedBytes: 0 };
  }

  /** The contents in place, once the handle is known to be ours, alive and, where given, of `length` elements. */
  values(where: string, buffer: DeviceBuffer, length?: number): Values {
    const slot = slots.get(buffer);
    if (slot === undefined || slot.owner !== this) {
      throw new ArgumentError(
        `[reference.${where}] expected a buffer of this backend, got one of another; copy it over with tensor.to(backend)`,
        'BACKEND_MISMATCH',
      );
    }
    if (slot.values === null) {
      throw new DisposedError(
        `[reference.${where}] expected a live buffer, got one that was freed; free it after its last use`,
      );
    }
    if (length !== undefined && buffer.length !== length) {
      throw new ShapeError(
        `[reference.${where}] expected a buffer of ${length} elements, got ${buffer.length}; allocate the exact size`,
      );
    }
    return slot.values;
  }

  /** `values` of an f32 buffer. */
  floats(where: string, buffer: DeviceBuffer, length?: number): Float64Array {
    const values = this.values(where, buffer, length);
    if (!(values instanceof Float64Array)) throw dtypeError(where, 'f32', buffer);
    return values;
  }

  /** `values` of an i32 buffer. */
  integers(where: string, buffer: DeviceBuffer, length?: number): Int32Array {
    const values = this.values(where, buffer, length);
    if (!(values instanceof Int32Array)) throw dtypeError(where, 'i32', buffer);
    return values;
  }

  /** `values` of a u32 buffer. */
  words(where: string, buffer: DeviceBuffer, length?: number): Uint32Array {
    const values = this.values(where, buffer, length);
    if (!(values instanceof Uint32Array)) throw dtypeError(where, 'u32', buffer);
    return values;
  }

  /** A new f32 buffer that holds `values`. */
  store(values: Float64Array): DeviceBuffer {
    const buffer = this.alloc('f32', values.length);
    this.floats('store', buffer).set(values);
    return buffer;
  }
}

/** Throws unless `buffer` differs from each of `inputs`. */
export function checkDistinct(where: string, out: DeviceBuffer, ...inputs: readonly DeviceBuffer[]): void {
  if (inputs.includes(out)) {
    throw new ArgumentError(
      `[reference.${where}] expected an output apart from the inputs, got the same buffer; allocate one for the result`,
    );
  }
}

function dtypeError(where: string, expected: DType, buffer: DeviceBuffer): DTypeError {
  return new DTypeError(`[reference.${where}] expected dtype ${expected}, got ${buffer.dtype}; cast it first`);
}

function poisoned(dtype: DType, length: number): Values {
  if (dtype === 'f32') return new Float64Array(length).fill(NaN);
  return dtype === 'i32' ? new Int32Array(length).fill(-poisonInteger) : new Uint32Array(length).fill(poisonInteger);
}
