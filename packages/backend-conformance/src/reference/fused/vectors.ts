/** W·x for a row-major W of `rows` rows. */
export function product(matrix: Float64Array, x: Float64Array, rows: number): Float64Array {
  const y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < x.length; j++) y[i]! += matrix[i * x.length + j]! * x[j]!;
  }
  return y;
}

/** Wᵀ·y for a row-major W of `columns` columns. */
export function transposedProduct(matrix: Float64Array, y: Float64Array, columns: number): Float64Array {
  const x = new Float64Array(columns);
  for (let i = 0; i < y.length; i++) {
    for (let j = 0; j < columns; j++) x[j]! += matrix[i * columns + j]! * y[i]!;
  }
  return x;
}

/** M += y·xᵀ. */
export function addOuter(matrix: Float64Array, y: Float64Array, x: Float64Array): void {
  for (let i = 0; i < y.length; i++) {
    for (let j = 0; j < x.length; j++) matrix[i * x.length + j]! += y[i]! * x[j]!;
  }
}

/** a += b. */
export function addTo(a: Float64Array, b: Float64Array): void {
  b.forEach((value, n) => (a[n]! += value));
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** ln Σ e^x, −∞ for nothing or nothing but −∞. */
export function logSumExp(values: Iterable<number>): number {
  let largest = -Infinity;
  for (const x of values) largest = Math.max(largest, x);
  if (largest === -Infinity) return -Infinity;
  let sum = 0;
  for (const x of values) sum += Math.exp(x - largest);
  return largest + Math.log(sum);
}

/** ln of the softmax of each row of `[rows, columns]`. */
export function logSoftmaxRows(x: Float64Array, columns: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let start = 0; start < x.length; start += columns) {
    const norm = logSumExp(x.subarray(start, start + columns));
    for (let j = start; j < start + columns; j++) y[j] = x[j]! - norm;
  }
  return y;
}
