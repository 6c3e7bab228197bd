import { DeviceError } from '@timestep/backend-api';
import type { Block } from './buffer.ts';
import { maxWorkgroupsPerDimension } from './constants.ts';
import type { Failures } from './failures.ts';
import type { Kernel, PipelineCache } from './pipelines.ts';
import type { BufferPool } from './pool.ts';
import type { Timeline } from './timeline.ts';
import type { UniformRing } from './uniforms.ts';
import { UploadArena } from './uploads.ts';

/** Counts the requests to the device since the last reset. */
export interface StreamCounters {
  dispatches: number;
  submits: number;
  /** Submits made early because the work encoded reached the cap. */
  splitSubmits: number;
  bytesWritten: number;
}

/**
 * The fixed cost of a dispatch, in operations: 10 µs on a device of 1 TFLOP/s. It keeps the
 * number of dispatches of one submit within reach too.
 */
const workPerDispatch = 1e7;

interface StreamParts {
  readonly device: GPUDevice;
  readonly failures: Failures;
  readonly pool: BufferPool;
  readonly uniforms: UniformRing;
  readonly pipelines: PipelineCache;
  /** Operations (about: floating point operations) after which a submit is made unasked. */
  readonly workPerSubmit: number;
  readonly timeline: Timeline | null;
}

/**
 * One command encoder for everything until the next submit. Dispatches share a compute pass; WebGPU orders those that
 * touch the same buffer.
 */
export class CommandStream {
  readonly counters: StreamCounters = { dispatches: 0, submits: 0, splitSubmits: 0, bytesWritten: 0 };
  /** Dispatches by kernel name. */
  readonly dispatchesByKernel = new Map<string, number>();
  readonly #parts: StreamParts;
  readonly #uploads: UploadArena;
  readonly #offset = new Uint32Array(1);
  #batch = 0;
  #work = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#uploads = new UploadArena(parts.device);
  }

  #commands(): GPUCommandEncoder {
    this.#encoder ??= this.#parts.device.createCommandEncoder();
    return this.#encoder;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = null;
  }

  /** Encodes one dispatch of `workgroups` workgroups, over two dimensions where one does not hold them. */
  dispatch<Parameter extends string>(
    kernel: Kernel<Parameter>,
    blocks: readonly Block[],
    parameters: Readonly<Record<Parameter, number>>,
    workgroups: number,
    work: number,
  ): void {
    const { uniforms, pipelines, timeline } = this.#parts;
    const { name } = kernel.source;
    const slot = uniforms.next();
    let word = slot.offset / 4;
    for (const parameter of kernel.parameterNames)
      uniforms[kernel.source.parameters[parameter]][word++] = parameters[parameter];
    const group = pipelines.bindGroup(kernel, blocks, slot.chunk);
    for (const block of blocks) block.lastBatch = this.#batch;

    if (timeline !== null) {
      this.#endPass();
      this.#pass = this.#commands().beginComputePass({ timestampWrites: timeline.stamp(name) });
    }
    this.#pass ??= this.#commands().beginComputePass();
    this.#pass.setPipeline(kernel.pipeline);
    this.#offset[0] = slot.offset;
    this.#pass.setBindGroup(0, group, this.#offset, 0, 1);
    const rows = Math.ceil(workgroups / maxWorkgroupsPerDimension);
    this.#pass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);

    this.counters.dispatches++;
    this.dispatchesByKernel.set(name, (this.dispatchesByKernel.get(name) ?? 0) + 1);
    this.#work += work + workPerDispatch;
    if (this.#work >= this.#parts.workPerSubmit) {
      this.counters.splitSubmits++;
      this.submit();
    }
  }

  /** Puts data into a block after everything encoded so far. */
  write(block: Block, data: Uint8Array<ArrayBuffer>): void {
    this.counters.bytesWritten += data.byteLength;
    if (block.lastBatch === this.#batch && this.#uploads.fits(data.byteLength)) {
      const { source, offset } = this.#uploads.stage(data);
      this.#endPass();
      this.#commands().copyBufferToBuffer(source, offset, block.gpu, 0, data.byteLength);
      return;
    }
    if (block.lastBatch === this.#batch) this.submit();
    this.#parts.device.queue.writeBuffer(block.gpu, 0, data);
  }

  /** Copies the start of a block into a buffer that the host will map. */
  copyOut(block: Block, bytes: number, target: GPUBuffer, offset: number): void {
    this.#endPass();
    this.#commands().copyBufferToBuffer(block.gpu, 0, target, offset, bytes);
    block.lastBatch = this.#batch;
  }

  /** Sets the start of a block to 0, after everything encoded so far. */
  clear(block: Block, bytes: number): void {
    this.#endPass();
    this.#commands().clearBuffer(block.gpu, 0, bytes);
    block.lastBatch = this.#batch;
  }

  /** Hands the batch to the device. */
  submit(): void {
    const { device, failures, uniforms, timeline, pool } = this.#parts;
    this.#endPass();
    const encoder = this.#encoder;
    if (encoder !== null) {
      this.#encoder = null;
      timeline?.resolve(encoder);
      this.counters.bytesWritten += uniforms.upload();
      this.#uploads.upload();
      failures.guard(
        ['validation', 'out-of-memory', 'internal'],
        () => device.queue.submit([encoder.finish()]),
        (error) =>
          new DeviceError('KERNEL_FAILED', `[webgpu] the device refused a batch of commands: ${error.message}`),
      );
      timeline?.collect();
      this.counters.submits++;
      this.#batch++;
      this.#work = 0;
    }
    pool.destroyRetired();
  }
}
