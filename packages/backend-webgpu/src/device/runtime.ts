import {
  ArgumentError,
  checkAllocation,
  DisposedError,
  type DeviceBuffer,
  type DType,
  type HostArray,
  type HostData,
  type MemoryCounters,
} from '@timestep/backend-api';
import { WebGpuBuffer, type Block } from './buffer.ts';
import { Failures } from './failures.ts';
import { IndexFaults } from './index-faults.ts';
import type { KernelSource } from './kernel.ts';
import { PipelineCache, type Kernel } from './pipelines.ts';
import { BufferPool } from './pool.ts';
import { Readback } from './readback.ts';
import { CommandStream } from './stream.ts';
import { Timeline } from './timeline.ts';
import { UniformRing } from './uniforms.ts';

export interface RuntimeOptions {
  readonly maxCachedBytes: number;
  readonly workPerSubmit: number;
  /** Take the GPU time of every dispatch; the device must have `timestamp-query`. */
  readonly timestamps: boolean;
}

/** The interface for operations: buffers, kernels and one command stream on one device. */
export class Runtime {
  readonly device: GPUDevice;
  readonly failures: Failures;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  readonly stream: CommandStream;
  readonly faults: IndexFaults;
  readonly readback: Readback;
  readonly timeline: Timeline | null;
  disposed = false;
  #buffers = 0;
  #bytes = 0;
  #peakBytes = 0;

  constructor(device: GPUDevice, options: RuntimeOptions) {
    this.device = device;
    this.failures = new Failures(device);
    this.pool = new BufferPool(device, this.failures, options.maxCachedBytes);
    this.faults = new IndexFaults(this.pool);
    const uniforms = new UniformRing(device);
    this.pipelines = new PipelineCache(device, this.failures, uniforms);
    this.timeline = options.timestamps ? new Timeline(device) : null;
    this.stream = new CommandStream({
      device,
      failures: this.failures,
      pool: this.pool,
      uniforms,
      pipelines: this.pipelines,
      workPerSubmit: options.workPerSubmit,
      timeline: this.timeline,
    });
    this.readback = new Readback(device, this.failures, this.stream, this.faults);
  }

  /** Throws once the backend was disposed. */
  assertLive(): void {
    if (this.disposed)
      throw new DisposedError('[webgpu] the backend was disposed; make a new one with createWebGpuBackend()');
  }

  alloc(dtype: DType, length: number): WebGpuBuffer {
    this.assertLive();
    const bytes = checkAllocation('webgpu', dtype, length, this.pool.maxBytes);
    const block = length === 0 ? null : this.pool.acquire(bytes);
    this.#buffers++;
    this.#bytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return new WebGpuBuffer(this, dtype, length, block);
  }

  free(handle: DeviceBuffer): void {
    // The device has freed everything; a late clean-up is allowed.
    if (this.disposed) return;
    const buffer = this.own(handle);
    buffer.freed = true;
    this.#buffers--;
    this.#bytes -= 4 * buffer.length;
    if (buffer.block !== null) this.pool.release(buffer.block);
    buffer.block = null;
  }

  /** The buffer behind a handle of the contract, checked. */
  own(handle: DeviceBuffer): WebGpuBuffer {
    this.assertLive();
    if (!(handle instanceof WebGpuBuffer) || handle.owner !== this) {
      throw new ArgumentError(
        '[webgpu] expected a buffer of this backend, got one of another; move the tensor here with tensor.to(backend)',
        'BACKEND_MISMATCH',
      );
    }
    if (handle.freed)
      throw new DisposedError('[webgpu] the buffer was freed before this use; keep its tensor alive until then');
    return handle;
  }

  kernel<Parameter extends string>(key: string, build: () => KernelSource<Parameter>): Kernel<Parameter> {
    return this.pipelines.kernel(key, build);
  }

  /**
   * Encodes one dispatch. `buffers` stand in the order of the kernel's bindings and must not be empty ones; `work` is
   * an estimate of the operations in it.
   */
  run<Parameter extends string>(
    kernel: Kernel<Parameter>,
    buffers: readonly DeviceBuffer[],
    parameters: Readonly<Record<Parameter, number>>,
    workgroups: number,
    work = workgroups * kernel.source.workgroupSize * 16,
  ): void {
    const blocks = buffers.map((buffer) => this.#block(buffer, kernel.source.name));
    this.stream.dispatch(kernel, blocks, parameters, workgroups, work);
  }

  /** `run` of a kernel whose last binding is `faultsBinding`. */
  runIndexed<Parameter extends string>(
    kernel: Kernel<Parameter>,
    buffers: readonly DeviceBuffer[],
    parameters: Readonly<Record<Parameter, number>>,
    workgroups: number,
    work = workgroups * kernel.source.workgroupSize * 16,
  ): void {
    const blocks = buffers.map((buffer) => this.#block(buffer, kernel.source.name));
    this.faults.pending = true;
    this.stream.dispatch(kernel, [...blocks, this.faults.block], parameters, workgroups, work);
  }

  #block(handle: DeviceBuffer, kernel: string): Block {
    const { block } = this.own(handle);
    if (block === null) throw new ArgumentError(`[webgpu] kernel '${kernel}' was given an empty buffer`);
    return block;
  }

  write(handle: DeviceBuffer, data: HostData): void {
    const { block, dtype, length } = this.own(handle);
    if (data.length !== length) {
      throw new ArgumentError(`[webgpu] write expected ${length} elements, got ${data.length}`);
    }
    if (block !== null) this.stream.write(block, hostBytes(dtype, data));
  }

  async read(handles: readonly DeviceBuffer[]): Promise<HostArray[]> {
    return this.readback.read(handles.map((handle) => this.own(handle)));
  }

  memory(): MemoryCounters {
    return {
      buffers: this.#buffers,
      bytes: this.#bytes,
      peakBytes: this.#peakBytes,
      cachedBytes: this.pool.cachedBytes,
    };
  }
}

/** The bytes of host data in a buffer's dtype; converted, and copied, only where the types differ. */
function hostBytes(dtype: DType, data: HostData): Uint8Array<ArrayBuffer> {
  const Target = { f32: Float32Array, i32: Int32Array, u32: Uint32Array }[dtype];
  // A shared array may not be handed to writeBuffer everywhere: it is copied too.
  const fits = data instanceof Target && data.buffer instanceof ArrayBuffer;
  const array = fits ? data : Target.from(data);
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
}
