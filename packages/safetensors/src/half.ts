import { checkArgument, rules } from './arguments.ts';

/**
 * Converts arrays between 32-bit floats and the two 16-bit formats. Narrowing rounds to nearest, ties to even (IEEE
 * 754). NaN stays NaN.
 */

const scratch = new Uint32Array(1);
const scratchFloat = new Float32Array(scratch.buffer);

/**
 * Converts bit patterns of IEEE 754 binary16 to 32-bit floats, exactly.
 *
 * @param bits `[n]`
 * @returns `[n]`
 * @throws SafetensorsError `INVALID_ARGUMENT`
 * @example
 * widenFloat16(Uint16Array.of(0x3c00));    // [1]
 */
export function widenFloat16(bits: Uint16Array): Float32Array {
  checkArgument('widenFloat16', 'bits', bits, rules.bits16);
  const out = new Float32Array(bits.length);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) {
      // Zero and the subnormals: fraction · 2⁻²⁴, exact in a 32-bit float.
      out[i] = (sign ? -1 : 1) * fraction * 2 ** -24;
    } else if (exponent === 31) {
      words[i] = sign | 0x7f800000 | (fraction << 13);
    } else {
      words[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
    }
  }
  return out;
}

/**
 * Converts bit patterns of bfloat16 (the upper half of a 32-bit float) to 32-bit floats, exactly.
 *
 * @param bits `[n]`
 * @returns `[n]`
 * @throws SafetensorsError `INVALID_ARGUMENT`
 * @example
 * widenBfloat16(Uint16Array.of(0x3f80));    // [1]
 */
export function widenBfloat16(bits: Uint16Array): Float32Array {
  checkArgument('widenBfloat16', 'bits', bits, rules.bits16);
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

/**
 * Converts 32-bit floats to bit patterns of IEEE 754 binary16, rounded to nearest, ties to even. Magnitudes of 65,520
 * and more become infinite.
 *
 * @param values `[n]`
 * @returns `[n]`
 * @throws SafetensorsError `INVALID_ARGUMENT`
 * @example
 * narrowToFloat16([1]);    // [0x3c00]
 */
export function narrowToFloat16(values: ArrayLike<number>): Uint16Array {
  checkArgument('narrowToFloat16', 'values', values, rules.numbers);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    scratchFloat[0] = values[i]!;
    out[i] = float16Bits(scratch[0]!);
  }
  return out;
}

function float16Bits(word: number): number {
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  // 65,520 is the smallest value that rounds to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: move the exponent's bias from 127 to 15, then round the 13 bits that fall away.
    const rebased = magnitude - 0x38000000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  // Everything up to 2⁻²⁵, including the tie, rounds to zero. This also keeps the shift below 32.
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const lost = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const up = lost > half || (lost === half && (kept & 1) === 1);
  return sign | (kept + (up ? 1 : 0));
}

/**
 * Converts 32-bit floats to bit patterns of bfloat16, rounded to nearest, ties to even.
 *
 * @param values `[n]`
 * @returns `[n]`
 * @throws SafetensorsError `INVALID_ARGUMENT`
 * @example
 * narrowToBfloat16([1]);    // [0x3f80]
 */
export function narrowToBfloat16(values: ArrayLike<number>): Uint16Array {
  checkArgument('narrowToBfloat16', 'values', values, rules.numbers);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    scratchFloat[0] = values[i]!;
    const word = scratch[0]!;
    // A NaN with a payload only in the lower half would round to infinity, so the quiet bit is set instead.
    if ((word & 0x7fffffff) > 0x7f800000) out[i] = (word >>> 16) | 0x40;
    else out[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return out;
}
