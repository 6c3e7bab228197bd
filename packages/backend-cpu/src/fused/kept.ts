import { DisposedError, type DeviceBuffer, type Saved } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';

/** What a forward pass keeps: buffers of its own, freed by `release`, once. */
export class Kept<Buffers extends Readonly<Record<string, DeviceBuffer>>> implements Saved {
  readonly #engine: Engine;
  #buffers: Buffers | null;

  constructor(engine: Engine, buffers: Buffers) {
    this.#engine = engine;
    this.#buffers = buffers;
  }

  /** The buffers of `saved`, which the forward pass of the operation `where` must have made. */
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
