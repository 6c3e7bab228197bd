import {
  ArgumentError,
  checkOptions,
  concat,
  divide,
  full,
  is,
  mean,
  type OptionRules,
  select,
  ShapeError,
  sum,
  tensor,
  type Tensor,
  tidy,
} from '@timestep/core';
import { checkLengths, show } from '@timestep/core/extend';
import { expectSequence } from '../checks.ts';
import { maskSteps, type Lengths, type LengthsOption, stepMask } from '../lengths.ts';
import { Module } from '../module.ts';
import { lengthsRules } from '../options.ts';
import { unfold, windowCount, type Window } from '../unfold.ts';
import { largestOf } from './window-values.ts';

/** Options of {@link MaxPool1d}. */
export interface Pool1dOptions {
  /** K, in steps */
  readonly kernelSize: number;
  /** The kernel's size by default. */
  readonly stride?: number | undefined;
  /** Steps before and after the sequence, at most half the kernel's size; 0 by default. */
  readonly padding?: number | undefined;
}

/** Options of {@link AvgPool1d}. */
export interface AvgPool1dOptions extends Pool1dOptions {
  /** Divide by the kernel's size where a window reaches into the padding, as by default; otherwise by what it sees. */
  readonly countIncludePad?: boolean | undefined;
}

const rules: OptionRules<Pool1dOptions> = {
  kernelSize: is.size(),
  stride: is.optional(is.size()),
  padding: is.optional(is.size(0)),
};
const averageRules: OptionRules<AvgPool1dOptions> = { ...rules, countIncludePad: is.optional(is.boolean) };

/** The base of the pooling layers over windows of steps. */
abstract class Pool1d extends Module {
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: number;

  constructor(where: string, { kernelSize, stride = kernelSize, padding = 0 }: Pool1dOptions) {
    super();
    this.kernelSize = kernelSize;
    this.stride = stride;
    this.padding = padding;
    if (2 * padding > kernelSize)
      throw new ArgumentError(
        `[${where}] expected padding of at most half the kernelSize ${kernelSize}, got ${padding}`,
      );
  }

  /** Returns the lengths after the layer; 0 for a sequence shorter than the kernel. */
  outputLengths(lengths: Lengths): Int32Array {
    return Int32Array.from(lengths, (length) => (length === 0 ? 0 : this.#count(length)));
  }

  get #window(): Window {
    return { size: this.kernelSize, stride: this.stride, dilation: 1 };
  }

  #count(steps: number): number {
    return windowCount(steps + 2 * this.padding, this.#window);
  }

  /** Pools `[T', N, K, C]`, where `fill` is in every step that does not count, and hides what is past the lengths. */
  protected pooled(
    x: Tensor,
    options: LengthsOption,
    fill: number,
    pool: (windows: Tensor, lengths: Int32Array) => Tensor,
  ): Tensor {
    const where = this.typeName;
    expectSequence(where, x, null);
    checkOptions(where, options, lengthsRules);
    const [steps, batch, features] = x.shape as [number, number, number];
    const lengths = checkLengths(where, options.lengths, steps, batch);
    if (this.#count(steps) < 1)
      throw new ShapeError(
        `[${where}] a kernel of ${this.kernelSize} steps does not fit into x ${show(x.shape)} with padding ${this.padding}; pad x or drop sequences this short`,
      );
    const { backend } = x;
    return tidy(backend, () => {
      const shown = lengths ? select(stepMask(backend, lengths, steps), x, full(backend, [], fill)) : x;
      const around = this.padding > 0 ? [full(backend, [this.padding, batch, features], fill)] : [];
      const windows = unfold(concat([...around, shown, ...around]), this.#window);
      const y = pool(windows, lengths ?? new Int32Array(batch).fill(steps));
      return maskSteps(y, lengths && this.outputLengths(lengths));
    });
  }
}

/**
 * The largest value of each window of steps: x `[T, N, C]` → `[T', N, C]` with
 * T' = ⌊(T + 2·padding − kernelSize)/stride⌋ + 1, as `torch.nn.MaxPool1d`. Steps in the padding never win; of equal
 * values the first gets the gradient.
 *
 * With `lengths`, each sequence is pooled as if it were alone, and the output after its end is 0. `outputLengths`
 * returns the lengths after the layer.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const pool = new MaxPool1d({ kernelSize: 2 });
 * const y = pool.forward(x, { lengths }); // [T, N, 64] → [T/2, N, 64]
 * const lengthsAfter = pool.outputLengths(lengths);
 * ```
 */
export class MaxPool1d extends Pool1d {
  override get typeName(): string {
    return 'MaxPool1d';
  }

  constructor(options: Pool1dOptions) {
    checkOptions('MaxPool1d', options, rules);
    super('MaxPool1d', options);
  }

  /**
   * @param x `[T, N, C]`
   * @returns `[T', N, C]`
   * @throws ShapeError where x has another shape, or no window fits into T
   */
  forward(x: Tensor, options: LengthsOption = {}): Tensor {
    return this.pooled(x, options, -Infinity, (windows) => largestOf(windows, 2));
  }
}

/**
 * The mean of each window of steps: x `[T, N, C]` → `[T', N, C]`, T' and lengths as of {@link MaxPool1d}, as
 * `torch.nn.AvgPool1d`. Steps in the padding are zeros.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const y = new AvgPool1d({ kernelSize: 2 }).forward(x, { lengths }); // [T, N, 64] → [T/2, N, 64]
 * ```
 */
export class AvgPool1d extends Pool1d {
  readonly countIncludePad: boolean;

  override get typeName(): string {
    return 'AvgPool1d';
  }

  constructor(options: AvgPool1dOptions) {
    checkOptions('AvgPool1d', options, averageRules);
    super('AvgPool1d', options);
    this.countIncludePad = options.countIncludePad ?? true;
  }

  /**
   * @param x `[T, N, C]`
   * @returns `[T', N, C]`
   * @throws ShapeError where x has another shape, or no window fits into T
   */
  forward(x: Tensor, options: LengthsOption = {}): Tensor {
    return this.pooled(x, options, 0, (windows, lengths) => {
      if (this.countIncludePad || this.padding === 0) return mean(windows, 2);
      const [count, batch] = windows.shape as [number, number];
      const counts = Float32Array.from({ length: count * batch }, (_, index) => {
        const start = Math.floor(index / batch) * this.stride - this.padding;
        const seen = Math.min(lengths[index % batch]!, start + this.kernelSize) - Math.max(0, start);
        return Math.max(1, seen);
      });
      return divide(sum(windows, 2), tensor(x.backend, counts, { shape: [count, batch, 1] }));
    });
  }
}
