import type { DeviceBuffer, DType } from '@timestep/backend-api';
import type { Engine } from './engine.ts';
import type { Block } from './heap.ts';

/** A buffer of the CPU backend: a block of its WebAssembly memory. */
export class CpuBuffer implements DeviceBuffer {
  readonly dtype: DType;
  readonly length: number;
  readonly engine: Engine;
  /** Null once freed. */
  block: Block | null;

  constructor(engine: Engine, dtype: DType, length: number, block: Block) {
    this.engine = engine;
    this.dtype = dtype;
    this.length = length;
    this.block = block;
  }
}
