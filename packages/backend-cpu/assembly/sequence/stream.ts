import { sigmoid, tanh } from '../math';
import { multiplyAdd, storeLanes } from '../support/lanes';
import { partStart } from '../support/split';

// One step of one sequence: matrix–vector products with the gates behind them. A block is a run of output units; its
// weights stand together as [k][lanes], so a step reads each weight once, in order, and a block needs nothing of
// another but the state before the step. Parts share out the blocks. k runs over x and then h, which stand one behind
// the other.

/** Slots of the kernels of a step. */
@unmanaged
class StreamStep {
  /** x [D] and behind it h [P] */
  input: usize;
  inputSize: i32;
  /** P; 0 where nothing recurs */
  stateSize: i32;
  /** Units of the output, and blocks of them */
  units: i32;
  blocks: i32;
  packed: usize;
  /** [blocks][32] */
  bias: usize;
  /** Receive the new output; 0 for none */
  target: usize;
  otherTarget: usize;
  /** LSTM: c [H padded], in place; p_i, p_f, p_o [3, H padded] or 0; f = 1 − i */
  cell: usize;
  peephole: usize;
  coupled: i32;
  /** RNN: 0 the identity, 1 tanh, 2 relu, 3 the end of a GRU whose reset comes before the product */
  activation: i32;
  /**
   * That GRU: z [H, to whole blocks of 32], h before the step, and what stands under tanh so far (the bias of the end)
   */
  update: usize;
  before: usize;
  sums: usize;
}

/** Writes the lanes of a vector that belong to units, to both targets; `unit` is the vector's first. */
// @ts-ignore: decorator
@inline
function storeUnits(q: StreamStep, unit: i32, value: v128): void {
  const offset = (<usize>unit) << 2;
  const count = q.units - unit;
  if (count >= 4) {
    if (q.target != 0) v128.store(q.target + offset, value);
    if (q.otherTarget != 0) v128.store(q.otherTarget + offset, value);
  } else if (count > 0) {
    if (q.target != 0) storeLanes(q.target + offset, value, count);
    if (q.otherTarget != 0) storeLanes(q.otherTarget + offset, value, count);
  }
}

// @ts-ignore: decorator
@inline
function lstmUnits(q: StreamStep, unit: i32, i: v128, f: v128, g: v128, o: v128): void {
  const one = f32x4.splat(1);
  const c = q.cell + ((<usize>unit) << 2);
  const block = (<usize>q.blocks) << 5;
  const peephole = q.peephole + ((<usize>unit) << 2);
  const before = v128.load(c);
  if (q.peephole != 0) {
    i = f32x4.add(i, f32x4.mul(v128.load(peephole), before));
    f = f32x4.add(f, f32x4.mul(v128.load(peephole + block), before));
  }
  i = sigmoid(i);
  f = q.coupled != 0 ? f32x4.sub(one, i) : sigmoid(f);
  const after = f32x4.add(f32x4.mul(f, before), f32x4.mul(i, tanh(g)));
  if (q.peephole != 0) o = f32x4.add(o, f32x4.mul(v128.load(peephole + 2 * block), after));
  v128.store(c, after);
  storeUnits(q, unit, f32x4.mul(sigmoid(o), tanh(after)));
}

/** Blocks of 8 units, lanes i, f, g, o. */
export function lstmStreamStep(args: usize, part: i32, parts: i32): void {
  const q = changetype<StreamStep>(args);
  const depth = (<usize>(q.inputSize + q.stateSize)) << 2;
  const end = q.input + depth;
  const last = partStart(q.blocks, part + 1, parts, 2);
  for (let block = partStart(q.blocks, part, parts, 2); block < last; block++) {
    let p = q.packed + <usize>block * (depth << 5);
    const bias = q.bias + ((<usize>block) << 7);
    let c0 = v128.load(bias);
    let c1 = v128.load(bias, 16);
    let c2 = v128.load(bias, 32);
    let c3 = v128.load(bias, 48);
    let c4 = v128.load(bias, 64);
    let c5 = v128.load(bias, 80);
    let c6 = v128.load(bias, 96);
    let c7 = v128.load(bias, 112);
    for (let k = q.input; k < end; k += 4) {
      const s = v128.load32_splat(k);
      c0 = multiplyAdd(s, v128.load(p), c0);
      c1 = multiplyAdd(s, v128.load(p, 16), c1);
      c2 = multiplyAdd(s, v128.load(p, 32), c2);
      c3 = multiplyAdd(s, v128.load(p, 48), c3);
      c4 = multiplyAdd(s, v128.load(p, 64), c4);
      c5 = multiplyAdd(s, v128.load(p, 80), c5);
      c6 = multiplyAdd(s, v128.load(p, 96), c6);
      c7 = multiplyAdd(s, v128.load(p, 112), c7);
      p += 128;
    }
    lstmUnits(q, block << 3, c0, c2, c4, c6);
    lstmUnits(q, (block << 3) + 4, c1, c3, c5, c7);
  }
}

