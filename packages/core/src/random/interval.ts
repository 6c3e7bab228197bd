/**
 * Uniform in [0, 1) with 53 bits: a/2²⁷ + b/2⁵³ of the upper 27 bits of one word and the upper 26 of another. At most
 * 1 − 2⁻⁵³.
 */
export function unitFromWords(first: number, second: number): number {
  return ((first >>> 5) * 2 ** 26 + (second >>> 6)) / 2 ** 53;
}

/** low + (high − low)·unit, below `high` for a unit in [0, 1); `low` where both are equal. */
export function between(low: number, high: number, unit: number): number {
  const value = low + (high - low) * unit;
  // The product or the sum may round up to `high`: 1 + (1 − 2⁻⁵³) is 2.
  return value < high || low === high ? value : doubleBelow(high);
}

/** The largest double below x, for a finite x. */
export function doubleBelow(x: number): number {
  if (x === 0) return -Number.MIN_VALUE;
  bits.setFloat64(0, x);
  bits.setBigInt64(0, bits.getBigInt64(0) + (x > 0 ? -1n : 1n));
  return bits.getFloat64(0);
}

/** The largest float32 below x, for a finite x. */
export function floatBelow(x: number): number {
  const rounded = Math.fround(x);
  if (rounded < x) return rounded;
  if (rounded === 0) return -(2 ** -149);
  bits.setFloat32(0, rounded);
  bits.setInt32(0, bits.getInt32(0) + (rounded > 0 ? -1 : 1));
  return bits.getFloat32(0);
}

/** The smallest float32 that is not below x, for a finite x. */
export function floatFrom(x: number): number {
  const rounded = Math.fround(x);
  return rounded >= x ? rounded : -floatBelow(-x);
}

const bits = new DataView(new ArrayBuffer(8));
