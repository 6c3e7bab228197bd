/** The codes of Timestep's errors. They are stable, so that programs can act on them. */
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
 * The base class of Timestep's errors. `code` is stable; `message` says what happened, what was expected and how to fix
 * it.
 *
 * A subclass sets `name` to a string constant: a minifier renames classes, and messages must not change with it.
 *
 * @example
 * ```ts
 * try {
 *   backend.alloc('f32', 2 ** 40);
 * } catch (error) {
 *   if (error instanceof TimestepError && error.code === 'OUT_OF_MEMORY') console.log('too large');
 * }
 * ```
 */
export class TimestepError extends Error {
  override readonly name: string = 'TimestepError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A shape does not fit: `SHAPE_MISMATCH`.
 *
 * @example
 * ```ts
 * throw new ShapeError('[matmul] expected b of shape [3, …], got [4, 2]');
 * ```
 */
export class ShapeError extends TimestepError {
  override readonly name: string = 'ShapeError';

  constructor(message: string) {
    super('SHAPE_MISMATCH', message);
  }
}

/**
 * An element type does not fit: `DTYPE_MISMATCH`.
 *
 * @example
 * ```ts
 * throw new DTypeError('[exp] expected f32, got i32; convert it with cast');
 * ```
 */
export class DTypeError extends TimestepError {
  override readonly name: string = 'DTypeError';

  constructor(message: string) {
    super('DTYPE_MISMATCH', message);
  }
}

/**
 * An argument is out of range or of the wrong type: `INVALID_ARGUMENT`, or a more specific code.
 *
 * @example
 * ```ts
 * throw new ArgumentError('[dropout] expected p to be a probability in 0…1, got 2');
 * ```
 */
export class ArgumentError extends TimestepError {
  override readonly name: string = 'ArgumentError';

  constructor(message: string, code: ErrorCode = 'INVALID_ARGUMENT') {
    super(code, message);
  }
}

/**
 * A tensor, buffer or backend was used after it was disposed: `DISPOSED`.
 *
 * @example
 * ```ts
 * throw new DisposedError('[cpu] this buffer was freed');
 * ```
 */
export class DisposedError extends TimestepError {
  override readonly name: string = 'DisposedError';

  constructor(message: string) {
    super('DISPOSED', message);
  }
}

/**
 * A backend does not support something; the message gives the reason: `UNSUPPORTED`.
 *
 * @example
 * ```ts
 * throw new UnsupportedError("[lstmSequence] fused: 'require' was asked for, but the backend has no lstmSequence");
 * ```
 */
export class UnsupportedError extends TimestepError {
  override readonly name: string = 'UnsupportedError';

  constructor(message: string) {
    super('UNSUPPORTED', message);
  }
}

/**
 * An allocation failed; `bytes` is the requested size: `OUT_OF_MEMORY`.
 *
 * @example
 * ```ts
 * throw new OutOfMemoryError('[cpu] cannot allocate 8 GiB; the limit is 4 GiB', 2 ** 33);
 * ```
 */
export class OutOfMemoryError extends TimestepError {
  override readonly name: string = 'OutOfMemoryError';
  readonly bytes: number;

  constructor(message: string, bytes: number) {
    super('OUT_OF_MEMORY', message);
    this.bytes = bytes;
  }
}

/**
 * A device is missing, lost or failing: `NO_DEVICE`, `DEVICE_LOST`, `KERNEL_FAILED` or `LIMIT_EXCEEDED`.
 *
 * @example
 * ```ts
 * throw new DeviceError('NO_DEVICE', '[webgpu] found no adapter; use backend-cpu');
 * ```
 */
export class DeviceError extends TimestepError {
  override readonly name: string = 'DeviceError';
}
