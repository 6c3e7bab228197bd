import {
  ArgumentError,
  checkOptions,
  concat,
  type FusedMode,
  type Initializer,
  is,
  kaimingUniform,
  linear,
  type OptionRules,
  reshape,
  ShapeError,
  type Tensor,
  tidy,
  transpose,
  uniform,
  zeros,
} from '@timestep/core';
import { checkLengths } from '@timestep/core/extend';
import { expectSequence } from './checks.ts';
import { maskSteps, type Lengths, type LengthsOption } from './lengths.ts';
import { Module } from './module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh, initializerRule, lengthsRules } from './options.ts';
import { Parameter } from './parameter.ts';
import { unfold, windowCount, type Window } from './unfold.ts';

/** Options of {@link Conv1d}. */
export interface Conv1dOptions extends FusedLayerOptions {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly kernelSize: number;
  /** 1 by default. */
  readonly stride?: number | undefined;
  /** Zeros before and after the sequence; `same` keeps T, with stride 1. 0 by default. */
  readonly padding?: number | 'same' | undefined;
  /** 1 by default. */
  readonly dilation?: number | undefined;
  /** True by default. */
  readonly bias?: boolean | undefined;
  /** Draws the weight; PyTorch's uniform ±1/√(inputSize·kernelSize) by default. */
  readonly initializer?: Initializer | undefined;
}

const rules: OptionRules<Conv1dOptions> = {
  ...fusedLayerRules,
  inputSize: is.size(),
  outputSize: is.size(),
  kernelSize: is.size(),
  stride: is.optional(is.size()),
  padding: is.optional(is.anyOf(is.size(0), is.oneOf('same'))),
  dilation: is.optional(is.size()),
  bias: is.optional(is.boolean),
  initializer: initializerRule,
};

/**
 * A convolution over time: x `[T, N, inputSize]` → `[T', N, outputSize]` with
 * T' = ⌊(T + padding before and after − dilation·(kernelSize − 1) − 1)/stride⌋ + 1 and
 * y[t] = b + Σₖ W[:, :, k] x[t·stride + k·dilation − padding]. Parameters: `weight [outputSize, inputSize,
 * kernelSize]`, `bias [outputSize]`.
 *
 * With `lengths`, steps after the end of a sequence are read as zeros, and the output is 0 there. `outputLengths`
 * returns the lengths after the layer.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const convolution = new Conv1d({ backend, inputSize: 40, outputSize: 64, kernelSize: 3, stride: 2 });
 * const y = convolution.forward(x, { lengths }); // x: [T, N, 40]
 * const lengthsAfter = convolution.outputLengths(lengths);
 * ```
 */
export class Conv1d extends Module {
  readonly inputSize: number;
  readonly outputSize: number;
  readonly kernelSize: number;
  readonly stride: number;
  readonly dilation: number;
  /** Zeros before and after. */
  readonly padding: readonly [number, number];
  weight: Parameter;
  bias: Parameter | null;
  readonly #fused: FusedMode | undefined;

  override get typeName(): string {
    return 'Conv1d';
  }

  constructor(options: Conv1dOptions) {
    super();
    checkOptions('Conv1d', options, rules);
    const { backend, initializer = kaimingUniform(Math.sqrt(5)) } = options;
    this.inputSize = options.inputSize;
    this.outputSize = options.outputSize;
    this.kernelSize = options.kernelSize;
    this.stride = options.stride ?? 1;
    this.dilation = options.dilation ?? 1;
    this.padding = this.#paddingOf(options.padding ?? 0);
    this.#fused = options.fused;
    const generator = generatorOrFresh(options.generator);
    const shape = [this.outputSize, this.inputSize, this.kernelSize];
    this.weight = Parameter.draw(backend, shape, initializer, generator);
    const bound = 1 / Math.sqrt(this.inputSize * this.kernelSize);
    this.bias =
      (options.bias ?? true) ? Parameter.draw(backend, [this.outputSize], uniform(-bound, bound), generator) : null;
  }

  #paddingOf(padding: number | 'same'): readonly [number, number] {
    if (padding !== 'same') return [padding, padding];
    if (this.stride !== 1)
      throw new ArgumentError(
        `[Conv1d] padding: 'same' needs stride 1, got ${this.stride}; pass the padding as a number`,
      );
    const total = this.dilation * (this.kernelSize - 1);
    // PyTorch's choice where the total is odd: the extra zero comes last.
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  }

  /** Returns the lengths after the layer; 0 for a sequence shorter than the kernel. */
  outputLengths(lengths: Lengths): Int32Array {
    return Int32Array.from(lengths, (length) => (length === 0 ? 0 : this.#count(length)));
  }

  /**
   * @param x `[T, N, inputSize]`
   * @throws ShapeError where x has another shape, or no window fits into T
   */
  forward(x: Tensor, options: LengthsOption = {}): Tensor {
    expectSequence('Conv1d', x, this.inputSize);
    checkOptions('Conv1d', options, lengthsRules);
    const [steps, batch] = x.shape as [number, number];
    const lengths = checkLengths('Conv1d', options.lengths, steps, batch);
    if (this.#count(steps) < 1) {
      throw new ShapeError(
        `[Conv1d] a kernel of ${this.kernelSize} steps (dilation ${this.dilation}) does not fit into x [${x.shape.join(', ')}] with padding ${this.padding[0]} and ${this.padding[1]}; pad x or drop sequences this short`,
      );
    }
    return tidy(x.backend, () => {
      const windows = unfold(this.#padded(maskSteps(x, lengths)), this.#window);
      const width = this.kernelSize * this.inputSize;
      const weight = reshape(transpose(this.weight, [0, 2, 1]), [this.outputSize, width]);
      const y = linear(reshape(windows, [windows.shape[0]!, batch, width]), weight, this.bias, { fused: this.#fused });
      return maskSteps(y, lengths && this.outputLengths(lengths));
    });
  }

  get #window(): Window {
    return { size: this.kernelSize, stride: this.stride, dilation: this.dilation };
  }

  #count(steps: number): number {
    return windowCount(steps + this.padding[0] + this.padding[1], this.#window);
  }

  #padded(x: Tensor): Tensor {
    const [before, after] = this.padding;
    const [, batch, features] = x.shape as [number, number, number];
    const parts = [before, after].map((steps) => (steps > 0 ? [zeros(x.backend, [steps, batch, features])] : []));
    return before + after === 0 ? x : concat([...parts[0]!, x, ...parts[1]!]);
  }
}
