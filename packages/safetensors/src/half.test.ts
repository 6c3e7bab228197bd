import { describe, expect, it } from 'vitest';
import { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from './half.ts';

const everyPattern = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value of a binary16 pattern by the definition, in float64. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function bfloat16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 7) & 255;
  const fraction = bits & 127;
  if (exponent === 255) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -133 : sign * (1 + fraction / 128) * 2 ** (exponent - 127);
}

const formats = [
  { name: 'float16', value: float16Value, widen: widenFloat16, narrow: narrowToFloat16, infinity: 0x7c00 },
  { name: 'bfloat16', value: bfloat16Value, widen: widenBfloat16, narrow: narrowToBfloat16, infinity: 0x7f80 },
];

describe.each(formats)('$name', ({ value, widen, narrow, infinity }) => {
  it('widens every pattern exactly', () => {
    const wide = widen(everyPattern);
    const wrong = everyPattern.filter((bits) => !Object.is(wide[bits], value(bits)));
    expect(wrong).toEqual(new Uint16Array(0));
  });

  it('narrows every widened pattern back to itself, NaN to NaN', () => {
    const back = narrow(widen(everyPattern));
    const wrong = everyPattern.filter((bits) =>
      Number.isNaN(value(bits)) ? !Number.isNaN(value(back[bits]!)) : back[bits] !== bits,
    );
    expect(wrong).toEqual(new Uint16Array(0));
  });

  it('rounds to nearest, ties to even, between all neighbours', () => {
    const wrong: number[] = [];
    for (let bits = 0; bits < infinity; bits++) {
      const low = value(bits);
      // The step above the largest finite value leads to infinity: its half is the threshold.
      const step = bits + 1 < infinity ? value(bits + 1) - low : low - value(bits - 1);
      const even = bits % 2 === 0 ? bits : bits + 1;
      const middle = Math.fround(low + step / 2);
      if (middle !== low + step / 2) continue; // halves of bfloat16's subnormals are below float32's
      const nudge = Math.fround(low + step * 0.25);
      const [tie, near, far, negative] = narrow([middle, nudge, Math.fround(low + step * 0.75), -middle]);
      if (tie !== even || (negative! & 0x7fff) !== even || negative! >> 15 !== 1) wrong.push(bits);
      if (Math.abs(nudge - low) < step / 2 && near !== bits) wrong.push(bits);
      if (far !== bits + 1 && low + step * 0.75 === Math.fround(low + step * 0.75)) wrong.push(bits);
    }
    expect(wrong).toEqual([]);
  });

  it('takes what is too large to infinity and what is too small to zero', () => {
    const [large, small, negativeSmall] = narrow([3.4028234663852886e38, 1e-45, -1e-45]);
    expect(large).toBe(infinity);
    expect(small).toBe(0);
    expect(negativeSmall).toBe(0x8000);
  });
});

it('keeps a bfloat16 NaN whose payload is in the lower half', () => {
  const nan = new Float32Array(new Uint32Array([0x7f800001]).buffer);
  expect(bfloat16Value(narrowToBfloat16(nan)[0]!)).toBeNaN();
});
