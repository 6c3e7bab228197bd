import { numerics } from './numerics.ts';

/**
 * Stands for ln 0: WGSL may assume that no infinity exists. Sums of logarithms of real probabilities stay far above it.
 */
const logZero = '-1.0e30';
const infeasible = '-5.0e29';

export const ctcParameters = {
  steps: 'u32',
  batch: 'u32',
  states: 'u32',
  classes: 'u32',
  blank: 'i32',
  zeroInfinity: 'u32',
} as const;

/** WGSL over the buffers `plan`, `x` and `normalisers` (each row's largest logit and ln Σ exp(logit − largest)). */
export const ctcFunctions = `${numerics}
const logZero = ${logZero};
fn labelOf(n: u32, s: u32) -> i32 { return plan[n * params.states + s]; }
fn linkOf(n: u32, s: u32) -> i32 { return plan[(params.batch + n) * params.states + s]; }
fn framesOf(n: u32) -> u32 { return u32(plan[2u * params.batch * params.states + n]); }
fn statesOf(n: u32) -> u32 { return u32(plan[2u * params.batch * params.states + params.batch + n]); }
// A NaN is no proof that the target cannot be aligned.
fn isFeasible(total: f32) -> bool { return isNan(bitcast<u32>(total)) || total > ${infeasible}; }
`;

export const logProbability = `
fn logProbability(t: u32, n: u32, label: i32) -> f32 {
  let row = t * params.batch + n;
  return x[row * params.classes + u32(label)] - normalisers[2u * row] - normalisers[2u * row + 1u];
}
// A blank may be left out between two different labels, never between two equal ones.
fn maySkipTo(n: u32, s: u32) -> bool {
  if (s < 2u) { return false; }
  let label = labelOf(n, s);
  return label != params.blank && label != labelOf(n, s - 2u);
}
fn logSum(a: f32, b: f32, c: f32) -> f32 {
  let most = max(a, max(b, c));
  return most + logOf(expFinite(a - most) + expFinite(b - most) + expFinite(c - most));
}
`;

/** α over all frames of one sequence, the workgroup's lanes over its states; then the loss. */
export function alphaBody(lanes: number): string {
  return `  let n = block;
  if (n >= params.batch) { return; }
  let frames = framesOf(n);
  let states = statesOf(n);
  for (var t = 0u; t < frames; t = t + 1u) {
    for (var s = lane; s < states; s = s + ${lanes}u) {
      var reached = select(logZero, 0.0, s <= 1u);
      if (t > 0u) {
        let base = ((t - 1u) * params.batch + n) * params.states + s;
        var one = logZero;
        var two = logZero;
        if (s >= 1u) { one = alpha[base - 1u]; }
        if (maySkipTo(n, s)) { two = alpha[base - 2u]; }
        reached = logSum(alpha[base], one, two);
      }
      alpha[(t * params.batch + n) * params.states + s] = reached + logProbability(t, n, labelOf(n, s));
    }
    storageBarrier();
    workgroupBarrier();
  }
  if (lane != 0u) { return; }
  // Without frames only the empty target can be told.
  var total = select(logZero, 0.0, states == 1u);
  if (frames > 0u) {
    let last = ((frames - 1u) * params.batch + n) * params.states + states - 1u;
    var before = logZero;
    if (states > 1u) { before = alpha[last - 1u]; }
    total = logSum(alpha[last], before, logZero);
  }
  totals[n] = total;
  let impossible = select(0x7f800000u, 0u, params.zeroInfinity != 0u);
  losses[n] = select(impossible, bitcast<u32>(-total), isFeasible(total));`;
}

/** β from the last frame back, and in place of α the probability of each state at each frame. */
export function occupancyBody(lanes: number): string {
  return `  let n = block;
  if (n >= params.batch) { return; }
  let frames = framesOf(n);
  let states = statesOf(n);
  for (var i = 0u; i < frames; i = i + 1u) {
    let t = frames - 1u - i;
    let row = ((i & 1u) * params.batch + n) * params.states;
    let later = (((i + 1u) & 1u) * params.batch + n) * params.states;
    for (var s = lane; s < states; s = s + ${lanes}u) {
      var beta = select(logZero, 0.0, s + 2u >= states);
      if (i > 0u) {
        var one = logZero;
        var two = logZero;
        if (s + 1u < states) { one = leaving[later + s + 1u]; }
        if (s + 2u < states && maySkipTo(n, s + 2u)) { two = leaving[later + s + 2u]; }
        beta = logSum(leaving[later + s], one, two);
      }
      leaving[row + s] = beta + logProbability(t, n, labelOf(n, s));
      let place = (t * params.batch + n) * params.states + s;
      alpha[place] = expFinite(alpha[place] + beta - totals[n]);
    }
    storageBarrier();
    workgroupBarrier();
  }`;
}
