import { usage } from './constants.ts';

const chunkBytes = 1 << 20;

interface Chunk {
  readonly gpu: GPUBuffer;
  readonly bytes: Uint8Array<ArrayBuffer>;
  used: number;
}

/** A place in an upload chunk. */
export interface Upload {
  readonly source: GPUBuffer;
  readonly offset: number;
}

/**
 * Data for buffers that the commands being encoded already use. `queue.writeBuffer` would overtake those commands, so
 * the data goes into a chunk that is written just before the submit, and a copy command puts it in its place.
 */
export class UploadArena {
  readonly #device: GPUDevice;
  readonly #chunks: Chunk[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Whether `bytes` fit a chunk; more is not worth staging. */
  fits(bytes: number): boolean {
    return bytes <= chunkBytes;
  }

  stage(data: Uint8Array): Upload {
    const chunk = this.#chunks.find((each) => each.used + data.byteLength <= chunkBytes) ?? this.#grow();
    const offset = chunk.used;
    chunk.bytes.set(data, offset);
    chunk.used += data.byteLength;
    return { source: chunk.gpu, offset };
  }

  #grow(): Chunk {
    const chunk = {
      gpu: this.#device.createBuffer({ size: chunkBytes, usage: usage.copySource | usage.copyTarget }),
      bytes: new Uint8Array(chunkBytes),
      used: 0,
    };
    this.#chunks.push(chunk);
    return chunk;
  }

  /** Hands the staged data to the queue and starts over. */
  upload(): void {
    for (const chunk of this.#chunks) {
      if (chunk.used > 0) this.#device.queue.writeBuffer(chunk.gpu, 0, chunk.bytes, 0, chunk.used);
      chunk.used = 0;
    }
  }
}
