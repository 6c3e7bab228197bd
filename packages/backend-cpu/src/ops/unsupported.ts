import { DTypeError, type DType } from '@timestep/backend-api';

/** The error for an op that its table does not have for this dtype; `core` checks before it calls. */
export function unsupported(op: string, dtype: DType): DTypeError {
  return new DTypeError(`[${op}] got ${dtype}, which the op table does not list for it; cast the input first`);
}
