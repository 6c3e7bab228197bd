import { integer, pointer } from '../support/arguments';
import { VECTOR } from '../support/lanes';
import { arrayBytes, emissionStride, GUARD, width } from './layout';
import { stepBackward, stepForward } from './steps';
import { exponentBias, RENORMALISE, renormalise, scaledTo, ZERO_EXPONENT } from './wide';

const LN2: f64 = 0.6931471805599453;

/** Bytes of work space for a sequence of T frames and L labels: the mask of the skips, then the frames. */
export function ctcWorkBytes(T: i32, labels: i32, backward: i32): f64 {
  const frames = backward != 0 ? T + 2 : 2;
  return <f64>arrayBytes(labels) * (4.0 * <f64>frames + 1.0);
}

/** Makes the four arrays of a frame zeros, guards included. */
function clearFrame(frame: usize, bytes: usize): void {
  memory.fill(frame, 0, 4 * bytes);
  const zero = i32x4.splat(ZERO_EXPONENT);
  for (let i: usize = 0; i < bytes; i += VECTOR) {
    v128.store(frame + bytes + i, zero);
    v128.store(frame + 3 * bytes + i, zero);
  }
}

/** Makes blank or label `i` (arrays 0 or 2) of a frame 1. */
function setOne(frame: usize, bytes: usize, array: usize, i: i32): void {
  const at = frame + array * bytes + GUARD + ((<usize>i) << 2);
  store<f32>(at, 1.0);
  store<i32>(at + bytes, 0);
}

function renormaliseFrame(frame: usize, bytes: usize): void {
  renormalise(frame, frame + bytes, bytes);
  renormalise(frame + 2 * bytes, frame + 3 * bytes, bytes);
}

/**
 * Writes all bits where a path may go from label i − 1 straight to label i, that is where they differ, and returns how
 * many neighbours are the same: each of them needs a frame for the blank between.
 */
function findRepeats(mask: usize, bytes: usize, target: usize, labels: i32): i32 {
  memory.fill(mask, 0, bytes);
  let repeats = 0;
  for (let i: i32 = 1; i < labels; i++) {
    const at = target + ((<usize>i) << 2);
    if (load<i32>(at) == load<i32>(at - 4)) repeats++;
    else store<i32>(mask + GUARD + ((<usize>i) << 2), -1);
  }
  return repeats;
}

/**
 * Σ ln of the frames' softmax sums, which the emissions were left without: a common factor of a frame is a common
 * factor of all paths. A product of 16 sums stays in the range of f64.
 */
function logNormals(normal: usize, stride: usize, T: i32): f64 {
  let result: f64 = 0.0;
  let product: f64 = 1.0;
  for (let t: i32 = 0; t < T; t++) {
    product *= <f64>load<f32>(normal + <usize>t * stride, 4);
    if ((t & 15) == 15) {
      result += Math.log(product);
      product = 1.0;
    }
  }
  return result + Math.log(product);
}

/**
 * −ln p(target) of each sequence by the forward recursion and, where `backward` asks for them, the occupancies of all
 * states in the place of the emissions. `feasible` gets 1, 2 where the loss is NaN, or 0 where no path reads as the
 * target: the loss is +∞ then, or 0 with `zeroInfinity`. Part p takes every parts-th sequence from p on, which evens
 * out batches sorted by length. Slots: emissions, T, N, maxLabels, targets, inputLengths, targetLengths, normal,
 * losses, feasible, work, bytes of work a part, backward, zeroInfinity.
 */
