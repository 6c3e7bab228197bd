import { OutOfMemoryError } from '@timestep/backend-api';
import type { Block } from './buffer.ts';
import { usage } from './constants.ts';
import type { Failures } from './failures.ts';

const smallest = 256;

/**
 * The size class of an allocation: the next eighth of an octave, so that at most one byte in nine is wasted and the
 * buffers of one training step find those of the last again.
 */
export function sizeClass(bytes: number): number {
  if (bytes <= smallest) return smallest;
  const step = Math.max(smallest, 2 ** (Math.floor(Math.log2(bytes)) - 3));
  return Math.ceil(bytes / step) * step;
}

/** Returns the position of a block in a list that is ordered by id. */
function placeOf(list: readonly Block[], id: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Blocks of device memory. Freed ones are kept, up to `maxCachedBytes`, the oldest go first. */
export class BufferPool {
  cachedBytes = 0;
  created = 0;
  readonly #device: GPUDevice;
  readonly #failures: Failures;
  readonly #maxCachedBytes: number;
  readonly #maxBytes: number;
  /**
   * By size class, in the order of their ids, and the first is taken: then a training step that starts from the same
   * live buffers gets the same blocks, and finds the bind groups of the last one. (Taking the block freed last, 900
   * steps of a character model made 24,255 bind groups.)
   */
  readonly #free = new Map<number, Block[]>();
  /** The cached blocks, oldest first. */
  readonly #order = new Set<Block>();
  /** Every block that was not destroyed. */
  readonly #all = new Set<Block>();
  /** Blocks that left the pool; commands not yet submitted may still name them. */
  #retired: Block[] = [];

  constructor(device: GPUDevice, failures: Failures, maxCachedBytes: number) {
    this.#device = device;
    this.#failures = failures;
    this.#maxCachedBytes = maxCachedBytes;
    this.#maxBytes = Math.min(device.limits.maxBufferSize, device.limits.maxStorageBufferBindingSize);
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** A block of at least `bytes`, which are no more than `maxBytes`. */
  acquire(bytes: number): Block {
    const size = Math.min(sizeClass(bytes), this.#maxBytes - (this.#maxBytes % 4));
    const cached = this.#free.get(size)?.shift();
    if (cached !== undefined) {
      this.#order.delete(cached);
      this.cachedBytes -= cached.bytes;
      return cached;
    }
    const gpu = this.#failures.guard(
      ['out-of-memory'],
      () => this.#device.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget }),
      (error) => {
        this.trim(0);
        return new OutOfMemoryError(
          `[webgpu] the device has no room for a buffer of ${bytes} bytes: ${error.message}; tensors made outside a scope live until dispose(): open one for each step (\`using scope = openScope(backend)\`), or use smaller batches or shorter sequences`,
          bytes,
        );
      },
    );
    this.created++;
    const block = { id: this.created, gpu, bytes: size, lastBatch: -1 };
    this.#all.add(block);
    return block;
  }

  release(block: Block): void {
    let list = this.#free.get(block.bytes);
    if (list === undefined) this.#free.set(block.bytes, (list = []));
    list.splice(placeOf(list, block.id), 0, block);
    this.#order.add(block);
    this.cachedBytes += block.bytes;
    if (this.cachedBytes > this.#maxCachedBytes) this.trim(this.#maxCachedBytes);
  }

  /** Lets cached blocks go until no more than `bytes` are kept. */
  trim(bytes: number): void {
    for (const block of this.#order) {
      if (this.cachedBytes <= bytes) return;
      this.#order.delete(block);
      this.cachedBytes -= block.bytes;
      const list = this.#free.get(block.bytes)!;
      list.splice(placeOf(list, block.id), 1);
      this.#retired.push(block);
    }
  }

  /** Called after a submit: no command names the retired blocks any more. */
  destroyRetired(): void {
    for (const block of this.#retired) {
      block.gpu.destroy();
      this.#all.delete(block);
    }
    this.#retired = [];
  }

  /** Frees all memory of a device that stays in use by others. */
  destroyAll(): void {
    for (const block of this.#all) block.gpu.destroy();
    this.#all.clear();
    this.#free.clear();
    this.#order.clear();
    this.cachedBytes = 0;
  }
}
