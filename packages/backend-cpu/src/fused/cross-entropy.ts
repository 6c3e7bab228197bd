import type { CrossEntropyOp, DeviceBuffer } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { indexFault } from '../ops/index-fault.ts';
import { Kept } from './kept.ts';

/** Nanoseconds a logit takes on one thread. */
const cost = 0.8;

/** Contract: FusedOps.crossEntropy. Keeps the maximum and the sum of each row, two floats, and not the softmax. */
export function createCrossEntropy(engine: Engine): CrossEntropyOp {
  return {
    supports: () => true,

    forward({ rows, classes, labelSmoothing, ignoreIndex, needsSaved }, { logits, targets }) {
      const losses = engine.allocate('f32', rows);
      const normals = needsSaved ? engine.allocate('f32', 2 * rows) : null;
      const addresses = [
        engine.address(logits),
        engine.address(targets),
        engine.address(losses),
        engine.addressOrZero(normals),
      ];
      engine.run(
        'crossEntropyRows',
        engine.partsFor(rows * classes * cost),
        [...addresses, rows, classes, ignoreIndex],
        [labelSmoothing],
      );
      if (engine.takeFault()) {
        engine.free(losses);
        if (normals) engine.free(normals);
        throw indexFault(engine, 'crossEntropy', targets, classes, ignoreIndex);
      }
      return { outputs: { losses }, saved: normals && new Kept(engine, { normals }) };
    },

    backward({ rows, classes, labelSmoothing, ignoreIndex }, { inputs, saved, gradients, wanted }) {
      if (!wanted.logits) return { logits: null };
      const { normals } = Kept.of<{ normals: DeviceBuffer }>('crossEntropy', saved);
      const dx = engine.allocate('f32', rows * classes);
      const addresses = [inputs.logits, inputs.targets, normals, gradients.losses, dx].map((buffer) =>
        engine.address(buffer),
      );
      engine.run(
        'crossEntropyRowsBackward',
        engine.partsFor(rows * classes * cost),
        [...addresses, rows, classes, ignoreIndex],
        [labelSmoothing],
      );
      if (engine.takeFault()) {
        engine.free(dx);
        throw indexFault(engine, 'crossEntropy', inputs.targets, classes, ignoreIndex);
      }
      return { logits: dx };
    },
  };
}
