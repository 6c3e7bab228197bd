import { checkOptions, max, mean, type Tensor, tidy } from '@timestep/core';
import { checkLengths } from '@timestep/core/extend';
import { expectImages, expectSequence } from '../checks.ts';
import type { LengthsOption } from '../lengths.ts';
import { Module } from '../module.ts';
import { lengthsRules } from '../options.ts';
import { maxOverSteps, meanOverSteps } from './over-steps.ts';

/**
 * The largest value of each feature over the valid steps: x `[T, N, C]` → `[N, C]`. A sequence of no steps gives 0.
 * Equal largest values share the gradient.
 *
 * @example
 * ```ts
 * const y = new GlobalMaxPool1d().forward(x, { lengths }); // [T, N, 64] → [N, 64]
 * ```
 */
export class GlobalMaxPool1d extends Module {
  override get typeName(): string {
    return 'GlobalMaxPool1d';
  }

  /**
   * @param x `[T, N, C]`
   * @returns `[N, C]`
   * @throws ShapeError where x has another shape
   */
  forward(x: Tensor, options: LengthsOption = {}): Tensor {
    return overSteps('GlobalMaxPool1d', x, options, maxOverSteps);
  }
}

/**
 * The mean of each feature over the valid steps: x `[T, N, C]` → `[N, C]`. A sequence of no steps gives 0.
 *
 * @example
 * ```ts
 * const y = new GlobalAvgPool1d().forward(x, { lengths }); // [T, N, 64] → [N, 64]
 * ```
 */
export class GlobalAvgPool1d extends Module {
  override get typeName(): string {
    return 'GlobalAvgPool1d';
  }

  /**
   * @param x `[T, N, C]`
   * @returns `[N, C]`
   * @throws ShapeError where x has another shape
   */
  forward(x: Tensor, options: LengthsOption = {}): Tensor {
    return overSteps('GlobalAvgPool1d', x, options, meanOverSteps);
  }
}

/**
 * The largest value of each channel over an image: x `[…, C, H, W]` → `[…, C]`, as `torch.nn.AdaptiveMaxPool2d(1)`.
 * Equal largest values share the gradient.
 *
 * @example
 * ```ts
 * const y = new GlobalMaxPool2d().forward(x); // [N, 64, 8, 8] → [N, 64]
 * ```
 */
export class GlobalMaxPool2d extends Module {
  override get typeName(): string {
    return 'GlobalMaxPool2d';
  }

  /**
   * @param x `[…, C, H, W]`
   * @returns `[…, C]`
   * @throws ShapeError where x has fewer axes
   */
  forward(x: Tensor): Tensor {
    expectImages('GlobalMaxPool2d', x);
    return max(x, [-2, -1]);
  }
}

/**
 * The mean of each channel over an image: x `[…, C, H, W]` → `[…, C]`, as `torch.nn.AdaptiveAvgPool2d(1)`.
 *
 * @example
 * ```ts
 * const y = new GlobalAvgPool2d().forward(x); // [N, 64, 8, 8] → [N, 64]
 * ```
 */
export class GlobalAvgPool2d extends Module {
  override get typeName(): string {
    return 'GlobalAvgPool2d';
  }

  /**
   * @param x `[…, C, H, W]`
   * @returns `[…, C]`
   * @throws ShapeError where x has fewer axes
   */
  forward(x: Tensor): Tensor {
    expectImages('GlobalAvgPool2d', x);
    return mean(x, [-2, -1]);
  }
}

function overSteps(
  where: string,
  x: Tensor,
  options: LengthsOption,
  pool: (x: Tensor, lengths: Int32Array) => Tensor,
): Tensor {
  expectSequence(where, x, null);
  checkOptions(where, options, lengthsRules);
  const [steps, batch] = x.shape as [number, number];
  const lengths = checkLengths(where, options.lengths, steps, batch);
  return tidy(x.backend, () => pool(x, lengths ?? new Int32Array(batch).fill(steps)));
}
