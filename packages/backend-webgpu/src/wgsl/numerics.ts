/**
 * Elementary functions in WGSL, written out instead of using the built-in ones: those may be off by 2⁻¹¹ (sin, cos),
 * by 3 + 2|x| units in the last place (exp), lose tanh near 0 or overflow in it, and may assume that no NaN and no
 * infinity exists. The polynomials are those of the Cephes library (Moshier 1992).
 *
 * Functions named `…Bits` take and give the bits of an f32: special values are chosen as integers, where no compiler
 * can reason them away.
 */
export const numerics = /* wgsl */ `
fn isNan(bits: u32) -> bool { return (bits & 0x7fffffffu) > 0x7f800000u; }
fn isFinite(bits: u32) -> bool { return (bits & 0x7f800000u) != 0x7f800000u; }
fn power2(n: i32) -> f32 { return bitcast<f32>(u32(n + 127) << 23u); }

// e^r - 1 for |r| <= 0.35
fn expNearZero(r: f32) -> f32 {
  let p = ((((1.9875691500e-4 * r + 1.3981999507e-3) * r + 8.3334519073e-3) * r + 4.1665795894e-2) * r + 1.6666665459e-1) * r + 5.0000001201e-1;
  return p * r * r + r;
}
// e^x, held within the finite numbers; a NaN goes through, because every comparison with it is false
fn expFinite(value: f32) -> f32 {
  let x = select(select(value, -104.0, value < -104.0), 88.72, value > 88.72);
  let n = floor(x * 1.44269504 + 0.5);
  let r = (x - n * 0.693359375) + n * 2.12194440e-4;
  let half = i32(n) / 2;
  return (1.0 + expNearZero(r)) * power2(half) * power2(i32(n) - half);
}
fn expBits(x: f32) -> u32 {
  return select(bitcast<u32>(expFinite(x)), 0x7f800000u, x > 88.722839);
}
fn expm1Bits(x: f32) -> u32 {
  return select(select(bitcast<u32>(expFinite(x) - 1.0), 0x7f800000u, x > 88.722839), bitcast<u32>(expNearZero(x)), abs(x) < 0.34);
}
// ln((1 + s) / (1 - s)) for |s| <= 1/3
fn logRatio(s: f32) -> f32 {
  let z = s * s;
  return 2.0 * s * (1.0 + z * (0.33333333 + z * (0.2 + z * (0.14285714 + z * (0.11111111 + z * (0.09090909 + z * (0.07692308 + z * 0.06666667)))))));
}
// ln of a positive finite number, denormal ones included
fn logFinite(x: f32) -> f32 {
  var bits = bitcast<u32>(x);
  var exponent = i32(bits >> 23u) - 127;
  if (bits < 0x00800000u) {
    let shift = countLeadingZeros(bits) - 8u;
    bits = bits << shift;
    exponent = -126 - i32(shift);
  }
  var m = bitcast<f32>((bits & 0x007fffffu) | 0x3f800000u);
  if (m > 1.41421356) { m = 0.5 * m; exponent = exponent + 1; }
  let e = f32(exponent);
  return e * 0.693359375 + (logRatio((m - 1.0) / (m + 1.0)) - e * 2.12194440e-4);
}
fn logBits(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) == 0u) { return 0xff800000u; }
  if (bits > 0x80000000u) { return 0x7fc00000u; }
  if (!isFinite(bits)) { return bits; }
  return bitcast<u32>(logFinite(bitcast<f32>(bits)));
}
// ln of any number; logFinite would read the bits of a NaN as those of a large one
fn logOf(x: f32) -> f32 { return bitcast<f32>(logBits(bitcast<u32>(x))); }
fn log1pNear(x: f32) -> f32 {
  if (abs(x) < 0.5) { return logRatio(x / (2.0 + x)); }
  return logFinite(1.0 + x);
}
fn log1pBits(bits: u32) -> u32 {
  let x = bitcast<f32>(bits);
  if (x == -1.0) { return 0xff800000u; }
  if (x < -1.0) { return 0x7fc00000u; }
  if (!isFinite(bits)) { return bits; }
  return bitcast<u32>(log1pNear(x));
}
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + expFinite(-x)); }
fn tanhOf(x: f32) -> f32 {
  let a = abs(x);
  let z = x * x;
  let near = ((((-5.70498872745e-3 * z + 2.06390887954e-2) * z - 5.37397155531e-2) * z + 1.33314422036e-1) * z - 3.33332819422e-1) * z * x + x;
  let far = 1.0 - 2.0 / (expFinite(2.0 * a) + 1.0);
  return select(select(far, -far, x < 0.0), near, a < 0.625);
}
fn softplus(x: f32) -> f32 { return select(0.0, x, x > 0.0) + log1pNear(expFinite(-abs(x))); }
fn sinQuarter(turns: i32, r: f32) -> f32 {
  let z = r * r;
  let sine = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let cosine = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
  let value = select(sine, cosine, (turns & 1) != 0);
  return select(value, -value, (turns & 2) != 0);
}
// sin(x + quarter turns); pi/2 is subtracted in three parts
fn sinBits(bits: u32, turns: i32) -> u32 {
  if (!isFinite(bits)) { return 0x7fc00000u; }
  let x = bitcast<f32>(bits);
  let n = floor(x * 0.636619772 + 0.5);
  let r = ((x - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.54978995489188216e-8;
  return bitcast<u32>(sinQuarter(i32(n) + turns, r));
}
fn powerBits(base: u32, exponent: u32) -> u32 {
  let a = bitcast<f32>(exponent);
  let magnitude = base & 0x7fffffffu;
  if ((exponent & 0x7fffffffu) == 0u) { return 0x3f800000u; }
  if (isNan(base) || isNan(exponent)) { return 0x7fc00000u; }
  // By the bits, because a device may take a denormal number for 0 in a comparison.
  let upward = exponent < 0x80000000u;
  let whole = (exponent & 0x7fffffffu) >= 0x3f800000u && floor(a) == a;
  let odd = whole && floor(0.5 * a) * 2.0 != a;
  let sign = select(0u, base & 0x80000000u, odd);
  if (magnitude == 0u) { return sign | select(0u, 0x7f800000u, !upward); }
  if (magnitude == 0x7f800000u) { return sign | select(0u, 0x7f800000u, upward); }
  if (base > 0x80000000u && !whole) { return 0x7fc00000u; }
  return sign | expBits(a * logFinite(bitcast<f32>(magnitude)));
}
`;
