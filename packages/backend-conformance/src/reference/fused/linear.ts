import type { LinearOp } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { SavedStore } from './saved.ts';
import { addOuter, addTo, product, transposedProduct } from './vectors.ts';

/** y = x Wᵀ + b row by row; dx = W ᵀdy, dW = Σ dy xᵀ, db = Σ dy. */
export function linear(heap: Heap): LinearOp {
  const store = new SavedStore<true>(heap, 'linear');
  return {
    supports: () => true,

    forward({ rows, inputSize, outputSize, needsSaved }, inputs) {
      const x = heap.floats('linear', inputs.x, rows * inputSize);
      const weight = heap.floats('linear', inputs.weight, outputSize * inputSize);
      const bias = inputs.bias && heap.floats('linear', inputs.bias, outputSize);
      const y = new Float64Array(rows * outputSize);
      for (let r = 0; r < rows; r++) {
        const row = product(weight, x.subarray(r * inputSize, (r + 1) * inputSize), outputSize);
        if (bias) addTo(row, bias);
        y.set(row, r * outputSize);
      }
      return { outputs: { y: heap.store(y) }, saved: needsSaved ? store.keep(true) : null };
    },

    backward({ rows, inputSize, outputSize }, { inputs, saved, gradients, wanted }) {
      store.take(saved);
      const x = heap.floats('linear', inputs.x, rows * inputSize);
      const weight = heap.floats('linear', inputs.weight, outputSize * inputSize);
      const dy = heap.floats('linear', gradients.y, rows * outputSize);
      const dx = new Float64Array(x.length);
      const dWeight = new Float64Array(weight.length);
      const dBias = new Float64Array(outputSize);
      for (let r = 0; r < rows; r++) {
        const dRow = dy.subarray(r * outputSize, (r + 1) * outputSize);
        dx.set(transposedProduct(weight, dRow, inputSize), r * inputSize);
        addOuter(dWeight, dRow, x.subarray(r * inputSize, (r + 1) * inputSize));
        addTo(dBias, dRow);
      }
      return {
        x: wanted.x ? heap.store(dx) : null,
        weight: wanted.weight ? heap.store(dWeight) : null,
        bias: wanted.bias ? heap.store(dBias) : null,
      };
    },
  };
}
