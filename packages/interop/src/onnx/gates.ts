/**
 * The positions of ONNX's gates in our order. LSTM: i, o, f, c of i, f, g, o. GRU: z, r, h of r, z, n. RNN: one gate.
 * Peepholes of an LSTM: i, o, f of i, f, o.
 */
export const onnxGates = { LSTM: [0, 3, 1, 2], GRU: [1, 0, 2], RNN: [0], peephole: [0, 2, 1] } as const;

/** The inverse of a permutation. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, k) => order.indexOf(k));
}

/** Reorders equal blocks of an array: block k of the result is block order[k] of the values. */
export function permuteBlocks(values: Float32Array, order: readonly number[]): Float32Array {
  const size = values.length / order.length;
  const permuted = new Float32Array(values.length);
  order.forEach((from, to) => permuted.set(values.subarray(from * size, (from + 1) * size), to * size));
  return permuted;
}

/** `[rows, columns]` → `[columns, rows]` */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j]!;
  return result;
}

/** Concatenates arrays. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
