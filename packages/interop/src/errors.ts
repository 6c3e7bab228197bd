import { TimestepError } from '@timestep/core';

/** The codes of an `InteropError`. They are stable, so programs can rely on them. */
export type InteropErrorCode =
  /** The bytes are not a file of the format, or the file is damaged. */
  | 'MALFORMED_FILE'
  /** The file is well-formed, but contains a layer, an operation or an option that Timestep does not support. */
  | 'UNSUPPORTED_MODEL'
  /** The file lacks a tensor that the model needs. */
  | 'MISSING_TENSOR'
  /** A value does not fit into float32 or int32, or sizes do not match. */
  | 'INVALID_TENSOR'
  /** Reading exceeded its limit of time or memory. */
  | 'READ_LIMIT'
  /** A package for the format, such as h5wasm, is not installed. */
  | 'MISSING_PACKAGE';

/**
 * The error class of the readers and writers of this package. Wrong arguments throw an `ArgumentError` of core.
 *
 * @example
 * if (error instanceof InteropError && error.code === 'UNSUPPORTED_MODEL') console.log(error.message);
 */
export class InteropError extends TimestepError {
  override readonly name: string = 'InteropError';
  declare readonly code: InteropErrorCode;
}

/** Throws an InteropError if `condition` is false. */
export function ensure(condition: boolean, code: InteropErrorCode, message: () => string): asserts condition {
  if (!condition) throw new InteropError(code, message());
}
