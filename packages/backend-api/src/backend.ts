import type { DType, HostArray, HostData } from './dtype.ts';
import type { FusedOps } from './fused/index.ts';
import type { Capabilities, DeviceBuffer, MemoryCounters } from './memory.ts';
import type { BinaryOp, ReduceOp, UnaryOp } from './ops.ts';
import type { StreamOp } from './stream.ts';

/**
 * The version of this contract. A new optional operation is a minor version of the package and does not change this
 * number.
 *
 * @example
 * ```ts
 * if (backend.specVersion !== specVersion) throw new Error('this backend was written for another version');
 * ```
 */
export const specVersion = 1;

/**
 * A buffer read or written through strides: element (i₀, i₁, …) is at `offset + Σ iₖ·strides[k]`. Strides are counted
 * in elements and may be 0 or negative.
 */
export interface StridedOperand {
  readonly buffer: DeviceBuffer;
  readonly strides: readonly number[];
  /** In elements; 0 by default. */
  readonly offset?: number;
}

/** Arguments of `reduce` and `argmax`: the input is `[outer, length, inner]`, the output `[outer, inner]`. */
export interface ReduceSpec {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
}

/**
 * Arguments of `gatherAxis` and `scatterAddAxis`: data `[outer, length, inner]`, index and values `[outer, count,
 * inner]`.
 */
export interface AxisSpec {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly count: number;
}

/**
 * Arguments of `matmul`: `out[p] = op(a[p])·op(b[p])`, with op(a) `[m, k]`, op(b) `[k, n]`, out `[m, n]`, all
 * row-major.
 */
export interface MatmulSpec {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Products in the batch, 1 for a plain one. */
  readonly batch: number;
  /** Elements from one batch entry of a to the next; 0 uses one matrix for all. */
  readonly aStride: number;
  readonly bStride: number;
  /** a is stored `[k, m]`. */
  readonly transposeA: boolean;
  /** b is stored `[n, k]`. */
  readonly transposeB: boolean;
  /** Add to what `out` holds instead of overwriting it. */
  readonly accumulate: boolean;
}

/**
 * The interface between `core` and a device. Before `core` calls a method, it has inferred every shape, broadcast the
 * operands and checked the arguments; a backend only computes.
 *
 * Unless a method says otherwise:
 * - it returns at once, and operations take effect in the order of the calls;
 * - an output may hold any values before the call and is overwritten completely;
 * - an output never shares memory with an input;
 * - an output or an operation of size 0 is legal and does nothing;
 * - an error that the device reports late rejects the next `read`, `readMany` or `sync`.
 */
export interface Backend {
  readonly specVersion: typeof specVersion;
  /** Short and stable: `cpu`, `native`, `webgpu`, `reference`. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The optional, fused operations of this backend. */
  readonly fused: FusedOps;
  /** Runs one sequence step by step without promises. Only for backends that compute in host memory. */
  readonly stream?: StreamOp;

  /** Submits all encoded operations to the device. Does nothing on a backend that runs operations at once. */
  flush(): void;
  /** Resolves when all submitted work is done. */
  sync(): Promise<void>;
  /** Frees all memory, ends threads and destroys the device. A second call does nothing. */
  dispose(): Promise<void>;
  /** `dispose()`, for `await using backend = await createCpuBackend()`. */
  [Symbol.asyncDispose](): Promise<void>;

  /**
   * Allocates a buffer of `length` elements. Its contents are undefined.
   *
   * @throws OutOfMemoryError with the size in bytes
   */
  alloc(dtype: DType, length: number): DeviceBuffer;
  /** Frees a buffer. After `dispose`, which has freed all buffers, it does nothing. */
  free(buffer: DeviceBuffer): void;
  /** Copies `data` into the buffer; the caller may change it afterwards. `data.length` equals `buffer.length`. */
  write(buffer: DeviceBuffer, data: HostData): void;
  /** Returns a copy of the contents as the dtype's typed array (the reference backend: Float64Array for f32). */
  read(buffer: DeviceBuffer): Promise<HostArray>;
  /** Reads several buffers in one transaction. */
  readMany(buffers: readonly DeviceBuffer[]): Promise<HostArray[]>;
  /** Returns the current memory counters. */
  memory(): MemoryCounters;
  /**
   * Returns the contents without a copy. Only for backends that compute in host memory. The view is valid until the
   * buffer is freed or another one is allocated.
   */
  hostView?(buffer: DeviceBuffer): HostArray;

  /** Sets every element to `value`. */
  fill(out: DeviceBuffer, value: number): void;
  /**
   * Converts the element type. f32 to an integer truncates towards 0. The result is undefined for a value that the
   * target cannot hold.
   */
  cast(input: DeviceBuffer, out: DeviceBuffer): void;
  /**
   * `out(i) = input(i)` for every index i of `shape`, both strided. Elements of `out` that are not addressed keep their
   * values.
   */
  copy(input: StridedOperand, out: StridedOperand, shape: readonly number[]): void;
  /**
   * `out[n, :] = table[index[n], :]`, table `[rows, columns]`, index i32 `[count]`.
   *
   * This method and the next three read indices that `core` cannot check, because they are on the device. For an index
   * out of range, a backend never reads or writes outside the buffers: a gather gives 0, a scatter adds nothing, and
   * all other elements are computed as usual. Then it throws the error of `indexError`: at once if it computes in host
   * memory, otherwise from the next `read`, `readMany` or `sync`.
   */
  gatherRows(table: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, columns: number): void;
  /** `out[index[n], :] += values[n, :]`, always in the same order, so that every run gives the same bits. */
  scatterAddRows(values: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, columns: number): void;
  /** `out[o, c, i] = input[o, index[o, c, i], i]`. */
  gatherAxis(input: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, spec: AxisSpec): void;
  /**
   * `out[o, index[o, c, i], i] += values[o, c, i]`, always in the same order, so that every run gives the same bits.
   */
  scatterAddAxis(values: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, spec: AxisSpec): void;

  /** Applies `op` to each element. Some ops use `alpha` and `beta`, see `unaryOps`. `out` may be `input`. */
  unary(op: UnaryOp, input: DeviceBuffer, out: DeviceBuffer, alpha: number, beta: number): void;
  /**
   * Applies `op` to pairs of elements. `out` is contiguous with shape `shape`. An operand is broadcast by strides of 0.
   * `out` may be an operand of the same layout.
   */
  binary(op: BinaryOp, a: StridedOperand, b: StridedOperand, out: DeviceBuffer, shape: readonly number[]): void;
  /** `out = condition ≠ 0 ? a : b`, condition u32. A NaN in the value that is not chosen has no effect. */
  select(
    condition: StridedOperand,
    a: StridedOperand,
    b: StridedOperand,
    out: DeviceBuffer,
    shape: readonly number[],
  ): void;

  /** Reduces the middle axis, see `reduceOps`. */
  reduce(op: ReduceOp, input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void;
  /** Returns the first index of the largest value, i32; NaN counts as the largest. `length` is at least 1. */
  argmax(input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void;

  /** Multiplies matrices, or batches of them. */
  matmul(a: DeviceBuffer, b: DeviceBuffer, out: DeviceBuffer, spec: MatmulSpec): void;

  /**
   * Threefry-2x32 with 20 rounds (Salmon et al. 2011): block i encrypts the 64-bit counter `counter + i` (low word
   * first) under `key` and fills `out[2i]` and `out[2i + 1]`; an odd last element takes the first word. Bit-exact on
   * every backend. `counter` is an integer in [0, 2⁵³).
   */
  randomBits(out: DeviceBuffer, key: readonly [number, number], counter: number): void;
}
