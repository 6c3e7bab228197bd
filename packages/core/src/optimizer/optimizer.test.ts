import { describe, expect, it } from 'vitest';
import { tensor, zeros } from '../create.ts';
import { Generator } from '../random/generator.ts';
import { openScope } from '../scope.ts';
import { randomValues } from '../test-support/gradients.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { adamStep } from './adam-step.ts';
import { globalNorm } from './global-norm.ts';
import { sgdStep } from './sgd-step.ts';

const shapes = [[3, 2], [5]];

describe('the fused optimizer steps and their fallbacks', () => {
  it.each([
    { weightDecay: 0, decoupled: false },
    { weightDecay: 0.1, decoupled: false },
    { weightDecay: 0.1, decoupled: true },
  ])('agree for Adam with $weightDecay, decoupled $decoupled', async (extra) => {
    const results = await Promise.all(
      (['require', 'off'] as const).map(async (fused) => {
        const backend = createReferenceBackend();
        const generator = new Generator(1);
        const make = (shape: number[]) => tensor(backend, randomValues(generator, shape), { shape });
        const slots = shapes.map((shape) => ({
          parameter: make(shape),
          gradient: make(shape),
          firstMoment: zeros(backend, shape),
          secondMoment: zeros(backend, shape),
        }));
        const before = backend.memory().buffers;
        for (let step = 1; step <= 5; step++) {
          using _scope = openScope(backend);
          for (const { gradient } of slots) gradient.assign(randomValues(generator, gradient.shape));
          const { factor } = globalNorm(
            slots.map(({ gradient }) => gradient),
            1.5,
            { fused },
          );
          adamStep(slots, { learningRate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, step, ...extra }, factor, {
            fused,
          });
        }
        expect(backend.memory().buffers).toBe(before);
        return (
          await Promise.all(
            slots.flatMap(({ parameter, firstMoment, secondMoment }) =>
              [parameter, firstMoment, secondMoment].map((one) => one.data()),
            ),
          )
        ).flatMap((data) => [...data]);
      }),
    );
    results[0]!.forEach((value, i) => expect(value).toBeCloseTo(results[1]![i]!, 12));
  });

  it.each([
    { momentum: 0, dampening: 0, nesterov: false, weightDecay: 0 },
    { momentum: 0.9, dampening: 0.2, nesterov: false, weightDecay: 0.1 },
    { momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0 },
  ])('agree for SGD with momentum $momentum, nesterov $nesterov', async (extra) => {
    const results = await Promise.all(
      (['require', 'off'] as const).map(async (fused) => {
        const backend = createReferenceBackend();
        const generator = new Generator(2);
        const make = (shape: number[]) => tensor(backend, randomValues(generator, shape), { shape });
        const slots = shapes.map((shape) => ({
          parameter: make(shape),
          gradient: make(shape),
          velocity: extra.momentum ? zeros(backend, shape) : null,
        }));
        for (let step = 1; step <= 4; step++)
          sgdStep(slots, { learningRate: 0.05, first: step === 1, ...extra }, tensor(backend, 0.7), { fused });
        return (await Promise.all(slots.map(({ parameter }) => parameter.data()))).flatMap((data) => [...data]);
      }),
    );
    results[0]!.forEach((value, i) => expect(value).toBeCloseTo(results[1]![i]!, 12));
  });

  it.each(['require', 'off'] as const)('skip a step whose gradient is not finite, fused: %s', async (fused) => {
    const backend = createReferenceBackend();
    const slot = {
      parameter: tensor(backend, [1, 2]),
      gradient: tensor(backend, [NaN, 1]),
      firstMoment: tensor(backend, [0.1, 0.2]),
      secondMoment: tensor(backend, [0.3, 0.4]),
    };
    const { norm, factor } = globalNorm([slot.gradient], 1, { fused });
    expect(await factor.item()).toBe(-1);
    expect(Number.isFinite(await norm.item())).toBe(false);
    adamStep(
      [slot],
      { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false, step: 1 },
      factor,
      { fused },
    );
    sgdStep(
      [{ ...slot, velocity: null }],
      { learningRate: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: true },
      factor,
      { fused },
    );
    expect([await slot.parameter.array(), await slot.firstMoment.array(), await slot.secondMoment.array()]).toEqual([
      [1, 2],
      [0.1, 0.2],
      [0.3, 0.4],
    ]);
  });

  it.each(['require', 'off'] as const)('clip by the norm of all gradients together, fused: %s', async (fused) => {
    const backend = createReferenceBackend();
    const gradients = [tensor(backend, [3]), tensor(backend, [0, 4])];
    const clipped = globalNorm(gradients, 1, { fused });
    expect(await clipped.norm.item()).toBeCloseTo(5, 12);
    expect(await clipped.factor.item()).toBeCloseTo(1 / (5 + 1e-6), 12);
    expect(await globalNorm(gradients, 0, { fused }).factor.item()).toBe(1);
    expect(await globalNorm(gradients, 6, { fused }).factor.item()).toBe(1);
  });
});
