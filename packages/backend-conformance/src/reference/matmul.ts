import { ShapeError, type Backend } from '@timestep/backend-api';
import { checkDistinct, type Heap } from './heap.ts';

export function matmul(heap: Heap): Backend['matmul'] {
  return (a, b, out, spec) => {
    checkDistinct('matmul', out, a, b);
    const { m, n, k, batch, aStride, bStride, transposeA, transposeB, accumulate } = spec;
    const left = heap.floats('matmul', a);
    const right = heap.floats('matmul', b);
    const target = heap.floats('matmul', out, batch * m * n);
    checkExtent('a', left.length, batch, aStride, m * k);
    checkExtent('b', right.length, batch, bStride, k * n);
    for (let p = 0; p < batch; p++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) {
            const aAt = p * aStride + (transposeA ? l * m + i : i * k + l);
            const bAt = p * bStride + (transposeB ? j * k + l : l * n + j);
            sum += left[aAt]! * right[bAt]!;
          }
          const at = (p * m + i) * n + j;
          target[at] = accumulate ? target[at]! + sum : sum;
        }
      }
    }
  };
}

function checkExtent(name: string, length: number, batch: number, stride: number, matrix: number): void {
  const needed = batch === 0 ? 0 : (batch - 1) * stride + matrix;
  if (length < needed) {
    throw new ShapeError(
      `[reference.matmul] expected ${name} to hold ${needed} elements, got ${length}; check m, n, k and the batch stride`,
    );
  }
}
