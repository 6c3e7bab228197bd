import type { Multiply, OutsideProduct } from '../engine/outside.ts';

/** A library of products in plain loops, for the calling thread alone, that counts its calls. */
export function countingProduct(): OutsideProduct & { calls: number } {
  const product = {
    module: 'none: there are no other threads',
    data: null,
    threshold: 1,
    calls: 0,
    createMultiply:
      (memory: WebAssembly.Memory): Multiply =>
      (transposeA, m, n, k, a, aStride, b, bStride, accumulate, c, cStride) => {
        product.calls++;
        const floats = new Float32Array(memory.buffer);
        const [left, right, out] = [a / 4, b / 4, c / 4];
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            let sum = accumulate ? floats[out + i * cStride + j]! : 0;
            for (let p = 0; p < k; p++)
              sum +=
                floats[left + (transposeA ? p * aStride + i : i * aStride + p)]! * floats[right + p * bStride + j]!;
            floats[out + i * cStride + j] = sum;
          }
        }
      },
  };
  return product;
}
