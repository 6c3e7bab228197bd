import { checkOptions, is, type AdamSettings, type OptionRules } from '@timestep/backend-api';
import { noGrad } from '../context.ts';
import { chooseFused, type FusedOption } from '../fused/choose.ts';
import { add, divide, subtract } from '../ops/binary.ts';
import { affine } from '../ops/affine.ts';
import { sqrt, square } from '../ops/unary.ts';
import { tensorRule } from '../ops/check.ts';
import type { Tensor } from '../tensor.ts';
import { checkSlots } from './check-slots.ts';
import { replaceAll, scaled } from './replace.ts';

/** A parameter with its gradient and Adam's moments. */
export interface AdamStepSlot {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** m, of the parameter's shape; zeros before the first step */
  readonly firstMoment: Tensor;
  /** v, of the parameter's shape; zeros before the first step */
  readonly secondMoment: Tensor;
}

const slotRules: OptionRules<AdamStepSlot> = {
  parameter: tensorRule,
  gradient: tensorRule,
  firstMoment: tensorRule,
  secondMoment: tensorRule,
};
const settingRules: OptionRules<AdamSettings> = {
  learningRate: is.number({ min: 0 }),
  beta1: is.number({ min: 0, below: 1 }),
  beta2: is.number({ min: 0, below: 1 }),
  epsilon: is.number({ min: 0 }),
  weightDecay: is.number({ min: 0 }),
  decoupled: is.boolean,
  step: is.integer(1),
};

/**
 * One step of Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019), in place, as PyTorch computes it:
 * m = β₁m + (1 − β₁)g, v = β₂v + (1 − β₂)g², p −= lr/(1 − β₁ᵗ) · m/(√v/√(1 − β₂ᵗ) + ε).
 *
 * @example
 * ```ts
 * const settings = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false };
 * adamStep([{ parameter, gradient: parameter.grad!, firstMoment, secondMoment }], { ...settings, step: 1 });
 * ```
 *
 * @param factor a scalar that multiplies every gradient; a negative one leaves all tensors unchanged
 */
export function adamStep(
  slots: readonly AdamStepSlot[],
  settings: AdamSettings,
  factor: Tensor | null = null,
  options: FusedOption = {},
): void {
  checkSlots('adamStep', slots, slotRules, factor, options);
  checkOptions('adamStep', settings, settingRules);
  const backend = slots[0]?.parameter.backend;
  if (!backend) return;
  const buffers = slots.map(({ parameter, gradient, firstMoment, secondMoment }) => ({
    parameter: parameter.buffer,
    gradient: gradient.buffer,
    firstMoment: firstMoment.buffer,
    secondMoment: secondMoment.buffer,
  }));
  const op = chooseFused(backend, 'adamStep', options.fused, (fused) => fused.supports(buffers, settings));
  for (const { parameter, firstMoment, secondMoment } of slots)
    for (const changed of [parameter, firstMoment, secondMoment]) changed.storage.version++;
  if (op) {
    op.run(buffers, settings, factor?.buffer ?? null);
    return;
  }
  const { learningRate, beta1, beta2, epsilon, weightDecay, decoupled, step } = settings;
  noGrad(backend, () => {
    for (const { parameter, gradient, firstMoment, secondMoment } of slots) {
      replaceAll([parameter, firstMoment, secondMoment], factor, () => {
        const clipped = scaled(gradient, factor);
        const g = weightDecay !== 0 && !decoupled ? add(clipped, affine(parameter, weightDecay)) : clipped;
        const decayed = decoupled ? affine(parameter, 1 - learningRate * weightDecay) : parameter;
        const m = add(affine(firstMoment, beta1), affine(g, 1 - beta1));
        const v = add(affine(secondMoment, beta2), affine(square(g), 1 - beta2));
        const deviation = affine(sqrt(v), 1 / Math.sqrt(1 - beta2 ** step), epsilon);
        return [subtract(decayed, affine(divide(m, deviation), learningRate / (1 - beta1 ** step))), m, v];
      });
    }
  });
}

export type { AdamSettings };
