import type { DeviceBuffer, MaybeBuffer } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { productTime, wholeLines, padded, type SequencePlan } from './sequence-plan.ts';
import { gateBytes } from './sequence-weights.ts';

/**
 * Rows that `inputGradient` makes at a time: their gates stay in the second-level cache. A library wants more of them.
 */
const inputRows = 24;
const outsideRows = 128;
/** Multiplications and additions a nanosecond that a library makes on one core, about. */
const outsideSpeed = 70;

/** dx = dG·W_ih; `gates` is the address of the first block that x feeds, `blocks` how many it feeds. */
export function inputGradient(
  engine: Engine,
  plan: SequencePlan,
  target: DeviceBuffer,
  from: { gates: number; blocks: number; packed: number; inputSize: number; hiddenSize: number },
): void {
  const depth = from.blocks * padded(from.hiddenSize);
  const parts = engine.partsFor(productTime(plan.rows * depth * from.inputSize));
  const rows = plan.outside ? outsideRows : inputRows;
  const direct = plan.straight && from.inputSize === padded(from.inputSize);
  const stride = direct ? 0 : wholeLines(4 * rows * padded(from.inputSize));
  engine.withScratch((scratch) => {
    engine.run('inputGradient', parts, [
      ...plan.slots,
      from.gates,
      depth,
      from.packed,
      engine.address(target),
      Number(direct),
      rows,
      scratch(parts * stride),
      stride,
    ]);
  });
}

/** A product dW = dGᵀ·R and the sum db = Σ dG; either may be left out. */
export interface WeightGradientJob {
  /** Address of the first block of dG, and floats from row to row */
  readonly left: number;
  readonly leftStride: number;
  /** H */
  readonly units: number;
  /** The gate of each block */
  readonly gates: readonly number[];
  readonly right: RightRows;
  /** K */
  readonly columns: number;
  /** [gates·H, K] */
  readonly weight: MaybeBuffer;
  /** [gates·H] */
  readonly bias: MaybeBuffer;
}

/** Where R has its rows: one after another from `base`, or there by number, or at addresses. */
export type RightRows =
  | { readonly kind: 'packed'; readonly base: number; readonly stride: number }
  | { readonly kind: 'numbered'; readonly base: number; readonly stride: number; readonly index: number }
  | { readonly kind: 'addresses'; readonly index: number; readonly output: number; readonly h0: number };

export type Scratch = (bytes: number) => number;

export function weightGradient(engine: Engine, scratch: Scratch, plan: SequencePlan, job: WeightGradientJob): void {
  const { rows } = plan;
  if (plan.outside && rows > 0) {
    if (job.weight && job.columns > 0) productOutside(engine, scratch, plan, job, job.weight);
    if (job.bias) biasOutside(engine, scratch, plan, job, job.bias);
    return;
  }
  if (job.weight === null && job.bias === null) return;
  const columns = job.weight === null ? 0 : job.columns;
  let { units, gates } = job;
  let unitsPadded = padded(units);
  if (units === unitsPadded && gates.every((gate, block) => gate === block)) {
    // Blocks without padding and in the weight's own order are one: fewer tiles that are not full.
    units *= gates.length;
    unitsPadded = units;
    gates = [0];
  }
  const parts = engine.partsFor(productTime(rows * units * gates.length * Math.max(columns, 8)));
  const { right } = job;
  const base = right.kind === 'addresses' ? 0 : right.base;
  const stride = right.kind === 'addresses' ? 0 : right.stride;
  const index = right.kind === 'packed' ? 0 : right.index;
  const scratchStride = wholeLines(engine.kernels.weightGradientScratch(columns));
  engine.withScratch((scratch) => {
    engine.run('weightGradient', parts, [
      rows,
      job.left,
      job.leftStride,
      units,
      unitsPadded,
      gates.length,
      gateBytes(gates),
      base,
      stride,
      index,
      Number(right.kind === 'addresses'),
      columns,
      engine.addressOrZero(job.weight),
      engine.addressOrZero(job.bias),
      scratch(parts * scratchStride),
      scratchStride,
    ]);
  });
}

/**
 * The addresses of h before each packed row, for the gradient of W_hh: rows of h0 (zeros where it is null) and of the
 * output.
 */
