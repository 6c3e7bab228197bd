/** What is wrong with a file, an index or a tensor to be written; stable, so that programs can act on it. */
export type SafetensorsErrorCode =
  /** The file ends before its header or its data does. */
  | 'TRUNCATED'
  /** The header's length is over the limit of 100 MB. */
  | 'HEADER_TOO_LARGE'
  /** The header is no UTF-8. */
  | 'INVALID_UTF8'
  /** The header is no JSON of the form that the format prescribes. */
  | 'INVALID_HEADER'
  /** A name or a field occurs twice. */
  | 'DUPLICATE_KEY'
  /** An element type that this package does not know. */
  | 'UNKNOWN_DTYPE'
  /** A shape that is no list of integers ≥ 0, or too large. */
  | 'INVALID_SHAPE'
  /** Offsets that overlap, leave a hole, run backwards, or do not fit the shape. */
  | 'INVALID_OFFSETS'
  /** The file goes on after the last tensor's data. */
  | 'TRAILING_DATA'
  /** A tensor or metadata entry that cannot be written. */
  | 'INVALID_TENSOR'
  /** No tensor of that name. */
  | 'TENSOR_NOT_FOUND'
  /** The index of a sharded model is malformed or disagrees with its shards. */
  | 'INVALID_INDEX'
  /** An argument or an option of the wrong type, or an option that does not exist. */
  | 'INVALID_ARGUMENT';

/** The error that everything in this package throws. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  readonly code: SafetensorsErrorCode;

  constructor(code: SafetensorsErrorCode, message: string, options?: ErrorOptions) {
    super(`[safetensors] ${message}`, options);
    this.code = code;
  }
}
