import {
  ArgumentError,
  checkAllocation,
  DisposedError,
  OutOfMemoryError,
  type DeviceBuffer,
  type DType,
  type MatmulSpec,
  type MemoryCounters,
  type StridedOperand,
} from '@timestep/backend-api';
import { kernelNames } from '../../build/kernels.ts';
import { CpuBuffer } from './buffer.ts';
import { Heap, type Block } from './heap.ts';
import { kernelFailed, type PartKernel, type ThreadPool } from './pool.ts';

/** The name of a function that assembly/index.ts exports. */
export type KernelName = (typeof kernelNames)[number];

export type Kernels = Readonly<Record<KernelName, (...values: number[]) => number>>;

/** The start of the control block is the pool's; the argument slots of the running job follow. */
const controlBytes = 4096;
const slotsOffset = 64;
const slotCount = (controlBytes - slotsOffset) / 4;
const pageBytes = 65536;
/** This much at the end stays free, so that kernels may read (not write) up to 60 bytes past a buffer. */
const guardBytes = 64;
/** The least step by which the memory grows; untouched pages cost nothing. */
const growthBytes = 4 * 1024 * 1024;

/** A product that another library makes: out = op(a)·op(b) (+ out). Addresses are bytes in the engine's memory. */
export interface ExternalProduct {
  /** Whether this library is the faster one for a product of the size. */
  takes(spec: MatmulSpec): boolean;
  run(a: number, b: number, out: number, spec: MatmulSpec): void;
}

export interface EngineParts {
  readonly instance: WebAssembly.Instance;
  readonly memory: WebAssembly.Memory;
  /** Where the memory ends at last, in bytes. */
  readonly limit: number;
  readonly control: number;
  /** Null where the calling thread works alone. */
  readonly pool: ThreadPool | null;
  /** Multiplications and additions of a step of a recurrent layer from which on another library makes its products */
  readonly outsideFrom: number;
}

/**
 * The WebAssembly memory with its allocator, the kernels, and the threads that run them. All addresses are bytes in
 * this memory.
 *
 * @example
 * ```ts
 * const rows = engine.allocate('f32', 1000);
 * engine.run('fill', engine.partsFor(500), [engine.address(rows), 1000], [0]);
 * ```
 *
 * @throws ArgumentError `BACKEND_MISMATCH` for a buffer of another backend
 * @throws DisposedError for a freed buffer, or after `dispose`
 * @throws OutOfMemoryError if a buffer does not fit into the memory
 */
export class Engine {
  readonly kernels: Kernels;
  /** Who makes the products that it takes, in place of our kernels; set by a backend that builds on this one. */
  externalProduct: ExternalProduct | null = null;
  readonly memory: WebAssembly.Memory;
  readonly limit: number;
  readonly outsideFrom: number;
  /** The largest buffer: the memory but for what the kernels, their arguments and the guard at its end take. */
  readonly maxBufferBytes: number;
  readonly #pool: ThreadPool | null;
  readonly #slots: number;
  readonly #heap: Heap;
  readonly #functions: readonly PartKernel[];
  readonly #numbers: Readonly<Record<string, number>>;
  #disposed = false;
  #buffers = 0;
  #bytes = 0;
  #peakBytes = 0;
  #f32: Float32Array;
  #i32: Int32Array;
  #u32: Uint32Array;
  readonly #borrowed: Block[] = [];

  constructor(parts: EngineParts) {
    this.kernels = parts.instance.exports as Kernels;
    this.memory = parts.memory;
    this.limit = parts.limit;
    this.outsideFrom = parts.outsideFrom;
    this.maxBufferBytes = parts.limit - (parts.control + controlBytes) - guardBytes;
    this.#pool = parts.pool;
    this.#slots = parts.control + slotsOffset;
    this.#functions = kernelNames.map((name) => this.kernels[name]);
    this.#numbers = Object.fromEntries(kernelNames.map((name, index) => [name, index]));
    const buffer = parts.memory.buffer;
    this.#f32 = new Float32Array(buffer);
    this.#i32 = new Int32Array(buffer);
    this.#u32 = new Uint32Array(buffer);
    this.#heap = new Heap(parts.control + controlBytes, buffer.byteLength - guardBytes, (bytes) => this.#grow(bytes));
  }

  /** The whole memory as floats: element `address / 4`. Look it up anew after any allocation: growth replaces it. */
  get f32(): Float32Array {
    return this.#f32;
  }

  get i32(): Int32Array {
    return this.#i32;
  }

  get u32(): Uint32Array {
    return this.#u32;
  }

  /** Threads that work on one job. */
  get threads(): number {
    return this.#pool?.threads ?? 1;
  }

