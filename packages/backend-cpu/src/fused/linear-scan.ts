import type { LinearScanOp } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { Kept } from './kept.ts';

/** Nanoseconds an element takes on one thread: it is bound by memory. */
const cost = 0.5;

/**
 * Contract: FusedOps.linearScan. The columns are independent, so threads share them and each goes through all steps.
 */
export function createLinearScan(engine: Engine): LinearScanOp {
  return {
    supports: () => true,

    forward({ steps, width, reverse, needsSaved }, { a, b, initial }) {
      const h = engine.allocate('f32', steps * width);
      const addresses = [a, b, initial, h].map((buffer) => engine.addressOrZero(buffer));
      engine.run('linearScanForward', engine.partsFor(steps * width * cost), [
        ...addresses,
        steps,
        width,
        Number(reverse),
      ]);
      return { outputs: { h }, saved: needsSaved ? new Kept(engine, {}) : null };
    },

    backward({ steps, width, reverse }, { inputs, outputs, saved, gradients, wanted }) {
      Kept.of('linearScan', saved);
      const allocate = (isWanted: boolean, length: number) => (isWanted ? engine.allocate('f32', length) : null);
      const a = allocate(wanted.a, steps * width);
      const initial = allocate(wanted.initial, width);
      const adjoint = engine.allocate('f32', steps * width);
      const addresses = [inputs.a, inputs.initial, outputs.h, gradients.h, a, adjoint, initial].map((buffer) =>
        engine.addressOrZero(buffer),
      );
      engine.run('linearScanBackward', engine.partsFor(2 * steps * width * cost), [
        ...addresses,
        steps,
        width,
        Number(reverse),
      ]);
      if (!wanted.b) engine.free(adjoint);
      return { a, b: wanted.b ? adjoint : null, initial };
    },
  };
}
