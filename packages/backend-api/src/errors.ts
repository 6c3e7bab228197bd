/** Every code that an error of Timestep may carry; stable, so that programs can act on it. */
export type ErrorCode =
  | 'SHAPE_MISMATCH'
  | 'DTYPE_MISMATCH'
  | 'INVALID_ARGUMENT'
  | 'INVALID_LENGTHS'
  | 'BACKEND_MISMATCH'
  | 'DISPOSED'
  | 'NO_GRADIENT'
  | 'UNSUPPORTED'
  | 'OUT_OF_MEMORY'
  | 'LIMIT_EXCEEDED'
  | 'NO_DEVICE'
  | 'DEVICE_LOST'
  | 'KERNEL_FAILED'
  | (string & {});

/**
 * The base of every error that Timestep throws. `code` is stable; `message` says what happened, what was expected and
 * how to mend it.
 */
export class TimestepError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** A shape that does not fit: `SHAPE_MISMATCH`. */
export class ShapeError extends TimestepError {
  constructor(message: string) {
    super('SHAPE_MISMATCH', message);
  }
}

/** An element type that does not fit: `DTYPE_MISMATCH`. */
export class DTypeError extends TimestepError {
  constructor(message: string) {
    super('DTYPE_MISMATCH', message);
  }
}

/** A value out of its range or of the wrong kind: `INVALID_ARGUMENT` unless a more telling code is given. */
export class ArgumentError extends TimestepError {
  constructor(message: string, code: ErrorCode = 'INVALID_ARGUMENT') {
    super(code, message);
  }
}

/** A tensor, buffer or backend that was used after it was disposed: `DISPOSED`. */
export class DisposedError extends TimestepError {
  constructor(message: string) {
    super('DISPOSED', message);
  }
}

/** Something that a backend cannot do, with its reason: `UNSUPPORTED`. */
export class UnsupportedError extends TimestepError {
  constructor(message: string) {
    super('UNSUPPORTED', message);
  }
}

/** An allocation that failed; `bytes` is the size asked for: `OUT_OF_MEMORY`. */
export class OutOfMemoryError extends TimestepError {
  readonly bytes: number;

  constructor(message: string, bytes: number) {
    super('OUT_OF_MEMORY', message);
    this.bytes = bytes;
  }
}

/** A device that is missing, lost or failing: `NO_DEVICE`, `DEVICE_LOST`, `KERNEL_FAILED` or `LIMIT_EXCEEDED`. */
export class DeviceError extends TimestepError {}
