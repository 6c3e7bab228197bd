import { createCpuBackend } from '@timestep/backend-cpu';
import { createWebGpuBackend } from '@timestep/backend-webgpu';
import { DeviceError, type Backend } from '@timestep/core';
import type { BackendChoice } from './protocol.ts';

export interface Chosen {
  readonly backend: Backend;
  /** Why the CPU is used instead of the GPU, if it is. */
  readonly fallback: string | null;
}

/** `auto` takes a real GPU, or else the processor: a software adapter would be slower than backend-cpu. */
export async function chooseBackend(choice: BackendChoice): Promise<Chosen> {
  if (choice === 'cpu') return { backend: await createCpuBackend(), fallback: null };
  if (choice === 'webgpu') return { backend: await createWebGpuBackend(), fallback: null };
  try {
    return {
      backend: await createWebGpuBackend({ powerPreference: 'high-performance', requireHardware: true }),
      fallback: null,
    };
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== 'NO_DEVICE') throw error;
    return { backend: await createCpuBackend(), fallback: error.message };
  }
}