export function ctcForwardBackward(args: usize, part: i32, parts: i32): void {
  const T = integer(args, 1);
  const N = integer(args, 2);
  const maxLabels = integer(args, 3);
  const stride = (<usize>emissionStride(maxLabels)) << 2;
  const normalStride = (<usize>N) << 3;
  const work = pointer(args, 10) + <usize>part * pointer(args, 11);
  const backward = integer(args, 12) != 0;
  for (let n = part; n < N; n += parts) {
    const offset = (<usize>n) << 2;
    const length = load<i32>(pointer(args, 5) + offset);
    const labels = load<i32>(pointer(args, 6) + offset);
    const bytes = arrayBytes(labels);
    const repeats = findRepeats(work, bytes, pointer(args, 4) + ((<usize>n * <usize>maxLabels) << 2), labels);
    let loss: f64 = length == 0 && labels == 0 ? 0.0 : Infinity;
    if (length > 0 && labels + repeats <= length) {
      const normals = logNormals(pointer(args, 7) + ((<usize>n) << 3), normalStride, length);
      const emissions = pointer(args, 0) + <usize>n * <usize>T * stride;
      loss = sequenceLoss(
        work,
        bytes,
        emissions,
        stride,
        (<usize>width(maxLabels)) << 2,
        length,
        labels,
        backward,
        normals,
      );
    }
    const infeasible = loss == Infinity;
    store<i32>(pointer(args, 9) + offset, infeasible ? 0 : loss != loss ? 2 : 1);
    store<f32>(pointer(args, 8) + offset, infeasible && integer(args, 13) != 0 ? <f32>0.0 : <f32>loss);
  }
}

function sequenceLoss(
  work: usize,
  bytes: usize,
  emissions: usize,
  stride: usize,
  exponents: usize,
  T: i32,
  labels: i32,
  backward: bool,
  normals: f64,
): f64 {
  const frameBytes = 4 * bytes;
  const start = work + bytes;
  // Without a backward pass two frames take turns; with one, all are kept. The frame before the first is the empty
  // path.
  const kept: usize = backward ? frameBytes : 0;
  clearFrame(start, bytes);
  setOne(start, bytes, 0, 0);
  let from = start;
  let to = start + frameBytes;
  for (let t: i32 = 0; t < T; t++) {
    stepForward(from, to, bytes, emissions + <usize>t * stride, exponents, work);
    if (t % RENORMALISE == RENORMALISE - 1) renormaliseFrame(to, bytes);
    const next = backward ? to + kept : from;
    from = to;
    to = next;
  }
  const final = from;
  // Without labels the last one is the guard before them.
  v128.store(final + 2 * bytes, i32x4.splat(0));
  v128.store(final + 3 * bytes, i32x4.splat(ZERO_EXPONENT));
  const blankAt = final + GUARD + ((<usize>labels) << 2);
  const labelAt = final + 2 * bytes + GUARD + ((<usize>labels) << 2) - 4;
  const top = i32x4.max_s(v128.load32_splat(blankAt + bytes), v128.load32_splat(labelAt + bytes));
  const exponent = i32x4.extract_lane(top, 0);
  const p = f32x4.extract_lane(
    f32x4.add(
      scaledTo(top, v128.load32_splat(blankAt), v128.load32_splat(blankAt + bytes), exponentBias()),
      scaledTo(top, v128.load32_splat(labelAt), v128.load32_splat(labelAt + bytes), exponentBias()),
    ),
    0,
  );
  if (p == 0.0) return Infinity;
  if (backward) shareOut(work, bytes, emissions, stride, exponents, T, labels, exponent, from, to);
  // Rounding may put a certain target a hair above probability 1.
  return max(normals - (Math.log(p) + <f64>exponent * LN2), 0.0);
}

/** The backward recursion from the last frame, at `alpha`, to the first; the frame at `beta` is free. */
function shareOut(
  work: usize,
  bytes: usize,
  emissions: usize,
  stride: usize,
  exponents: usize,
  T: i32,
  labels: i32,
  exponent: i32,
  alpha: usize,
  beta: usize,
): void {
  clearFrame(beta, bytes);
  setOne(beta, bytes, 0, labels);
  if (labels > 0) setOne(beta, bytes, 2, labels - 1);
  let a = alpha;
  for (let t = T - 1; t >= 0; t--, a -= 4 * bytes) {
    stepBackward(a, beta, bytes, exponent, emissions + <usize>t * stride, exponents, work);
    if (t % RENORMALISE == 0) renormaliseFrame(beta, bytes);
  }
}