// @ts-ignore: decorator
@inline
function gruUnits(q: StreamStep, unit: i32, r: v128, z: v128, n: v128, hidden: v128): void {
  const before = v128.load(q.input + ((<usize>(q.inputSize + unit)) << 2));
  n = tanh(f32x4.add(n, f32x4.mul(sigmoid(r), hidden)));
  storeUnits(q, unit, f32x4.add(n, f32x4.mul(sigmoid(z), f32x4.sub(before, n))));
}

/** Blocks of 8 units, lanes r, z, n; biases r, z, b_in, b_hn. The reset comes after the product. */
export function gruStreamStep(args: usize, part: i32, parts: i32): void {
  const q = changetype<StreamStep>(args);
  const start = q.input;
  const middle = start + ((<usize>q.inputSize) << 2);
  const end = middle + ((<usize>q.stateSize) << 2);
  const last = partStart(q.blocks, part + 1, parts, 2);
  for (let block = partStart(q.blocks, part, parts, 2); block < last; block++) {
    let p = q.packed + <usize>block * ((end - start) * 24);
    const bias = q.bias + ((<usize>block) << 7);
    let r0 = v128.load(bias);
    let r1 = v128.load(bias, 16);
    let z0 = v128.load(bias, 32);
    let z1 = v128.load(bias, 48);
    let n0 = v128.load(bias, 64);
    let n1 = v128.load(bias, 80);
    let h0 = v128.load(bias, 96);
    let h1 = v128.load(bias, 112);
    for (let k = start; k < middle; k += 4) {
      const s = v128.load32_splat(k);
      r0 = multiplyAdd(s, v128.load(p), r0);
      r1 = multiplyAdd(s, v128.load(p, 16), r1);
      z0 = multiplyAdd(s, v128.load(p, 32), z0);
      z1 = multiplyAdd(s, v128.load(p, 48), z1);
      n0 = multiplyAdd(s, v128.load(p, 64), n0);
      n1 = multiplyAdd(s, v128.load(p, 80), n1);
      p += 96;
    }
    for (let k = middle; k < end; k += 4) {
      const s = v128.load32_splat(k);
      r0 = multiplyAdd(s, v128.load(p), r0);
      r1 = multiplyAdd(s, v128.load(p, 16), r1);
      z0 = multiplyAdd(s, v128.load(p, 32), z0);
      z1 = multiplyAdd(s, v128.load(p, 48), z1);
      h0 = multiplyAdd(s, v128.load(p, 64), h0);
      h1 = multiplyAdd(s, v128.load(p, 80), h1);
      p += 96;
    }
    gruUnits(q, block << 3, r0, z0, n0, h0);
    gruUnits(q, (block << 3) + 4, r1, z1, n1, h1);
  }
}

// @ts-ignore: decorator
@inline
function resetUnits(q: StreamStep, unit: i32, r: v128, z: v128, n: v128): void {
  const offset = (<usize>unit) << 2;
  v128.store(q.update + offset, sigmoid(z));
  v128.store(q.sums + offset, n);
  storeUnits(q, unit, f32x4.mul(sigmoid(r), v128.load(q.before + offset)));
}

/**
 * Blocks of 8 units, lanes r, z, n over x and r, z over h: z, W_n x + b_in + b_hn and r∘h, which `rnnStreamStep`
 * multiplies by U_n and blends.
 */
export function gruResetStreamStep(args: usize, part: i32, parts: i32): void {
  const q = changetype<StreamStep>(args);
  const start = q.input;
  const middle = start + ((<usize>q.inputSize) << 2);
  const end = middle + ((<usize>q.stateSize) << 2);
  const last = partStart(q.blocks, part + 1, parts, 2);
  for (let block = partStart(q.blocks, part, parts, 2); block < last; block++) {
    let p = q.packed + <usize>block * ((middle - start) * 24 + (end - middle) * 16);
    const bias = q.bias + ((<usize>block) << 7);
    let r0 = v128.load(bias);
    let r1 = v128.load(bias, 16);
    let z0 = v128.load(bias, 32);
    let z1 = v128.load(bias, 48);
    let n0 = v128.load(bias, 64),
      n1 = v128.load(bias, 80);
    for (let k = start; k < middle; k += 4) {
      const s = v128.load32_splat(k);
      r0 = multiplyAdd(s, v128.load(p), r0);
      r1 = multiplyAdd(s, v128.load(p, 16), r1);
      z0 = multiplyAdd(s, v128.load(p, 32), z0);
      z1 = multiplyAdd(s, v128.load(p, 48), z1);
      n0 = multiplyAdd(s, v128.load(p, 64), n0);
      n1 = multiplyAdd(s, v128.load(p, 80), n1);
      p += 96;
    }
    for (let k = middle; k < end; k += 4) {
      const s = v128.load32_splat(k);
      r0 = multiplyAdd(s, v128.load(p), r0);
      r1 = multiplyAdd(s, v128.load(p, 16), r1);
      z0 = multiplyAdd(s, v128.load(p, 32), z0);
      z1 = multiplyAdd(s, v128.load(p, 48), z1);
      p += 64;
    }
    resetUnits(q, block << 3, r0, z0, n0);
    resetUnits(q, (block << 3) + 4, r1, z1, n1);
  }
}