export function previousRows(
  engine: Engine,
  scratch: (bytes: number) => number,
  plan: SequencePlan,
  from: { output: DeviceBuffer; h0: MaybeBuffer; outputSize: number },
): RightRows {
  const zeros = scratch(4 * padded(from.outputSize));
  engine.f32.fill(0, zeros / 4, zeros / 4 + padded(from.outputSize));
  const index = scratch(4 * plan.rows);
  engine.run('previousRows', 1, [
    ...plan.slots,
    engine.address(from.output),
    engine.addressOrZero(from.h0),
    zeros,
    index,
  ]);
  return { kind: 'addresses', index, output: engine.address(from.output), h0: engine.addressOrZero(from.h0) };
}

/** dW by a library, on every thread a share of its rows or columns. */
function productOutside(
  engine: Engine,
  scratch: Scratch,
  plan: SequencePlan,
  job: WeightGradientJob,
  weight: DeviceBuffer,
): void {
  const { units, columns, gates } = job;
  const rightRuns = rowsInOrder(engine, scratch, plan, job);
  // Blocks without padding whose gates follow one another are one product.
  const runs: { block: number; gate: number; count: number }[] = [];
  gates.forEach((gate, block) => {
    const last = runs.at(-1);
    if (last && units === padded(units) && gate === last.gate + last.count) last.count++;
    else runs.push({ block, gate, count: 1 });
  });
  for (const { block, gate, count } of runs) {
    const target = engine.address(weight) + 4 * gate * units * columns;
    const left = job.left + 4 * block * padded(units);
    rightRuns.forEach(({ row, rows, base, stride }, i) => {
      const parts = engine.partsFor((rows * count * units * columns) / outsideSpeed);
      engine.run('multiplyParts', parts, [
        count * units,
        columns,
        rows,
        left + 4 * row * job.leftStride,
        job.leftStride,
        base,
        stride,
        Number(i > 0),
        target,
        columns,
      ]);
    });
  }
}

/** Consecutive rows of R; the first belongs to the packed row `row`. */
interface RightRun {
  readonly row: number;
  readonly rows: number;
  readonly base: number;
  readonly stride: number;
}

/** The rows of R in order: as they are, or copied. */
function rowsInOrder(
  engine: Engine,
  scratch: Scratch,
  plan: SequencePlan,
  { right, columns }: WeightGradientJob,
): RightRun[] {
  const { rows } = plan;
  if (right.kind === 'packed' || (right.kind === 'numbered' && plan.straight))
    return [{ row: 0, rows, base: right.base, stride: right.stride }];
  if (right.kind === 'addresses' && plan.straight && rows > plan.batch) {
    // The first step has its rows of h before it in h0 or in zeros, the others theirs in the output.
    const rest = { row: plan.batch, rows: rows - plan.batch, base: right.output, stride: columns };
    return right.h0 === 0 ? [rest] : [{ row: 0, rows: plan.batch, base: right.h0, stride: columns }, rest];
  }
  const base = scratch(4 * rows * columns);
  const source = right.kind === 'numbered' ? [right.base, right.stride] : [0, 0];
  engine.run('gatherRows', engine.partsFor(rows * columns * 0.3), [rows, columns, ...source, right.index, base]);
  return [{ row: 0, rows, base, stride: columns }];
}

/** db = Σ dG over the packed rows. */
function biasOutside(
  engine: Engine,
  scratch: Scratch,
  plan: SequencePlan,
  { left, leftStride, units, gates }: WeightGradientJob,
  bias: DeviceBuffer,
): void {
  const width = gates.length * padded(units);
  const sums = scratch(4 * width);
  engine.run('sumRows', engine.partsFor(plan.rows * width * 0.1), [plan.rows, width, left, leftStride, sums]);
  gates.forEach((gate, block) => {
    const from = sums / 4 + block * padded(units);
    engine.f32.copyWithin(engine.address(bias) / 4 + gate * units, from, from + units);
  });
}

/** b_ih and b_hh of a sum have one gradient. */
export function copyBuffer(engine: Engine, from: DeviceBuffer, to: DeviceBuffer): void {
  const start = engine.address(from) / 4;
  engine.f32.copyWithin(engine.address(to) / 4, start, start + from.length);
}
