import { checkArgument, rules } from './arguments.ts';

/**
 * The 8-bit floats: a sign, e bits of exponent and m bits of fraction. F8_E4M3 and the formats with FN in their name have
 * no infinity. Formats with UZ also have only one zero, and one NaN, whose pattern is that of −0. E8M0 is a power of two
 * without a sign.
 */
export const float8Formats = ['F8_E4M3', 'F8_E5M2', 'F8_E4M3FNUZ', 'F8_E5M2FNUZ', 'F8_E8M0'] as const;

/** The name of an 8-bit float format. */
export type Float8Format = (typeof float8Formats)[number];

const formatRule = {
  expected: `one of ${float8Formats.join(', ')}`,
  fits: (value: unknown) => (float8Formats as readonly unknown[]).includes(value),
};

/**
 * Converts bit patterns of an 8-bit float to 32-bit floats, exactly.
 *
 * Source: Micikevicius et al. 2022 (E4M3, E5M2); Noune et al. 2022 (FNUZ); OCP Microscaling Formats 1.0 (E8M0).
 *
 * @param bits `[n]`
 * @returns `[n]`
 * @throws SafetensorsError `INVALID_ARGUMENT`
 * @example
 * widenFloat8(Uint8Array.of(0x38), 'F8_E4M3');    // [1]
 */
export function widenFloat8(bits: Uint8Array, format: Float8Format): Float32Array {
  checkArgument('widenFloat8', 'bits', bits, rules.bits8);
  checkArgument('widenFloat8', 'format', format, formatRule);
  const values = Float32Array.from({ length: 256 }, (_, pattern) => valueOf(pattern, format));
  return Float32Array.from(bits, (pattern) => values[pattern]!);
}

function valueOf(pattern: number, format: Float8Format): number {
  if (format === 'F8_E8M0') return pattern === 0xff ? NaN : 2 ** (pattern - 127);
  const oneZero = format.endsWith('FNUZ');
  if (oneZero && pattern === 0x80) return NaN;
  const fractionBits = format.startsWith('F8_E4') ? 3 : 2;
  const exponentBits = 7 - fractionBits;
  const bias = 2 ** (exponentBits - 1) - (oneZero ? 0 : 1);
  const sign = pattern & 0x80 ? -1 : 1;
  const exponent = (pattern & 0x7f) >> fractionBits;
  const fraction = pattern & (2 ** fractionBits - 1);
  if (format === 'F8_E4M3' && (pattern & 0x7f) === 0x7f) return NaN;
  if (format === 'F8_E5M2' && exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
}
