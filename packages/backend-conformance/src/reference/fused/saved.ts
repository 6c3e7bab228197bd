import { ArgumentError, DisposedError, type DeviceBuffer, type Saved } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';

/**
 * The data that the forward passes of one operation keep. Each `Saved` counts as a live (empty) buffer, so that a leak
 * check sees one that was never released; a second backward pass, or one after the release, is refused.
 */
export class SavedStore<Kept> {
  readonly #heap: Heap;
  readonly #where: string;
  readonly #kept = new WeakMap<Saved, Kept>();

  constructor(heap: Heap, where: string) {
    this.#heap = heap;
    this.#where = where;
  }

  keep(value: Kept): Saved {
    const token: DeviceBuffer = this.#heap.alloc('u32', 0);
    const saved: Saved = {
      release: () => {
        this.#kept.delete(saved);
        this.#heap.free(token);
      },
    };
    this.#kept.set(saved, value);
    return saved;
  }

  /** Hands the value out, once. */
  take(saved: Saved): Kept {
    const value = this.#kept.get(saved);
    if (value === undefined) {
      throw new DisposedError(
        `[reference.${this.#where}] expected the saved values of a forward pass of this backend, got used or released ones; call backward once`,
      );
    }
    this.#kept.delete(saved);
    return value;
  }
}

/** Throws unless the host array `lengths` holds `count` integers in 0…`limit`. */
export function checkLengths(where: string, name: string, lengths: Int32Array, count: number, limit: number): void {
  if (lengths.length !== count || lengths.some((length) => length < 0 || length > limit)) {
    throw new ArgumentError(
      `[reference.${where}] expected ${count} ${name} in 0…${limit}, got [${lengths}]; one for each sequence`,
      'INVALID_LENGTHS',
    );
  }
}
