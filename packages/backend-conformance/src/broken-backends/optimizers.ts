import type { AdamSettings, AdamSlot, SgdSettings } from '@timestep/backend-api';
import { tamper, type BrokenBackend } from './broken-backend.ts';

/** Adam with other settings than those asked for. */
function adamWith(change: (settings: AdamSettings) => Partial<AdamSettings>): BrokenBackend['breakIt'] {
  return ({ fused: { adamStep } }) => ({
    fused: {
      adamStep: {
        ...adamStep,
        run: (slots, settings, factor) => adamStep.run(slots, { ...settings, ...change(settings) }, factor),
      },
    },
  });
}

function sgdWith(change: (settings: SgdSettings) => Partial<SgdSettings>): BrokenBackend['breakIt'] {
  return ({ fused: { sgdStep } }) => ({
    fused: {
      sgdStep: {
        ...sgdStep,
        run: (slots, settings, factor) => sgdStep.run(slots, { ...settings, ...change(settings) }, factor),
      },
    },
  });
}

/** Faults of the optimizer steps and of the norm that clips them. */
export const brokenOptimizers: readonly BrokenBackend[] = [
  {
    fault: 'Adam adds ε before it corrects the bias of the second moment',
    caughtBy: 'adamStep: other betas and a large ε',
    // m̂/((√v + ε)/√(1 − β₂ᵗ)) = m̂/(√v̂ + ε/√(1 − β₂ᵗ))
    breakIt: adamWith(({ epsilon, beta2, step }) => ({ epsilon: epsilon / Math.sqrt(1 - beta2 ** step) })),
  },
  {
    fault: 'Adam leaves the bias of its moments uncorrected',
    caughtBy: 'adamStep: the first step',
    breakIt: adamWith(() => ({ step: 1e6 })),
  },
  {
    fault: 'Adam decays the weights through the gradient where the decay is decoupled',
    caughtBy: 'adamStep: decoupled weight decay',
    breakIt: adamWith(() => ({ decoupled: false })),
  },
  {
    fault: 'Adam ignores the clip factor',
    caughtBy: 'adamStep: a clip factor',
    breakIt: ({ fused: { adamStep } }) => ({
      fused: { adamStep: { ...adamStep, run: (slots, settings) => adamStep.run(slots, settings, null) } },
    }),
  },
  {
    fault: 'Adam applies a negative factor instead of leaving all as it was',
    caughtBy: 'adamStep: a negative factor leaves all as it was',
    breakIt: ({ fused: { adamStep } }, heap) => ({
      fused: {
        adamStep: {
          ...adamStep,
          run(slots, settings, factor) {
            const scalar = factor && heap.floats('broken', factor);
            const before = scalar?.slice();
            scalar?.forEach((value, n) => (scalar[n] = Math.abs(value)));
            adamStep.run(slots, settings, factor);
            if (before) scalar?.set(before);
          },
        },
      },
    }),
  },
  {
    fault: 'Adam updates the first parameter only',
    caughtBy: 'adamStep: 60 parameters',
    breakIt: ({ fused: { adamStep } }) => ({
      fused: {
        adamStep: {
          ...adamStep,
          run: (slots, settings, factor) =>
            adamStep.run(slots.slice(0, 50) satisfies readonly AdamSlot[], settings, factor),
        },
      },
    }),
  },
  {
    fault: 'SGD takes Nesterov momentum for the plain one',
    caughtBy: 'sgdStep: Nesterov momentum',
    breakIt: sgdWith(() => ({ nesterov: false })),
  },
  {
    fault: 'SGD dampens its first step, too, and reads a velocity that nobody set',
    caughtBy: 'sgdStep: momentum and dampening',
    breakIt: sgdWith(() => ({ first: false })),
  },
  {
    fault: 'the norm is taken of each gradient by itself',
    caughtBy: 'globalNorm: clips a norm above the limit',
    breakIt: ({ fused: { globalNorm } }) => ({
      fused: {
        globalNorm: {
          ...globalNorm,
          run: (gradients, maxNorm, norm, factor) => globalNorm.run(gradients.slice(0, 1), maxNorm, norm, factor),
        },
      },
    }),
  },
  {
    fault: 'a NaN in a gradient makes the factor NaN',
    caughtBy: 'globalNorm: NaN makes the factor −1, clipped or not',
    breakIt: ({ fused: { globalNorm } }, heap) => ({
      fused: {
        globalNorm: {
          ...globalNorm,
          run(gradients, maxNorm, norm, factor) {
            globalNorm.run(gradients, maxNorm, norm, factor);
            tamper(heap, factor, (values) => (values[0] = values[0] === -1 ? NaN : values[0]!));
          },
        },
      },
    }),
  },
];
