import { add, affine, divide, maximum, sqrt, square, subtract, type Tensor } from '@timestep/core';
import type { OptimizerSlot } from './optimizer.ts';
import { replace } from './replace.ts';

/** The settings of a step, with the number of updates including this one. */
interface AmsgradSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly decoupled: boolean;
  readonly step: number;
}

/**
 * Adam's step with the largest second moment so far (Reddi, Kale and Kumar 2018), as PyTorch's `amsgrad`:
 * p −= η·m̂/(√(max v)/√(1 − β₂ᵗ) + ε).
 */
export function amsgradStep(slot: OptimizerSlot, settings: AmsgradSettings, factor: Tensor | null): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay, decoupled, step } = settings;
  const { parameter, memory } = slot;
  const { firstMoment, secondMoment, largestSecondMoment } = memory;
  const targets = [parameter, firstMoment!, secondMoment!, largestSecondMoment!];
  replace(targets, slot, { factor, weightDecay: decoupled ? 0 : weightDecay }, (g) => {
    const first = add(affine(firstMoment!, beta1), affine(g, 1 - beta1));
    const second = add(affine(secondMoment!, beta2), affine(square(g), 1 - beta2));
    const largest = maximum(largestSecondMoment!, second);
    const divisor = affine(sqrt(largest), 1 / Math.sqrt(1 - beta2 ** step), epsilon);
    const direction = divide(affine(first, learningRate / (1 - beta1 ** step)), divisor);
    const decayed = decoupled ? affine(parameter, 1 - learningRate * weightDecay) : parameter;
    return [subtract(decayed, direction), first, second, largest];
  });
}
