/** x^y, lane by lane: AssemblyScript's f32 power, which works in f64 inside. NaN for x < 0 and a fractional y. */
export function power(x: v128, y: v128): v128 {
  let z = f32x4.splat(Mathf.pow(f32x4.extract_lane(x, 0), f32x4.extract_lane(y, 0)));
  z = f32x4.replace_lane(z, 1, Mathf.pow(f32x4.extract_lane(x, 1), f32x4.extract_lane(y, 1)));
  z = f32x4.replace_lane(z, 2, Mathf.pow(f32x4.extract_lane(x, 2), f32x4.extract_lane(y, 2)));
  return f32x4.replace_lane(z, 3, Mathf.pow(f32x4.extract_lane(x, 3), f32x4.extract_lane(y, 3)));
}
