import type { DeviceBuffer, MaybeBuffer } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { productTime, wholeLines, padded, type SequencePlan } from './sequence-plan.ts';
import { gateBytes } from './sequence-weights.ts';

/** Rows that `inputGradient` makes at a time: their gates stay in the second-level cache. */
const inputRows = 24;

/** dx = dG·W_ih; `gates` is the address of the first block that x feeds, `blocks` how many it feeds. */
export function inputGradient(
  engine: Engine, plan: SequencePlan, target: DeviceBuffer,
  from: { gates: number; blocks: number; packed: number; inputSize: number; hiddenSize: number },
): void {
  const depth = from.blocks * padded(from.hiddenSize);
  const parts = engine.partsFor(productTime(plan.rows * depth * from.inputSize));
  const stride = wholeLines(4 * inputRows * padded(from.inputSize));
  engine.withScratch((scratch) => {
    engine.run('inputGradient', parts, [...plan.slots, from.gates, depth, from.packed, engine.address(target), inputRows, scratch(parts * stride), stride]);
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
  | { readonly kind: 'addresses'; readonly index: number };

export function weightGradient(engine: Engine, rows: number, job: WeightGradientJob): void {
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
      rows, job.left, job.leftStride, units, unitsPadded, gates.length, gateBytes(gates),
      base, stride, index, Number(right.kind === 'addresses'),
      columns, engine.addressOrZero(job.weight), engine.addressOrZero(job.bias), scratch(parts * scratchStride), scratchStride,
    ]);
  });
}

/** The addresses of h before each packed row, for the gradient of W_hh: rows of h0 (zeros where it is null) and of the output. */
export function previousRows(
  engine: Engine, scratch: (bytes: number) => number, plan: SequencePlan,
  from: { output: DeviceBuffer; h0: MaybeBuffer; outputSize: number },
): RightRows {
  const zeros = scratch(4 * padded(from.outputSize));
  engine.f32.fill(0, zeros / 4, zeros / 4 + padded(from.outputSize));
  const index = scratch(4 * plan.rows);
  engine.run('previousRows', 1, [...plan.slots, engine.address(from.output), engine.addressOrZero(from.h0), zeros, index]);
  return { kind: 'addresses', index };
}