// @ts-ignore: decorator
@inline
function rnnUnits(q: StreamStep, unit: i32, value: v128): void {
  if (q.activation == 3) {
    const offset = (<usize>unit) << 2;
    value = tanh(value);
    value = f32x4.add(value, f32x4.mul(v128.load(q.update + offset), f32x4.sub(v128.load(q.before + offset), value)));
  } else if (q.activation == 1) value = tanh(value);
  else if (q.activation == 2) value = f32x4.max(value, f32x4.splat(0));
  storeUnits(q, unit, value);
}

/** Blocks of 32 units. Also a product alone: a linear layer, the projection of an LSTM. */
export function rnnStreamStep(args: usize, part: i32, parts: i32): void {
  const q = changetype<StreamStep>(args);
  const depth = (<usize>(q.inputSize + q.stateSize)) << 2;
  const end = q.input + depth;
  const last = partStart(q.blocks, part + 1, parts, 1);
  for (let block = partStart(q.blocks, part, parts, 1); block < last; block++) {
    let p = q.packed + <usize>block * (depth << 5);
    const bias = q.bias + ((<usize>block) << 7);
    let c0 = v128.load(bias);
    let c1 = v128.load(bias, 16);
    let c2 = v128.load(bias, 32);
    let c3 = v128.load(bias, 48);
    let c4 = v128.load(bias, 64);
    let c5 = v128.load(bias, 80);
    let c6 = v128.load(bias, 96);
    let c7 = v128.load(bias, 112);
    for (let k = q.input; k < end; k += 4) {
      const s = v128.load32_splat(k);
      c0 = multiplyAdd(s, v128.load(p), c0);
      c1 = multiplyAdd(s, v128.load(p, 16), c1);
      c2 = multiplyAdd(s, v128.load(p, 32), c2);
      c3 = multiplyAdd(s, v128.load(p, 48), c3);
      c4 = multiplyAdd(s, v128.load(p, 64), c4);
      c5 = multiplyAdd(s, v128.load(p, 80), c5);
      c6 = multiplyAdd(s, v128.load(p, 96), c6);
      c7 = multiplyAdd(s, v128.load(p, 112), c7);
      p += 128;
    }
    const unit = block << 5;
    rnnUnits(q, unit, c0);
    rnnUnits(q, unit + 4, c1);
    rnnUnits(q, unit + 8, c2);
    rnnUnits(q, unit + 12, c3);
    rnnUnits(q, unit + 16, c4);
    rnnUnits(q, unit + 20, c5);
    rnnUnits(q, unit + 24, c6);
    rnnUnits(q, unit + 28, c7);
  }
}

/**
 * Lays a weight [gates·units, columns] (or a bias: one column) out for the kernels above: of each block the lanes
 * `gate·width + unit`, column by column, `add` to what stands there or afresh; units past the last are 0. `blockStride`
 * is in bytes.
 */
export function packStream(
  source: usize,
  columns: i32,
  units: i32,
  gates: i32,
  width: i32,
  laneStride: i32,
  target: usize,
  blockStride: usize,
  blocks: i32,
  add: i32,
): void {
  for (let block = 0; block < blocks; block++) {
    for (let lane = 0; lane < gates * width; lane++) {
      const gate = lane / width;
      const unit = block * width + lane - gate * width;
      const from = source + ((<usize>(gate * units + unit) * <usize>columns) << 2);
      let to = target + <usize>block * blockStride + ((<usize>lane) << 2);
      for (let k: usize = 0; k < <usize>columns; k++) {
        const value: f32 = unit < units ? load<f32>(from + (k << 2)) : 0;
        store<f32>(to, add != 0 ? load<f32>(to) + value : value);
        to += (<usize>laneStride) << 2;
      }
    }
  }
}
