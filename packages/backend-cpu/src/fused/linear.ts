import type { LinearOp, MatmulSpec } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { matmul } from '../ops/matmul.ts';
import { reduce } from '../ops/reduce.ts';
import { Kept } from './kept.ts';

const plain = {
  batch: 1,
  aStride: 0,
  bStride: 0,
  transposeA: false,
  transposeB: false,
  accumulate: false,
} satisfies Partial<MatmulSpec>;

/** Contract: FusedOps.linear. The bias is added as the product's tiles are written. Backward needs the inputs alone. */
export function createLinear(engine: Engine): LinearOp {
  return {
    supports: () => true,

    forward({ rows, inputSize, outputSize, needsSaved }, { x, weight, bias }) {
      const y = engine.allocate('f32', rows * outputSize);
      matmul(engine, x, weight, y, { ...plain, m: rows, n: outputSize, k: inputSize, transposeB: true }, bias);
      return { outputs: { y }, saved: needsSaved ? new Kept(engine, {}) : null };
    },

    backward({ rows, inputSize, outputSize }, { inputs, gradients, wanted }) {
      const allocate = (isWanted: boolean, length: number) => (isWanted ? engine.allocate('f32', length) : null);
      const x = allocate(wanted.x, rows * inputSize);
      const weight = allocate(wanted.weight, outputSize * inputSize);
      const bias = allocate(wanted.bias, outputSize);
      if (x) matmul(engine, gradients.y, inputs.weight, x, { ...plain, m: rows, n: inputSize, k: outputSize });
      if (weight)
        matmul(engine, gradients.y, inputs.x, weight, {
          ...plain,
          m: outputSize,
          n: inputSize,
          k: rows,
          transposeA: true,
        });
      if (bias) reduce(engine, 'sum', gradients.y, bias, { outer: 1, length: rows, inner: outputSize });
      return { x, weight, bias };
    },
  };
}
