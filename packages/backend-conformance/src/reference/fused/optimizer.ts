import {
  ArgumentError,
  type AdamStepOp,
  type DeviceBuffer,
  type GlobalNormOp,
  type SgdStepOp,
} from '@timestep/backend-api';
import type { Heap } from '../heap.ts';

/** ‖g‖ over all gradients, min(1, maxNorm/(‖g‖ + 10⁻⁶)), and −1 where the norm is not finite. */
export function globalNorm(heap: Heap): GlobalNormOp {
  return {
    supports: () => true,
    run(gradients, maxNorm, norm, factor) {
      let sum = 0;
      for (const gradient of gradients) heap.floats('globalNorm', gradient).forEach((value) => (sum += value * value));
      const result = Math.sqrt(sum);
      heap.floats('globalNorm', norm, 1)[0] = result;
      heap.floats('globalNorm', factor, 1)[0] = !Number.isFinite(result)
        ? -1
        : maxNorm === 0
          ? 1
          : Math.min(1, maxNorm / (result + 1e-6));
    },
  };
}

function readFactor(heap: Heap, where: string, factor: DeviceBuffer | null): number {
  return factor === null ? 1 : heap.floats(where, factor, 1)[0]!;
}

export function adamStep(heap: Heap): AdamStepOp {
  return {
    supports: () => true,
    run(slots, { learningRate, beta1, beta2, epsilon, weightDecay, decoupled, step }, factor) {
      if (!(step >= 1))
        throw new ArgumentError(`[reference.adamStep] expected a step of 1 or more, got ${step}; count from 1`);
      const scale = readFactor(heap, 'adamStep', factor);
      for (const slot of slots) {
        const p = heap.floats('adamStep', slot.parameter);
        const gradient = heap.floats('adamStep', slot.gradient, p.length);
        const m = heap.floats('adamStep', slot.firstMoment, p.length);
        const v = heap.floats('adamStep', slot.secondMoment, p.length);
        if (scale < 0) continue;
        for (let j = 0; j < p.length; j++) {
          let g = scale * gradient[j]!;
          if (decoupled) p[j]! -= learningRate * weightDecay * p[j]!;
          else g += weightDecay * p[j]!;
          m[j] = beta1 * m[j]! + (1 - beta1) * g;
          v[j] = beta2 * v[j]! + (1 - beta2) * g * g;
          const unbiasedM = m[j]! / (1 - beta1 ** step);
          const unbiasedV = v[j]! / (1 - beta2 ** step);
          p[j]! -= (learningRate * unbiasedM) / (Math.sqrt(unbiasedV) + epsilon);
        }
      }
    },
  };
}

export function sgdStep(heap: Heap): SgdStepOp {
  return {
    supports: () => true,
    run(slots, { learningRate, momentum, dampening, nesterov, weightDecay, first }, factor) {
      const scale = readFactor(heap, 'sgdStep', factor);
      for (const slot of slots) {
        const p = heap.floats('sgdStep', slot.parameter);
        const gradient = heap.floats('sgdStep', slot.gradient, p.length);
        const velocity = slot.velocity && heap.floats('sgdStep', slot.velocity, p.length);
        if ((velocity !== null) !== (momentum !== 0)) {
          throw new ArgumentError(
            `[reference.sgdStep] expected a velocity exactly where there is momentum, got momentum ${momentum}; pass null for none`,
          );
        }
        if (scale < 0) continue;
        for (let j = 0; j < p.length; j++) {
          let g = scale * gradient[j]! + weightDecay * p[j]!;
          if (velocity) {
            velocity[j] = first ? g : momentum * velocity[j]! + (1 - dampening) * g;
            g = nesterov ? g + momentum * velocity[j]! : velocity[j]!;
          }
          p[j]! -= learningRate * g;
        }
      }
    },
  };
}
