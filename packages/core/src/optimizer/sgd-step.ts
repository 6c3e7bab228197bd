import { checkOptions, is, type OptionRules, type SgdSettings } from '@timestep/backend-api';
import { noGrad } from '../context.ts';
import { chooseFused, type FusedOption } from '../fused/choose.ts';
import { add, subtract } from '../ops/binary.ts';
import { affine } from '../ops/affine.ts';
import { tensorRule } from '../ops/check.ts';
import type { Tensor } from '../tensor.ts';
import { checkSlots } from './check-slots.ts';
import { replaceAll, scaled } from './replace.ts';

/** A parameter with its gradient and, with momentum, its velocity. */
export interface SgdStepSlot {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The momentum buffer, of the parameter's shape; null without momentum */
  readonly velocity: Tensor | null;
}

const slotRules: OptionRules<SgdStepSlot> = {
  parameter: tensorRule,
  gradient: tensorRule,
  velocity: is.nullable(tensorRule),
};
const settingRules: OptionRules<SgdSettings> = {
  learningRate: is.number({ min: 0 }),
  momentum: is.number({ min: 0 }),
  dampening: is.number(),
  nesterov: is.boolean,
  weightDecay: is.number({ min: 0 }),
  first: is.boolean,
};

/**
 * One step of stochastic gradient descent, in place, as PyTorch computes it: p −= lr·v with v = μv + (1 − dampening)g,
 * g itself in the first step; Nesterov: p −= lr·(g + μv).
 *
 * @example
 * ```ts
 * const settings = { learningRate: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: true };
 * sgdStep([{ parameter, gradient: parameter.grad!, velocity: null }], settings);
 * ```
 *
 * @param factor a scalar that multiplies every gradient; a negative one leaves all tensors unchanged
 */
export function sgdStep(
  slots: readonly SgdStepSlot[],
  settings: SgdSettings,
  factor: Tensor | null = null,
  options: FusedOption = {},
): void {
  checkSlots('sgdStep', slots, slotRules, factor, options);
  checkOptions('sgdStep', settings, settingRules);
  const backend = slots[0]?.parameter.backend;
  if (!backend) return;
  const buffers = slots.map(({ parameter, gradient, velocity }) => ({
    parameter: parameter.buffer,
    gradient: gradient.buffer,
    velocity: velocity?.buffer ?? null,
  }));
  const op = chooseFused(backend, 'sgdStep', options.fused, (fused) => fused.supports(buffers, settings));
  for (const { parameter, velocity } of slots) {
    parameter.storage.version++;
    if (velocity) velocity.storage.version++;
  }
  if (op) {
    op.run(buffers, settings, factor?.buffer ?? null);
    return;
  }
  const { learningRate, momentum, dampening, nesterov, weightDecay, first } = settings;
  noGrad(backend, () => {
    for (const { parameter, gradient, velocity } of slots) {
      replaceAll(velocity ? [parameter, velocity] : [parameter], factor, () => {
        const clipped = scaled(gradient, factor);
        const g = weightDecay === 0 ? clipped : add(clipped, affine(parameter, weightDecay));
        if (!velocity) return [subtract(parameter, affine(g, learningRate))];
        const v = first ? g : add(affine(velocity, momentum), affine(g, 1 - dampening));
        const direction = nesterov ? add(g, affine(v, momentum)) : v;
        return [subtract(parameter, affine(direction, learningRate)), v];
      });
    }
  });
}

export type { SgdSettings };
