import { DeviceError } from '@timestep/backend-api';

/**
 * C[m, n] = op(A)·B (+ C), row-major f32; the addresses are bytes in the engine's memory, the strides floats from row
 * to row.
 */
export type Multiply = (
  transposeA: number,
  m: number,
  n: number,
  k: number,
  a: number,
  aStride: number,
  b: number,
  bStride: number,
  accumulate: number,
  c: number,
  cStride: number,
) => void;

type CreateMultiply = (memory: WebAssembly.Memory, data: unknown) => Multiply;

/**
 * A library's products for the kernels of the recurrent layers, which every thread calls by itself, on its own core. A
 * function cannot be sent to a thread, so what is sent says where it comes from.
 */
export interface OutsideProduct {
  /** URL of a module that exports `createMultiply`, for the worker threads */
  readonly module: string;
  /** The same function, for the calling thread */
  readonly createMultiply: CreateMultiply;
  /** Its second argument: something that can be cloned */
  readonly data: unknown;
  /** Multiplications and additions of one step's recurrent product from which on the library is called */
  readonly threshold: number;
}

/** The import of the module if there is no library. No kernel calls it. */
export const noLibrary: Multiply = () => {
  throw new DeviceError(
    'KERNEL_FAILED',
    '[cpu] a kernel called a library that is not there; this is a bug of backend-cpu, please report it',
  );
};
