import type { Backend } from '@timestep/backend-api';
import { createCpuBackend } from '@timestep/backend-cpu';
import { createNativeBackend } from '@timestep/backend-native';
import { createWebGpuBackend } from '@timestep/backend-webgpu';

/** The backend of this name: `cpu`, `cpu-plain` for WebAssembly without relaxed SIMD, `onednn` or `blas`, `webgpu`
 * or `webgpu-hardware`, which refuses a software adapter. */
export async function createBackend(name: string, threads: number): Promise<Backend> {
  switch (name) {
    case 'cpu':
      return await createCpuBackend({ threads });
    case 'cpu-plain':
      return await createCpuBackend({ threads, relaxedSimd: false });
    case 'onednn':
    case 'blas':
      return await createNativeBackend({ threads, library: name });
    case 'webgpu':
    case 'webgpu-hardware':
      return await createWebGpuBackend({
        powerPreference: 'high-performance',
        requireHardware: name === 'webgpu-hardware',
      });
    default:
      throw new Error(`unknown backend '${name}'`);
  }
}
