import type { DeviceBuffer, DType } from '@timestep/backend-api';

/** A piece of device memory, reused by many buffers one after the other. */
export interface Block {
  /** Unique on its device; cached bind groups are found by it. */
  readonly id: number;
  readonly gpu: GPUBuffer;
  /** Its size class, at least what was asked for. */
  readonly bytes: number;
  /** The last batch of commands that touches it. */
  lastBatch: number;
}

/** A buffer of the contract: a block for as long as it lives. Buffers of length 0 have none. */
export class WebGpuBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly length: number;
  /** The runtime that made it: handles of other backends are told apart by it. */
  readonly owner: object;
  block: Block | null;
  freed = false;

  constructor(owner: object, dtype: DType, length: number, block: Block | null) {
    this.owner = owner;
    this.dtype = dtype;
    this.length = length;
    this.block = block;
  }
}
