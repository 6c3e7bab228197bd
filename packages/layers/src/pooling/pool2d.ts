import {
  ArgumentError,
  checkOptions,
  divide,
  is,
  mean,
  type OptionRules,
  reshape,
  sum,
  tensor,
  type Tensor,
  tidy,
} from '@timestep/core';
import { show } from '@timestep/core/extend';
import { expectImages } from '../checks.ts';
import { both, type Pair, pairRule } from '../image/pair.ts';
import { imageAfter, type ImageAxis, type ImageWindows, unfoldImage } from '../image/unfold-image.ts';
import { Module } from '../module.ts';
import { largestOf } from './window-values.ts';

/** Options of {@link MaxPool2d}. A pair is one number for both axes, or `[height, width]`. */
export interface Pool2dOptions {
  readonly kernelSize: Pair;
  /** The kernel's size by default. */
  readonly stride?: Pair | undefined;
  /** Places on each side of the image, at most half the kernel's size; 0 by default. */
  readonly padding?: Pair | undefined;
}

/** Options of {@link AvgPool2d}. */
export interface AvgPool2dOptions extends Pool2dOptions {
  /** Divide by the kernel's size where a window reaches into the padding, as by default; otherwise by what it sees. */
  readonly countIncludePad?: boolean | undefined;
}

const rules: OptionRules<Pool2dOptions> = {
  kernelSize: pairRule(1),
  stride: is.optional(pairRule(1)),
  padding: is.optional(pairRule(0)),
};
const averageRules: OptionRules<AvgPool2dOptions> = { ...rules, countIncludePad: is.optional(is.boolean) };

/** The base of the pooling layers over windows of images. */
abstract class Pool2d extends Module {
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];

  constructor(where: string, { kernelSize, stride = kernelSize, padding = 0 }: Pool2dOptions) {
    super();
    this.kernelSize = both(kernelSize);
    this.stride = both(stride);
    this.padding = both(padding);
    if (this.padding.some((places, k) => 2 * places > this.kernelSize[k]!))
      throw new ArgumentError(
        `[${where}] expected padding of at most half the kernelSize ${show(this.kernelSize)}, got ${show(this.padding)}`,
      );
  }

  protected get windows(): ImageWindows {
    const axis = (k: 0 | 1): ImageAxis => ({
      size: this.kernelSize[k],
      stride: this.stride[k],
      dilation: 1,
      padding: [this.padding[k], this.padding[k]],
    });
    return [axis(0), axis(1)];
  }

  /** Brings x to `[N, C, K, places]`, K the places of a window, and what `pool` makes of it back. */
  protected pooled(
    x: Tensor,
    fill: number,
    pool: (values: Tensor, image: readonly [number, number]) => Tensor,
  ): Tensor {
    const image = expectImages(this.typeName, x);
    const size = imageAfter(this.typeName, image, this.windows);
    const lead = x.shape.slice(0, -2);
    return tidy(x.backend, () => {
      const views = unfoldImage(reshape(x, [1, lead.reduce((a, b) => a * b, 1), ...image]), this.windows, fill);
      const places = size[0] * size[1];
      const kernel = this.kernelSize[0] * this.kernelSize[1];
      return reshape(pool(reshape(views, [views.shape[1]!, kernel, places]), image), [...lead, ...size]);
    });
  }
}

/**
 * The largest value of each window of an image: x `[…, C, H, W]` → `[…, C, H', W']` with
 * H' = ⌊(H + 2·padding − kernelSize)/stride⌋ + 1, as `torch.nn.MaxPool2d`. Places in the padding never win; of equal
 * values the first gets the gradient.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const y = new MaxPool2d({ kernelSize: 2 }).forward(x); // [N, 16, 32, 32] → [N, 16, 16, 16]
 * ```
 */
export class MaxPool2d extends Pool2d {
  override get typeName(): string {
    return 'MaxPool2d';
  }

  constructor(options: Pool2dOptions) {
    checkOptions('MaxPool2d', options, rules);
    super('MaxPool2d', options);
  }

  /**
   * @param x `[…, C, H, W]`
   * @returns `[…, C, H', W']`
   * @throws ShapeError where x has another shape, or no window fits into the image
   */
  forward(x: Tensor): Tensor {
    return this.pooled(x, -Infinity, (views) => largestOf(views, 1));
  }
}

/**
 * The mean of each window of an image: x `[…, C, H, W]` → `[…, C, H', W']`, sizes as of {@link MaxPool2d}, as
 * `torch.nn.AvgPool2d`. Places in the padding are zeros.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const y = new AvgPool2d({ kernelSize: 2 }).forward(x); // [N, 16, 32, 32] → [N, 16, 16, 16]
 * ```
 */
export class AvgPool2d extends Pool2d {
  readonly countIncludePad: boolean;

  override get typeName(): string {
    return 'AvgPool2d';
  }

  constructor(options: AvgPool2dOptions) {
    checkOptions('AvgPool2d', options, averageRules);
    super('AvgPool2d', options);
    this.countIncludePad = options.countIncludePad ?? true;
  }

  /**
   * @param x `[…, C, H, W]`
   * @returns `[…, C, H', W']`
   * @throws ShapeError where x has another shape, or no window fits into the image
   */
  forward(x: Tensor): Tensor {
    return this.pooled(x, 0, (views, image) => {
      if (this.countIncludePad || this.padding.every((places) => places === 0)) return mean(views, 1);
      const [rows, columns] = this.windows.map((axis, k) => placesSeen(image[k]!, axis));
      const counts = Float32Array.from(rows!.flatMap((one) => columns!.map((other) => one * other)));
      return divide(sum(views, 1), tensor(x.backend, counts));
    });
  }
}

/** How many places of the image each window along an axis sees. */
function placesSeen(length: number, axis: ImageAxis): number[] {
  const count = Math.floor((length + axis.padding[0] + axis.padding[1] - axis.size) / axis.stride) + 1;
  return Array.from({ length: count }, (_, window) => {
    const start = window * axis.stride - axis.padding[0];
    return Math.min(length, start + axis.size) - Math.max(0, start);
  });
}
