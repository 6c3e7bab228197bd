import type { DType, HostArray, HostData } from './dtype.ts';
import type { FusedOps } from './fused/index.ts';
import type { Capabilities, DeviceBuffer, MemoryCounters } from './memory.ts';
import type { BinaryOp, ReduceOp, UnaryOp } from './ops.ts';
import type { StreamOp } from './stream.ts';

/** The version of this contract. An added optional op is a minor version of the package and leaves this number. */
export const specVersion = 1;

/**
 * A buffer seen through strides: element (i₀, i₁, …) stands at `offset + Σ iₖ·strides[k]`. Strides may be 0 or
 * negative.
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
 * A backend: what `core` asks of a device. `core` has inferred every shape, broadcast and checked every argument
 * before it calls; a backend computes. Unless a method says otherwise it returns at once, its work is done in call
 * order, outputs may hold anything before the call, are overwritten whole, and never alias an input. An output or an
 * operation of size 0 is legal and does nothing. An error that the device reports late rejects the next `read`,
 * `readMany` or `sync`.
 */
export interface Backend {
  readonly specVersion: typeof specVersion;
  /** Short and stable: `cpu`, `native`, `webgpu`, `reference`. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The optional, fused operations that this backend has. */
  readonly fused: FusedOps;
  /** Steps of one sequence without a promise between them; only where memory is the host's. */
  readonly stream?: StreamOp;

  /** Hands everything encoded so far to the device; nothing to do where operations run at once. */
  flush(): void;
  /** Resolves when all work handed in is done. */
  sync(): Promise<void>;
  /** Frees everything, ends threads, destroys the device. Calling it twice does no harm. */
  dispose(): Promise<void>;
  /** `dispose()`, for `await using backend = await createCpuBackend()`. */
  [Symbol.asyncDispose](): Promise<void>;

  /** Throws an OutOfMemoryError that names the size. The contents are undefined. */
  alloc(dtype: DType, length: number): DeviceBuffer;
  /** Does nothing after `dispose`, which has freed everything. */
  free(buffer: DeviceBuffer): void;
  /** Copies `data` in; the caller may change it afterwards. `data.length` equals `buffer.length`. */
  write(buffer: DeviceBuffer, data: HostData): void;
  /** A copy of the contents, in the dtype's typed array (the reference backend: Float64Array for f32). */
  read(buffer: DeviceBuffer): Promise<HostArray>;
  /** Several buffers in one transaction. */
  readMany(buffers: readonly DeviceBuffer[]): Promise<HostArray[]>;
  memory(): MemoryCounters;
  /** Where memory is the host's: the contents in place, valid until the buffer is freed or another one is allocated. */
  hostView?(buffer: DeviceBuffer): HostArray;

  fill(out: DeviceBuffer, value: number): void;
  /** f32 → integer truncates towards 0. Values that the target cannot hold are undefined. */
  cast(input: DeviceBuffer, out: DeviceBuffer): void;
  /**
   * `out(i) = input(i)` for every index i of `shape`, both strided; elements of `out` that no index meets keep their
   * value.
   */
  copy(input: StridedOperand, out: StridedOperand, shape: readonly number[]): void;
  /**
   * `out[n, :] = table[index[n], :]`, table `[rows, columns]`, index i32 `[count]`.
   *
   * This and the next three read indices that nobody could check before. Where one is out of range nothing outside of
   * the buffers is read or written: a gather gives 0 there and a scatter adds nothing, the other elements are as usual,
   * and the error of `indexError` is thrown after that: at once where memory is the host's, else by the next `read`,
   * `readMany` or `sync`.
   */
  gatherRows(table: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, columns: number): void;
  /** `out[index[n], :] += values[n, :]`, in an order that does not vary from run to run. */
  scatterAddRows(values: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, columns: number): void;
  /** `out[o, c, i] = input[o, index[o, c, i], i]`. */
  gatherAxis(input: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, spec: AxisSpec): void;
  /** `out[o, index[o, c, i], i] += values[o, c, i]`, in an order that does not vary from run to run. */
  scatterAddAxis(values: DeviceBuffer, index: DeviceBuffer, out: DeviceBuffer, spec: AxisSpec): void;

  /** Elementwise; `alpha` and `beta` are used by the ops of the table that name them. `out` may be `input`. */
  unary(op: UnaryOp, input: DeviceBuffer, out: DeviceBuffer, alpha: number, beta: number): void;
  /**
   * `out` is contiguous of `shape`; an operand is broadcast by strides of 0. `out` may be an operand of the same
   * layout.
   */
  binary(op: BinaryOp, a: StridedOperand, b: StridedOperand, out: DeviceBuffer, shape: readonly number[]): void;
  /** `out = condition ≠ 0 ? a : b`, condition u32. The value not chosen is never computed with. */
  select(
    condition: StridedOperand,
    a: StridedOperand,
    b: StridedOperand,
    out: DeviceBuffer,
    shape: readonly number[],
  ): void;

  reduce(op: ReduceOp, input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void;
  /** The first index of the largest value, i32; a NaN counts as the largest. `length` ≥ 1. */
  argmax(input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void;

  matmul(a: DeviceBuffer, b: DeviceBuffer, out: DeviceBuffer, spec: MatmulSpec): void;

  /**
   * Threefry-2x32 with 20 rounds (Salmon et al. 2011): block i encrypts the 64-bit counter `counter + i` (low word
   * first) under `key` and fills `out[2i]` and `out[2i + 1]`; an odd last element takes the first word. Bit-exact on
   * every backend. `counter` is an integer in [0, 2⁵³).
   */
  randomBits(out: DeviceBuffer, key: readonly [number, number], counter: number): void;
}
