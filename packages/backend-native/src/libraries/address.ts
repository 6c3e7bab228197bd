import koffi from 'koffi';

/**
 * Addresses of the WebAssembly memory for native code: where the memory starts, plus the offset. Native code then works
 * on the backend's own buffers, without a copy.
 */
export class NativeMemory {
  readonly #memory: WebAssembly.Memory;
  #buffer: ArrayBufferLike | null = null;
  #base = 0n;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** The address of the byte `offset`. A memory that is not shared may move when it grows, so do not keep it. */
  at(offset: number): bigint {
    const buffer = this.#memory.buffer;
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#base = koffi.address(new Uint8Array(buffer));
    }
    return this.#base + BigInt(offset);
  }
}
