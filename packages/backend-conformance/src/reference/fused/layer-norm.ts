import type { LayerNormOp } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { SavedStore } from './saved.ts';

/**
 * x̂ = (x − mean)/σ, y = x̂∘w + b. With ĝ = dy∘w: dx = (ĝ − mean(ĝ) − x̂·mean(ĝ∘x̂))/σ, dw = Σ dy∘x̂, db = Σ dy.
 */
export function layerNorm(heap: Heap): LayerNormOp {
  const store = new SavedStore<{ readonly normal: Float64Array; readonly deviations: Float64Array }>(heap, 'layerNorm');
  return {
    supports: () => true,

    forward({ rows, columns, epsilon, needsSaved }, inputs) {
      const x = heap.floats('layerNorm', inputs.x, rows * columns);
      const weight = inputs.weight && heap.floats('layerNorm', inputs.weight, columns);
      const bias = inputs.bias && heap.floats('layerNorm', inputs.bias, columns);
      const normal = new Float64Array(x.length);
      const deviations = new Float64Array(rows);
      const y = new Float64Array(x.length);
      for (let r = 0; r < rows; r++) {
        const row = x.subarray(r * columns, (r + 1) * columns);
        const mean = average(row);
        const deviation = Math.sqrt(average(row.map((value) => (value - mean) ** 2)) + epsilon);
        deviations[r] = deviation;
        row.forEach((value, j) => {
          normal[r * columns + j] = (value - mean) / deviation;
          y[r * columns + j] = normal[r * columns + j]! * (weight ? weight[j]! : 1) + (bias ? bias[j]! : 0);
        });
      }
      return { outputs: { y: heap.store(y) }, saved: needsSaved ? store.keep({ normal, deviations }) : null };
    },

    backward({ rows, columns }, { inputs, saved, gradients, wanted }) {
      const { normal, deviations } = store.take(saved);
      const weight = inputs.weight && heap.floats('layerNorm', inputs.weight, columns);
      const dy = heap.floats('layerNorm', gradients.y, rows * columns);
      const dx = new Float64Array(dy.length);
      const dWeight = new Float64Array(columns);
      const dBias = new Float64Array(columns);
      for (let r = 0; r < rows; r++) {
        const unit = normal.subarray(r * columns, (r + 1) * columns);
        const dRow = dy.subarray(r * columns, (r + 1) * columns);
        const dUnit = dRow.map((value, j) => value * (weight ? weight[j]! : 1));
        const meanOfD = average(dUnit);
        const meanOfProduct = average(dUnit.map((value, j) => value * unit[j]!));
        for (let j = 0; j < columns; j++) {
          dx[r * columns + j] = (dUnit[j]! - meanOfD - unit[j]! * meanOfProduct) / deviations[r]!;
          dWeight[j]! += dRow[j]! * unit[j]!;
          dBias[j]! += dRow[j]!;
        }
      }
      return {
        x: wanted.x ? heap.store(dx) : null,
        weight: wanted.weight ? heap.store(dWeight) : null,
        bias: wanted.bias ? heap.store(dBias) : null,
      };
    },
  };
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
