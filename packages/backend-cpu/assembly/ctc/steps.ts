import { sumLanes, VECTOR } from '../support/lanes';
import { EMISSION_LABELS, GUARD } from './layout';
import { scaledTo, wideExponent, wideMantissa, ZERO_EXPONENT } from './wide';

// A frame is four arrays of `bytes` bytes each: the blanks' mantissas and exponents, then the labels'.

/**
 * One step of the forward recursion (Graves et al. 2006, equations 6–7), from the frame at `from` to the one at `to`:
 * blank' = (blank + label₋₁)·y, label' = (label + blank + [label ≠ label₋₁]·label₋₁)·y.
 */
export function stepForward(from: usize, to: usize, bytes: usize, emission: usize, maySkip: usize): void {
  const z = v128.load32_splat(emission);
  const blankM = wideMantissa(z);
  const blankE = wideExponent(z);
  const zero = i32x4.splat(ZERO_EXPONENT);
  const end = bytes - GUARD;
  for (let i: usize = GUARD; i < end; i += VECTOR) {
    const bm = v128.load(from + i);
    const be = v128.load(from + bytes + i);
    const lm = v128.load(from + 2 * bytes + i);
    const le = v128.load(from + 3 * bytes + i);
    const pm = v128.load(from + 2 * bytes + i - 4);
    const pe = v128.load(from + 3 * bytes + i - 4);
    const top = i32x4.max_s(be, pe);
    v128.store(to + i, f32x4.mul(f32x4.add(scaledTo(top, bm, be), scaledTo(top, pm, pe)), blankM));
    v128.store(to + bytes + i, i32x4.add(top, blankE));
    const labelZ = v128.load(emission + (EMISSION_LABELS << 2) + i - GUARD);
    const se = v128.bitselect(pe, zero, v128.load(maySkip + i));
    const labelTop = i32x4.max_s(i32x4.max_s(le, be), se);
    // A transition that is not allowed has an exponent so low that its mantissa is scaled to 0.
    const sum = f32x4.add(f32x4.add(scaledTo(labelTop, lm, le), scaledTo(labelTop, bm, be)), scaledTo(labelTop, pm, se));
    v128.store(to + 2 * bytes + i, f32x4.mul(sum, wideMantissa(labelZ)));
    v128.store(to + 3 * bytes + i, i32x4.add(labelTop, wideExponent(labelZ)));
  }
}

/** beta·y of every state of a frame, from `beta` to `out`. */
export function timesEmission(beta: usize, out: usize, bytes: usize, emission: usize): void {
  const z = v128.load32_splat(emission);
  const blankM = wideMantissa(z);
  const blankE = wideExponent(z);
  const end = bytes - GUARD;
  for (let i: usize = GUARD; i < end; i += VECTOR) {
    v128.store(out + i, f32x4.mul(v128.load(beta + i), blankM));
    v128.store(out + bytes + i, i32x4.add(v128.load(beta + bytes + i), blankE));
    const labelZ = v128.load(emission + (EMISSION_LABELS << 2) + i - GUARD);
    v128.store(out + 2 * bytes + i, f32x4.mul(v128.load(beta + 2 * bytes + i), wideMantissa(labelZ)));
    v128.store(out + 3 * bytes + i, i32x4.add(v128.load(beta + 3 * bytes + i), wideExponent(labelZ)));
  }
}

/** One step of the backward recursion, h = beta·y: blank' = h + label_h, label' = label_h + h₊₁ + [label₊₁ ≠ label]·label_h₊₁. */
export function stepBackward(h: usize, to: usize, bytes: usize, maySkip: usize): void {
  const zero = i32x4.splat(ZERO_EXPONENT);
  const end = bytes - GUARD;
  for (let i: usize = GUARD; i < end; i += VECTOR) {
    const bm = v128.load(h + i);
    const be = v128.load(h + bytes + i);
    const lm = v128.load(h + 2 * bytes + i);
    const le = v128.load(h + 3 * bytes + i);
    const top = i32x4.max_s(be, le);
    v128.store(to + i, f32x4.add(scaledTo(top, bm, be), scaledTo(top, lm, le)));
    v128.store(to + bytes + i, top);
    const nm = v128.load(h + i + 4);
    const ne = v128.load(h + bytes + i + 4);
    const sm = v128.load(h + 2 * bytes + i + 4);
    const se = v128.bitselect(v128.load(h + 3 * bytes + i + 4), zero, v128.load(maySkip + i + 4));
    const labelTop = i32x4.max_s(i32x4.max_s(le, ne), se);
    const sum = f32x4.add(f32x4.add(scaledTo(labelTop, lm, le), scaledTo(labelTop, nm, ne)), scaledTo(labelTop, sm, se));
    v128.store(to + 2 * bytes + i, sum);
    v128.store(to + 3 * bytes + i, labelTop);
  }
}

/**
 * What share of all paths is in each state of one frame, alpha·beta/Σ alpha·beta, to `out`: the blanks' sum first, then
 * the labels from EMISSION_LABELS on. Dividing by the frame's own sum instead of p(target) makes the shares sum to 1
 * although alpha and beta have rounded for T steps. `exponent` is that of p(target), and keeps the products in range.
 */
export function occupancies(alpha: usize, beta: usize, bytes: usize, exponent: i32, out: usize): void {
  const shift = i32x4.splat(127 - exponent);
  const labels = out + (EMISSION_LABELS << 2);
  let blankSum = f32x4.splat(0.0);
  let labelSum = f32x4.splat(0.0);
  const end = bytes - GUARD;
  for (let i: usize = GUARD; i < end; i += VECTOR) {
    blankSum = f32x4.add(blankSum, share(alpha + i, beta + i, bytes, shift));
    const label = share(alpha + 2 * bytes + i, beta + 2 * bytes + i, bytes, shift);
    v128.store(labels + i - GUARD, label);
    labelSum = f32x4.add(labelSum, label);
  }
  const blanks = sumLanes(blankSum);
  const scale: f32 = <f32>1.0 / (blanks + sumLanes(labelSum));
  store<f32>(out, blanks * scale);
  const scales = f32x4.splat(scale);
  for (let i: usize = GUARD; i < end; i += VECTOR) {
    v128.store(labels + i - GUARD, f32x4.mul(v128.load(labels + i - GUARD), scales));
  }
}

/** Four products of numbers whose exponents stand `bytes` behind their mantissas, times 2^(shift − 127). */
// @ts-ignore: decorator
@inline
function share(a: usize, b: usize, bytes: usize, shift: v128): v128 {
  const e = i32x4.add(i32x4.add(v128.load(a + bytes), v128.load(b + bytes)), shift);
  const power = i32x4.min_s(i32x4.max_s(e, i32x4.splat(0)), i32x4.splat(254));
  return f32x4.mul(f32x4.mul(v128.load(a), v128.load(b)), i32x4.shl(power, 23));
}
