import { sumLanes, VECTOR } from '../support/lanes';
import { EMISSION_LABELS, GUARD } from './layout';
import { exponentBias, scaledTo, ZERO_EXPONENT } from './wide';

// A frame is four arrays of `bytes` bytes each: the blanks' mantissas and exponents, then the labels'. Neighbours come
// from the vector before by a shuffle: loading four lanes from between two vectors that were just stored waits for both
// stores to reach the cache.

/** The last lane of `before` and the first three of `x`: state i − 1 in the place of state i. */
// @ts-ignore: decorator
@inline
function fromLeft(before: v128, x: v128): v128 {
  return i8x16.shuffle(before, x, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27);
}

/** The last three lanes of `x` and the first of `after`: state i + 1 in the place of state i. */
// @ts-ignore: decorator
@inline
function fromRight(x: v128, after: v128): v128 {
  return i8x16.shuffle(x, after, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
}

/**
 * One step of the forward recursion (Graves et al. 2006, equations 6–7), from the frame at `from` to the one at `to`:
 * blank' = (blank + label₋₁)·y, label' = (label + blank + [label ≠ label₋₁]·label₋₁)·y. `exponents` bytes lie between
 * the labels' mantissas and exponents in an emission.
 */
export function stepForward(
  from: usize,
  to: usize,
  bytes: usize,
  emission: usize,
  exponents: usize,
  maySkip: usize,
): void {
  const blankM = v128.load32_splat(emission);
  const blankE = v128.load32_splat(emission, 4);
  const bias = exponentBias();
  const zero = i32x4.splat(ZERO_EXPONENT);
  const end = bytes - GUARD;
  let beforeM = i32x4.splat(0);
  let beforeE = zero;
  let y = emission + (EMISSION_LABELS << 2);
  for (let i: usize = GUARD; i < end; i += VECTOR, y += VECTOR) {
    const bm = v128.load(from + i);
    const be = v128.load(from + bytes + i);
    const lm = v128.load(from + 2 * bytes + i);
    const le = v128.load(from + 3 * bytes + i);
    const pm = fromLeft(beforeM, lm);
    const pe = fromLeft(beforeE, le);
    beforeM = lm;
    beforeE = le;
    const top = i32x4.max_s(be, pe);
    v128.store(to + i, f32x4.mul(f32x4.add(scaledTo(top, bm, be, bias), scaledTo(top, pm, pe, bias)), blankM));
    v128.store(to + bytes + i, i32x4.add(top, blankE));
    const se = v128.bitselect(pe, zero, v128.load(maySkip + i));
    const labelTop = i32x4.max_s(i32x4.max_s(le, be), se);
    // A transition that is not allowed has an exponent so low that its mantissa is scaled to 0.
    const sum = f32x4.add(
      f32x4.add(scaledTo(labelTop, lm, le, bias), scaledTo(labelTop, bm, be, bias)),
      scaledTo(labelTop, pm, se, bias),
    );
    v128.store(to + 2 * bytes + i, f32x4.mul(sum, v128.load(y)));
    v128.store(to + 3 * bytes + i, i32x4.add(labelTop, v128.load(y + exponents)));
  }
}

/**
 * One frame of the backward pass, from the last state to the first.
 *
 * It takes the frame's emissions and puts in their place what share of all paths is in each state, alpha·beta/Σ
 * alpha·beta, the blanks summed; the division is left to whoever reads them, by the factor beside the blanks' sum.
 * Dividing by the frame's own sum instead of p(target) makes the shares sum to 1 although alpha and beta have rounded
 * for T steps. `exponent` is that of p(target), and keeps the products in range.
 *
 * And it makes `beta` that of the frame before, with h = beta·y: blank' = h + label_h, label' = label_h + h₊₁ +
 * [label₊₁ ≠ label]·label_h₊₁.
 */
export function stepBackward(
  alpha: usize,
  beta: usize,
  bytes: usize,
  exponent: i32,
  emission: usize,
  exponents: usize,
  maySkip: usize,
): void {
  const blankM = v128.load32_splat(emission);
  const blankE = v128.load32_splat(emission, 4);
  const bias = exponentBias();
  const shift = i32x4.splat(127 - exponent);
  const zero = i32x4.splat(ZERO_EXPONENT);
  let blankSum = i32x4.splat(0);
  let labelSum = i32x4.splat(0);
  let afterBlankM = i32x4.splat(0);
  let afterBlankE = zero;
  let afterLabelM = i32x4.splat(0);
  let afterLabelE = zero;
  let i = bytes - GUARD;
  let y = emission + (EMISSION_LABELS << 2) + i - GUARD;
  while (i > GUARD) {
    i -= VECTOR;
    y -= VECTOR;
    const blankBetaM = v128.load(beta + i);
    const blankBetaE = v128.load(beta + bytes + i);
    const labelBetaM = v128.load(beta + 2 * bytes + i);
    const labelBetaE = v128.load(beta + 3 * bytes + i);
    const bm = f32x4.mul(blankBetaM, blankM);
    const be = i32x4.add(blankBetaE, blankE);
    const lm = f32x4.mul(labelBetaM, v128.load(y));
    const le = i32x4.add(labelBetaE, v128.load(y + exponents));
    blankSum = f32x4.add(
      blankSum,
      share(v128.load(alpha + i), v128.load(alpha + bytes + i), blankBetaM, blankBetaE, shift),
    );
    const label = share(
      v128.load(alpha + 2 * bytes + i),
      v128.load(alpha + 3 * bytes + i),
      labelBetaM,
      labelBetaE,
      shift,
    );
    v128.store(y, label);
    labelSum = f32x4.add(labelSum, label);

    const top = i32x4.max_s(be, le);
    v128.store(beta + i, f32x4.add(scaledTo(top, bm, be, bias), scaledTo(top, lm, le, bias)));
    v128.store(beta + bytes + i, top);
    const nm = fromRight(bm, afterBlankM);
    const ne = fromRight(be, afterBlankE);
    const sm = fromRight(lm, afterLabelM);
    const se = v128.bitselect(fromRight(le, afterLabelE), zero, v128.load(maySkip + i + 4));
    const labelTop = i32x4.max_s(i32x4.max_s(le, ne), se);
    const sum = f32x4.add(
      f32x4.add(scaledTo(labelTop, lm, le, bias), scaledTo(labelTop, nm, ne, bias)),
      scaledTo(labelTop, sm, se, bias),
    );
    v128.store(beta + 2 * bytes + i, sum);
    v128.store(beta + 3 * bytes + i, labelTop);
    afterBlankM = bm;
    afterBlankE = be;
    afterLabelM = lm;
    afterLabelE = le;
  }
  const blanks = sumLanes(blankSum);
  store<f32>(emission, blanks);
  store<f32>(emission, <f32>1.0 / (blanks + sumLanes(labelSum)), 4);
}

/** Four products a·b with exponents, times 2^(shift − 127). */
// @ts-ignore: decorator
@inline
function share(aM: v128, aE: v128, bM: v128, bE: v128, shift: v128): v128 {
  const e = i32x4.add(i32x4.add(aE, bE), shift);
  const power = i32x4.min_s(i32x4.max_s(e, i32x4.splat(0)), i32x4.splat(254));
  return f32x4.mul(f32x4.mul(aM, bM), i32x4.shl(power, 23));
}
