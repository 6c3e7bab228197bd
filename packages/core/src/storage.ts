import { DisposedError, type Backend, type DeviceBuffer } from '@timestep/backend-api';

/**
 * A backend buffer with a reference count. Tensors and the nodes of the tape share storages; the buffer is freed when
 * the last of them lets go.
 *
 * @example
 * ```ts
 * const storage = new TensorStorage(backend, backend.alloc('f32', 4));
 * const x = new Tensor(storage, [2, 2]); // frees the buffer when it is disposed
 * ```
 *
 * @throws DisposedError where the buffer was freed
 */
export class TensorStorage {
  readonly backend: Backend;
  /** Goes up with every overwrite, so that a backward pass notices one. */
  version = 0;
  readonly #buffer: DeviceBuffer;
  #references = 1;

  constructor(backend: Backend, buffer: DeviceBuffer) {
    this.backend = backend;
    this.#buffer = buffer;
  }

  get buffer(): DeviceBuffer {
    if (this.#references === 0)
      throw new DisposedError(
        '[tensor] its memory was freed; keep the tensor with scope.keep(tensor) or use it earlier',
      );
    return this.#buffer;
  }

  retain(): this {
    if (this.#references === 0)
      throw new DisposedError(
        '[tensor] its memory was freed; keep the tensor with scope.keep(tensor) or use it earlier',
      );
    this.#references++;
    return this;
  }

  /** True where a single holder is left. */
  get exclusive(): boolean {
    return this.#references === 1;
  }

  release(): void {
    if (--this.#references === 0) this.backend.free(this.#buffer);
  }
}