  /** Into how many parts to cut work that takes one thread about `nanoseconds`: one thread for less than 40 µs. */
  partsFor(nanoseconds: number): number {
    if (this.#pool === null || nanoseconds < 40_000) return 1;
    return Math.min(this.#pool.threads, Math.floor(nanoseconds / 20_000));
  }

  /**
   * Runs the kernel `name(args, part, parts)` for each part, on all threads if there are several parts, and returns
   * when all are done. Its argument slots are filled with `integers` (also pointers) and then `floats`.
   */
  run(name: KernelName, parts: number, integers: readonly number[], floats?: readonly number[]): void {
    const first = this.#slots >> 2;
    const count = integers.length + (floats?.length ?? 0);
    if (count > slotCount)
      throw new ArgumentError(
        `[cpu] kernel ${name} got ${count} arguments, expected at most ${slotCount}; pass them through scratch memory`,
      );
    for (let i = 0; i < integers.length; i++) this.#i32[first + i] = integers[i]!;
    if (floats) for (let i = 0; i < floats.length; i++) this.#f32[first + integers.length + i] = floats[i]!;
    const index = this.#numbers[name]!;
    const kernel = this.#functions[index]!;
    if (parts <= 1 || this.#pool === null) {
      try {
        for (let part = 0; part < parts; part++) kernel(this.#slots, part, parts);
      } catch (error) {
        throw kernelFailed(index, error);
      }
    } else {
      this.#pool.run(index, kernel, this.#slots, parts);
    }
  }

  /** Whether the job just run marked an index out of range (assembly/support/arguments.ts); asked once. */
  takeFault(): boolean {
    const at = (this.#slots >> 2) - 1;
    if (this.#i32[at] === 0) return false;
    this.#i32[at] = 0;
    return true;
  }

  /** A new buffer; its contents are undefined. */
  allocate(dtype: DType, length: number): CpuBuffer {
    const bytes = checkAllocation('cpu', dtype, length, this.maxBufferBytes);
    const buffer = new CpuBuffer(this, dtype, length, this.#block(bytes));
    this.#buffers++;
    this.#bytes += bytes;
    if (this.#bytes > this.#peakBytes) this.#peakBytes = this.#bytes;
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    // A scope may well close after the backend did: there is nothing left to free.
    if (this.#disposed) return;
    const own = this.own(buffer);
    this.#heap.free(own.block!);
    own.block = null;
    this.#buffers--;
    this.#bytes -= own.length * 4;
  }

  /** The handle as this engine's own, alive; throws where it is not. */
  own(buffer: DeviceBuffer): CpuBuffer {
    if (!(buffer instanceof CpuBuffer) || buffer.maker !== this) {
      throw new ArgumentError(
        '[cpu] got a buffer of another backend, expected one that this backend allocated; read it there and write it here',
        'BACKEND_MISMATCH',
      );
    }
    if (this.#disposed)
      throw new DisposedError(
        '[cpu] the backend was disposed, expected a living one; create another with createCpuBackend()',
      );
    if (buffer.block === null) {
      throw new DisposedError(
        `[cpu] got a ${buffer.dtype} buffer of ${buffer.length} elements that was freed; free a buffer once, after its last use`,
      );
    }
    return buffer;
  }

  /** The address of a living buffer. */
  address(buffer: DeviceBuffer): number {
    return this.own(buffer).block!.address;
  }

  /** The address of a strided operand's first element. */
  addressOf(operand: StridedOperand): number {
    return this.address(operand.buffer) + (operand.offset ?? 0) * 4;
  }

  /** The address of a buffer, or 0 for none. */
  addressOrZero(buffer: DeviceBuffer | null): number {
    return buffer === null ? 0 : this.address(buffer);
  }

  /**
   * Calls `body` with an allocator of scratch memory: `scratch(bytes)` returns an address on a 64-byte line, valid
   * until `body` ends. The contents are undefined. Calls may be nested.
   */
  withScratch<T>(body: (scratch: (bytes: number) => number) => T): T {
    const mark = this.#borrowed.length;
    try {
      return body((bytes) => {
        const block = this.#block(bytes);
        this.#borrowed.push(block);
        return block.address;
      });
    } finally {
      while (this.#borrowed.length > mark) this.#heap.free(this.#borrowed.pop()!);
    }
  }

  counters(): MemoryCounters {
    return { buffers: this.#buffers, bytes: this.#bytes, peakBytes: this.#peakBytes, cachedBytes: this.#heap.unused };
  }

  /** Throws where the engine was disposed. */
  assertAlive(): void {
    if (this.#disposed)
      throw new DisposedError(
        '[cpu] the backend was disposed, expected a living one; create another with createCpuBackend()',
      );
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#pool?.stop();
  }

  #block(bytes: number): Block {
    this.assertAlive();
    // The heap counts in 32 bits.
    const block = bytes <= this.maxBufferBytes ? this.#heap.allocate(bytes) : null;
    if (block === null) {
      throw new OutOfMemoryError(
        `[cpu] could not allocate ${bytes} bytes: the memory ends at ${this.limit} bytes and ${this.#heap.used} of them are in use; tensors made outside a scope live until dispose(): open one for each step (\`using scope = openScope(backend)\`), or use smaller batches or shorter sequences`,
        bytes,
      );
    }
    return block;
  }

  /**
   * Grows the memory by a quarter or by what is asked for, if that is more, and returns by how much; 0 if it cannot.
   */
  #grow(bytes: number): number {
    const present = this.memory.buffer.byteLength;
    const room = Math.floor((this.limit - present) / pageBytes);
    const needed = Math.ceil(bytes / pageBytes);
    if (needed > room) return 0;
    const wished = Math.ceil(Math.max(bytes, growthBytes, present / 4) / pageBytes);
    for (const pages of [Math.min(wished, room), needed]) {
      try {
        this.memory.grow(pages);
      } catch {
        continue;
      }
      const buffer = this.memory.buffer;
      this.#f32 = new Float32Array(buffer);
      this.#i32 = new Int32Array(buffer);
      this.#u32 = new Uint32Array(buffer);
      return pages * pageBytes;
    }
    return 0;
  }
}
