import type { FusedOps } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { createGruSequence } from './gru-sequence.ts';
import { createLstmSequence } from './lstm-sequence.ts';
import { createRnnSequence } from './rnn-sequence.ts';

/** The fused operations of this backend, one line each: `name: createName(engine)`. */
export function createFusedOps(engine: Engine): FusedOps {
  return {
    rnnSequence: createRnnSequence(engine),
    lstmSequence: createLstmSequence(engine),
    gruSequence: createGruSequence(engine),
  };
}
