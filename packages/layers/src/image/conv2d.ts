import {
  add,
  ArgumentError,
  checkOptions,
  type Initializer,
  is,
  kaimingUniform,
  matmul,
  type OptionRules,
  reshape,
  type Tensor,
  tidy,
  uniform,
} from '@timestep/core';
import { expectImages } from '../checks.ts';
import { Module } from '../module.ts';
import { generatorOrFresh, initializerRule, type LayerOptions, layerRules } from '../options.ts';
import { Parameter } from '../parameter.ts';
import { both, type Pair, pairRule } from './pair.ts';
import { imageAfter, type ImageAxis, type ImageWindows, unfoldImage } from './unfold-image.ts';

/** Options of {@link Conv2d}. A pair is one number for both axes, or `[height, width]`. */
export interface Conv2dOptions extends LayerOptions {
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly kernelSize: Pair;
  /** 1 by default. */
  readonly stride?: Pair | undefined;
  /** Zeros on each side of the image; `same` keeps its size, with stride 1. 0 by default. */
  readonly padding?: Pair | 'same' | undefined;
  /** 1 by default. */
  readonly dilation?: Pair | undefined;
  /** The number of groups that the channels are split into; a group does not see the others. 1 by default. */
  readonly groups?: number | undefined;
  /** True by default. */
  readonly bias?: boolean | undefined;
  /** Draws the weight; PyTorch's uniform ±1/√(inputs of one output) by default. */
  readonly initializer?: Initializer | undefined;
}

const rules: OptionRules<Conv2dOptions> = {
  ...layerRules,
  inputChannels: is.size(),
  outputChannels: is.size(),
  kernelSize: pairRule(1),
  stride: is.optional(pairRule(1)),
  padding: is.optional(is.anyOf(pairRule(0), is.oneOf('same'))),
  dilation: is.optional(pairRule(1)),
  groups: is.optional(is.size()),
  bias: is.optional(is.boolean),
  initializer: initializerRule,
};

/**
 * A convolution over images: x `[…, C, H, W]` → `[…, F, H', W']` with
 * H' = ⌊(H + 2·padding − dilation·(kernelSize − 1) − 1)/stride⌋ + 1, W' alike, and
 * y[f, p, q] = b[f] + Σ W[f, c, i, j] x[c, p·stride + i·dilation − padding, q·stride + j·dilation − padding], as
 * `torch.nn.Conv2d`. Axes before the channels are kept: frames of a video are `[T, N, C, H, W]`. Parameters:
 * `weight [F, C/groups, KH, KW]`, `bias [F]`.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const convolution = new Conv2d({ backend, inputChannels: 3, outputChannels: 16, kernelSize: 3, padding: 'same' });
 * const y = convolution.forward(images); // [N, 3, 32, 32] → [N, 16, 32, 32]
 * ```
 */
export class Conv2d extends Module {
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly kernelSize: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Zeros before and after the rows, and before and after the columns. */
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  readonly groups: number;
  weight: Parameter;
  bias: Parameter | null;

  override get typeName(): string {
    return 'Conv2d';
  }

  constructor(options: Conv2dOptions) {
    super();
    checkOptions('Conv2d', options, rules);
    const { backend, initializer = kaimingUniform(Math.sqrt(5)) } = options;
    this.inputChannels = options.inputChannels;
    this.outputChannels = options.outputChannels;
    this.kernelSize = both(options.kernelSize);
    this.stride = both(options.stride ?? 1);
    this.dilation = both(options.dilation ?? 1);
    this.groups = options.groups ?? 1;
    if (this.inputChannels % this.groups !== 0 || this.outputChannels % this.groups !== 0)
      throw new ArgumentError(
        `[Conv2d] expected inputChannels and outputChannels to be multiples of groups ${this.groups}, got ${this.inputChannels} and ${this.outputChannels}`,
      );
    this.padding = this.#paddingOf(options.padding ?? 0);
    const generator = generatorOrFresh(options.generator);
    const shape = [this.outputChannels, this.inputChannels / this.groups, ...this.kernelSize];
    this.weight = Parameter.draw(backend, shape, initializer, generator);
    const bound = 1 / Math.sqrt(shape[1]! * shape[2]! * shape[3]!);
    this.bias =
      (options.bias ?? true) ? Parameter.draw(backend, [this.outputChannels], uniform(-bound, bound), generator) : null;
  }

  #paddingOf(padding: Pair | 'same'): Conv2d['padding'] {
    if (padding !== 'same') {
      const [rows, columns] = both(padding);
      return [
        [rows, rows],
        [columns, columns],
      ];
    }
    if (this.stride[0] !== 1 || this.stride[1] !== 1)
      throw new ArgumentError(
        `[Conv2d] padding: 'same' needs stride 1, got ${this.stride.join(', ')}; pass the padding as a number`,
      );
    const split = (axis: 0 | 1): readonly [number, number] => {
      const total = this.dilation[axis] * (this.kernelSize[axis] - 1);
      // PyTorch's choice where the total is odd: the extra zero comes last.
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    };
    return [split(0), split(1)];
  }

  get #windows(): ImageWindows {
    const axis = (k: 0 | 1): ImageAxis => ({
      size: this.kernelSize[k],
      stride: this.stride[k],
      dilation: this.dilation[k],
      padding: this.padding[k],
    });
    return [axis(0), axis(1)];
  }

  /**
   * @param x `[…, C, H, W]`
   * @returns `[…, F, H', W']`
   * @throws ShapeError where x has another shape, or no window fits into the image
   */
  forward(x: Tensor): Tensor {
    const [height, width] = expectImages('Conv2d', x, this.inputChannels);
    const size = imageAfter('Conv2d', [height, width], this.#windows);
    const lead = x.shape.slice(0, -3);
    const { groups, inputChannels, outputChannels, kernelSize } = this;
    const own = (inputChannels / groups) * kernelSize[0] * kernelSize[1];
    const places = size[0] * size[1];
    return tidy(x.backend, () => {
      const windows = unfoldImage(
        reshape(x, [lead.reduce((a, b) => a * b, 1), inputChannels, height, width]),
        this.#windows,
      );
      const batch = windows.shape[0]!;
      const columns = reshape(windows, groups === 1 ? [batch, own, places] : [batch, groups, own, places]);
      const filters = [outputChannels / groups, own];
      const weight = reshape(this.weight, groups === 1 ? filters : [groups, ...filters]);
      const y = reshape(matmul(weight, columns), [batch, outputChannels, places]);
      const biased = this.bias ? add(y, reshape(this.bias, [outputChannels, 1])) : y;
      return reshape(biased, [...lead, outputChannels, ...size]);
    });
  }
}
