import type { Backend } from '@timestep/backend-api';
import { createCpuBackend } from '@timestep/backend-cpu';

/** The backend of this name: `cpu`, or `cpu-plain` for WebAssembly without relaxed SIMD. */
export async function createBackend(name: string, threads: number): Promise<Backend> {
  switch (name) {
    case 'cpu':
      return await createCpuBackend({ threads });
    case 'cpu-plain':
      return await createCpuBackend({ threads, relaxedSimd: false });
    default:
      throw new Error(`unknown backend '${name}'`);
  }
}
