import { TimestepError } from '@timestep/core';

/** What is wrong with a file or a model; stable, so that programs can act on it. */
export type InteropErrorCode =
  /** Bytes that are no file of the format, or a damaged one. */
  | 'MALFORMED_FILE'
  /** A well-formed file with a layer, an operation or an option that has no counterpart here. */
  | 'UNSUPPORTED_MODEL'
  /** A tensor that a model needs is not in the file. */
  | 'MISSING_TENSOR'
  /** A value that float32 or int32 cannot hold, or a size that does not fit its neighbours. */
  | 'INVALID_TENSOR'
  /** Reading took more time or memory than it was given. */
  | 'READ_LIMIT'
  /** A package that reads the format is not installed, such as h5wasm. */
  | 'MISSING_PACKAGE';

/** The error that every reader and writer of this package throws, beside core's own for wrong arguments. */
export class InteropError extends TimestepError {
  override readonly name: string = 'InteropError';
  declare readonly code: InteropErrorCode;
}

/** Throws unless `condition` holds. */
export function ensure(condition: boolean, code: InteropErrorCode, message: () => string): asserts condition {
  if (!condition) throw new InteropError(code, message());
}
