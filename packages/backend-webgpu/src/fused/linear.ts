import type { LinearOp } from '@timestep/backend-api';
import type { Runtime } from '../device/runtime.ts';
import { product } from '../ops/matmul.ts';
import { reduce } from '../ops/reduce.ts';
import { keepOrFree } from './saved.ts';

/** y = x Wᵀ + b, the bias added as the product is stored. */
export function linearOp(runtime: Runtime): LinearOp {
  return {
    supports: () => true,
    forward({ rows, inputSize, outputSize, needsSaved }, { x, weight, bias }) {
      const y = runtime.alloc('f32', rows * outputSize);
      product(runtime, { a: x, b: weight, out: y, m: rows, n: outputSize, k: inputSize, transposeB: true, bias });
      return { outputs: { y }, saved: keepOrFree(runtime, needsSaved, {}) };
    },
    backward({ rows, inputSize, outputSize }, { inputs, gradients, wanted }) {
      const dy = gradients.y;
      const x = wanted.x ? runtime.alloc('f32', rows * inputSize) : null;
      const weight = wanted.weight ? runtime.alloc('f32', outputSize * inputSize) : null;
      const bias = wanted.bias ? runtime.alloc('f32', outputSize) : null;
      if (x !== null) product(runtime, { a: dy, b: inputs.weight, out: x, m: rows, n: inputSize, k: outputSize });
      if (weight !== null) {
        product(runtime, { a: dy, b: inputs.x, out: weight, m: outputSize, n: inputSize, k: rows, transposeA: true });
      }
      if (bias !== null) reduce(runtime, 'sum', dy, bias, { outer: 1, length: rows, inner: outputSize });
      return { x, weight, bias };
    },
  };
}
