import type { DeviceBuffer, DType } from '@timestep/backend-api';
import type { Block } from './heap.ts';

/** A buffer of the CPU backend: a block of its WebAssembly memory. */
export class CpuBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly length: number;
  /** The engine that allocated it. */
  readonly maker: object;
  /** Null once freed. */
  block: Block | null;

  constructor(maker: object, dtype: DType, length: number, block: Block) {
    this.maker = maker;
    this.dtype = dtype;
    this.length = length;
    this.block = block;
  }
}
