import type { HostArray } from '@timestep/backend-api';
import type { WebGpuBuffer } from './buffer.ts';
import { mapModeRead, usage } from './constants.ts';
import type { Failures } from './failures.ts';
import { IndexFaults } from './index-faults.ts';
import { sizeClass } from './pool.ts';
import type { CommandStream } from './stream.ts';

/** Staging buffers kept for the next read. */
const maxIdle = 4;

interface Staging {
  readonly gpu: GPUBuffer;
  readonly bytes: number;
}

/** Reads buffers back: all of one call through one staging buffer, one submit and one `mapAsync`. */
export class Readback {
  mapCalls = 0;
  bytesRead = 0;
  readonly #device: GPUDevice;
  readonly #failures: Failures;
  readonly #stream: CommandStream;
  readonly #faults: IndexFaults;
  readonly #idle: Staging[] = [];

  constructor(device: GPUDevice, failures: Failures, stream: CommandStream, faults: IndexFaults) {
    this.#device = device;
    this.#failures = failures;
    this.#stream = stream;
    this.#faults = faults;
  }

  /** The contents of the buffers. Rejects, too, with what an index out of range was found by a kernel before. */
  async read(buffers: readonly WebGpuBuffer[]): Promise<HostArray[]> {
    const asked = buffers.reduce((bytes, buffer) => bytes + 4 * buffer.length, 0);
    const faults = this.#faults.pending ? this.#faults : null;
    const total = asked + (faults?.bytes ?? 0);
    if (total === 0) {
      this.#stream.submit();
      await this.#failures.settle();
      return buffers.map((buffer) => hostArray(buffer, new ArrayBuffer(0)));
    }
    const staging = this.#acquire(total);
    let offset = 0;
    for (const { block, length } of buffers) {
      if (block !== null) this.#stream.copyOut(block, 4 * length, staging.gpu, offset);
      offset += 4 * length;
    }
    if (faults) {
      // Cleared in the same breath, so that one read tells of it.
      this.#stream.copyOut(faults.block, faults.bytes, staging.gpu, offset);
      this.#stream.clear(faults.block, faults.bytes);
      faults.pending = false;
    }
    this.#stream.submit();
    this.mapCalls++;
    this.bytesRead += asked;
    try {
      await staging.gpu.mapAsync(mapModeRead, 0, total);
    } catch (cause) {
      return this.#failures.explain(cause);
    }
    const bytes = staging.gpu.getMappedRange(0, total).slice(0);
    staging.gpu.unmap();
    this.#release(staging);
    await this.#failures.settle();
    const fault = faults && IndexFaults.read(new Uint32Array(bytes, asked));
    if (fault) throw fault;
    let start = 0;
    return buffers.map((buffer) => {
      const end = start + 4 * buffer.length;
      const array = hostArray(buffer, start === 0 && end === total ? bytes : bytes.slice(start, end));
      start = end;
      return array;
    });
  }

  #acquire(total: number): Staging {
    const bytes = sizeClass(total);
    const index = this.#idle.findIndex((each) => each.bytes === bytes);
    if (index >= 0) return this.#idle.splice(index, 1)[0]!;
    return { gpu: this.#device.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget }), bytes };
  }

  #release(staging: Staging): void {
    this.#idle.push(staging);
    if (this.#idle.length > maxIdle) this.#idle.shift()!.gpu.destroy();
  }
}

function hostArray({ dtype }: WebGpuBuffer, bytes: ArrayBuffer): HostArray {
  if (dtype === 'f32') return new Float32Array(bytes);
  return dtype === 'i32' ? new Int32Array(bytes) : new Uint32Array(bytes);
}
