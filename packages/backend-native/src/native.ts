import type { Engine } from '@timestep/backend-cpu/extend';
import type { PrimitiveCache } from './dnnl/cache.ts';
import type { NativeMemory } from './libraries/address.ts';

/** The objects that operations implemented by oneDNN need. */
export interface Native {
  readonly engine: Engine;
  readonly memory: NativeMemory;
  readonly primitives: PrimitiveCache;
  /** Has the library work on all threads. */
  useThreads(): void;
}
