import type { FusedOps } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';

/** The fused operations of this backend, one line each: `name: createName(engine)`. */
export function createFusedOps(_engine: Engine): FusedOps {
  return {};
}
