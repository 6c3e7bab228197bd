/** The codes of a `SafetensorsError`. They are stable, so programs can rely on them. */
export type SafetensorsErrorCode =
  /** The file ends before its header or its data does. */
  | 'TRUNCATED'
  /** The header is longer than the limit of 100 MB. */
  | 'HEADER_TOO_LARGE'
  /** The header is not UTF-8. */
  | 'INVALID_UTF8'
  /** The header is not the JSON that the format prescribes. */
  | 'INVALID_HEADER'
  /** A name or a field occurs twice. */
  | 'DUPLICATE_KEY'
  /** The element type is unknown. */
  | 'UNKNOWN_DTYPE'
  /** The shape is not a list of integers ≥ 0, or it is too large. */
  | 'INVALID_SHAPE'
  /** The offsets overlap, leave a hole, decrease, or do not match the shape. */
  | 'INVALID_OFFSETS'
  /** There are bytes after the data of the last tensor. */
  | 'TRAILING_DATA'
  /** A tensor or metadata entry cannot be written. */
  | 'INVALID_TENSOR'
  /** The file has no tensor of that name. */
  | 'TENSOR_NOT_FOUND'
  /** The index of a sharded model is malformed or does not match its shards. */
  | 'INVALID_INDEX'
  /** An argument or option has the wrong type, or an option does not exist. */
  | 'INVALID_ARGUMENT';

/**
 * The error class of this package.
 *
 * @example
 * if (error instanceof SafetensorsError && error.code === 'TRUNCATED') console.log(error.message);
 */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  readonly code: SafetensorsErrorCode;

  constructor(code: SafetensorsErrorCode, message: string, options?: ErrorOptions) {
    super(`[safetensors] ${message}`, options);
    this.code = code;
  }
}
