import type { FusedOps } from '@timestep/backend-api';
import type { Runtime } from '../device/runtime.ts';

/** Every fused operation this backend has. */
export function fusedOps(_runtime: Runtime): FusedOps {
  return {};
}
