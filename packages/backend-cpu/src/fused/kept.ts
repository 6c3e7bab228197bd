import { DisposedError, type DeviceBuffer, type Saved } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';

/**
 * Buffers that a forward pass keeps for its backward pass; `release` frees them.
 *
 * @example
 * ```ts
 * const saved = new Kept(engine, { mean: means, rstd });
 * const { mean: kept } = Kept.of<{ mean: CpuBuffer; rstd: CpuBuffer }>('layerNorm', saved);
 * ```
 */
export class Kept<Buffers extends Readonly<Record<string, DeviceBuffer>>> implements Saved {
  readonly #engine: Engine;
  #buffers: Buffers | null;

  constructor(engine: Engine, buffers: Buffers) {
    this.#engine = engine;
    this.#buffers = buffers;
  }

  /**
   * Returns the buffers of `saved`.
   *
   * @throws DisposedError if `saved` was released or comes from another backend
   */
  static of<Buffers extends Readonly<Record<string, DeviceBuffer>>>(where: string, saved: Saved): Buffers {
    const buffers = saved instanceof Kept ? (saved as Kept<Buffers>).#buffers : null;
    if (buffers === null) {
      throw new DisposedError(
        `[${where}] expected what a forward pass of this backend kept, got something else or released; call backward once, before release`,
      );
    }
    return buffers;
  }

  release(): void {
    const buffers = this.#buffers;
    this.#buffers = null;
    if (buffers !== null) for (const buffer of Object.values(buffers)) this.#engine.free(buffer);
  }
}
