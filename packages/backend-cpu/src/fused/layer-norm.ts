import type { DeviceBuffer, LayerNormOp } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { Kept } from './kept.ts';

/** Nanoseconds an element takes on one thread. */
const cost = 0.6;

/** Contract: FusedOps.layerNorm. Keeps the mean and the inverse deviation of each row, and not the normalised rows. */
export function createLayerNorm(engine: Engine): LayerNormOp {
  return {
    supports: () => true,

    forward({ rows, columns, epsilon, needsSaved }, { x, weight, bias }) {
      const y = engine.allocate('f32', rows * columns);
      const moments = needsSaved ? engine.allocate('f32', 2 * rows) : null;
      const addresses = [x, weight, bias, y, moments].map((buffer) => engine.addressOrZero(buffer));
      engine.run('layerNormRows', engine.partsFor(rows * columns * cost), [...addresses, rows, columns], [epsilon]);
      return { outputs: { y }, saved: moments && new Kept(engine, { moments }) };
    },

    backward({ rows, columns }, { inputs, saved, gradients, wanted }) {
      const { moments } = Kept.of<{ moments: DeviceBuffer }>('layerNorm', saved);
      const allocate = (isWanted: boolean, length: number) => (isWanted ? engine.allocate('f32', length) : null);
      const dx = allocate(wanted.x, rows * columns);
      const weight = allocate(wanted.weight, columns);
      const bias = allocate(wanted.bias, columns);
      const parts = engine.partsFor(rows * columns * cost);
      if (dx) {
        const addresses = [inputs.x, inputs.weight, gradients.y, dx, moments].map((buffer) =>
          engine.addressOrZero(buffer),
        );
        engine.run('layerNormRowsBackward', parts, [...addresses, rows, columns]);
      }
      if (weight || bias) {
        const addresses = [inputs.x, gradients.y, moments, weight, bias].map((buffer) => engine.addressOrZero(buffer));
        engine.run('layerNormColumnsBackward', parts, [...addresses, rows, columns]);
      }
      return { x: dx, weight, bias };
    },
  };
}
