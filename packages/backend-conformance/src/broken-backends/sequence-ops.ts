import type { GruSequenceOp, LstmSequenceOp } from '@timestep/backend-api';
import type { ReferenceBackend } from '../reference/backend.ts';
import type { Fault } from './broken-backend.ts';

/** The reference with something changed about its LSTM. */
export function lstmWith(right: ReferenceBackend, change: Partial<LstmSequenceOp>): Fault {
  return { fused: { lstmSequence: { ...right.fused.lstmSequence, ...change } } };
}

/** The reference with something changed about its GRU. */
export function gruWith(right: ReferenceBackend, change: Partial<GruSequenceOp>): Fault {
  return { fused: { gruSequence: { ...right.fused.gruSequence, ...change } } };
}
