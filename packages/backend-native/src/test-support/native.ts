import { CpuBackend, createEngine } from '@timestep/backend-cpu/extend';
import { PrimitiveCache } from '../dnnl/cache.ts';
import { NativeMemory } from '../libraries/address.ts';
import { loadLibrary } from '../libraries/load.ts';
import type { Native } from '../native.ts';

/** oneDNN on the memory of a CPU backend, and how often the library was used. */
export interface NativeDevice {
  readonly native: Native;
  readonly cpu: CpuBackend;
  readonly calls: () => number;
  close(): Promise<void>;
}

export async function openNative(threads: number): Promise<NativeDevice> {
  const engine = await createEngine({ threads });
  const library = loadLibrary('onednn');
  const primitives = new PrimitiveCache(library.dnnl!);
  const cpu = new CpuBackend(engine);
  let calls = 0;
  const useThreads = (): void => {
    calls++;
    library.setThreads(threads);
  };
  const close = (): Promise<void> => {
    primitives.dispose();
    return cpu.dispose();
  };
  return {
    native: { engine, memory: new NativeMemory(engine.memory), primitives, useThreads },
    cpu,
    calls: () => calls,
    close,
  };
}

/** Numbers in −0.5…0.5, without pattern enough for one to be taken for another. */
export function numbers(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}
