import { uniformSlotBytes, usage } from './constants.ts';

const chunkBytes = 1 << 20;

/** One uniform buffer with its copy on the host. */
interface Chunk {
  readonly gpu: GPUBuffer;
  readonly bytes: ArrayBuffer;
}

/** Where the parameters of one dispatch stand. */
export interface Slot {
  readonly chunk: number;
  readonly offset: number;
}

/**
 * The parameters of every dispatch of a batch, in slots of one large uniform buffer that dispatches choose by a dynamic
 * offset: one `writeBuffer` carries those of a whole training step, and bind groups stay the same from step to step.
 */
export class UniformRing {
  readonly #device: GPUDevice;
  readonly #chunks: Chunk[] = [];
  #chunk = 0;
  #used = 0;
  /** Views of the current chunk, for the encoder to write parameters through. */
  u32 = new Uint32Array(0);
  i32 = new Int32Array(0);
  f32 = new Float32Array(0);

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#enter(0);
  }

  #enter(index: number): void {
    this.#chunk = index;
    this.#used = 0;
    this.#chunks[index] ??= {
      gpu: this.#device.createBuffer({ size: chunkBytes, usage: usage.uniform | usage.copyTarget }),
      bytes: new ArrayBuffer(chunkBytes),
    };
    const { bytes } = this.#chunks[index];
    this.u32 = new Uint32Array(bytes);
    this.i32 = new Int32Array(bytes);
    this.f32 = new Float32Array(bytes);
  }

  /** The next slot; its words start at `offset / 4` of the views. */
  next(): Slot {
    if (this.#used + uniformSlotBytes > chunkBytes) this.#enter(this.#chunk + 1);
    const offset = this.#used;
    this.#used += uniformSlotBytes;
    return { chunk: this.#chunk, offset };
  }

  buffer(chunk: number): GPUBuffer {
    return this.#chunks[chunk]!.gpu;
  }

  /** Hands the slots of this batch to the queue and starts over; returns the bytes written. */
  upload(): number {
    let written = 0;
    for (let index = 0; index <= this.#chunk; index++) {
      const bytes = index < this.#chunk ? chunkBytes : this.#used;
      const { gpu, bytes: source } = this.#chunks[index]!;
      if (bytes > 0) this.#device.queue.writeBuffer(gpu, 0, source, 0, bytes);
      written += bytes;
    }
    this.#enter(0);
    return written;
  }
}
