import type { DeviceBuffer, Saved } from '@timestep/backend-api';
import type { Runtime } from '../device/runtime.ts';

/** Named buffers that a forward pass keeps for its backward pass and frees on release. */
export class SavedBuffers<Name extends string> implements Saved {
  readonly buffers: Readonly<Record<Name, DeviceBuffer>>;
  readonly #runtime: Runtime;

  constructor(runtime: Runtime, buffers: Readonly<Record<Name, DeviceBuffer>>) {
    this.#runtime = runtime;
    this.buffers = buffers;
  }

  release(): void {
    for (const buffer of Object.values<DeviceBuffer>(this.buffers)) this.#runtime.free(buffer);
  }
}

/** Keeps the buffers for a backward pass, or frees them at once where none will come. */
export function keepOrFree<Name extends string>(
  runtime: Runtime,
  needsSaved: boolean,
  buffers: Readonly<Record<Name, DeviceBuffer>>,
): SavedBuffers<Name> | null {
  const saved = new SavedBuffers(runtime, buffers);
  if (needsSaved) return saved;
  saved.release();
  return null;
}
