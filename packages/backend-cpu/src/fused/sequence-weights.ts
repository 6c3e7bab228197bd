import type { Engine } from '../engine/engine.ts';
import { padded, type SequencePlan } from './sequence-plan.ts';

/** A weight [gates·rows, columns] to pack; `gates` names the gate of each block of the gate rows, in their order. */
export interface PackJob {
  readonly source: number;
  readonly rows: number;
  readonly columns: number;
  readonly gates: readonly number[];
  /** `transposed`: for x·Wᵀ. `plain`: for dG·W. */
  readonly form: 'transposed' | 'plain';
}

/** Bytes of the packed weight. */
function packedBytes(job: PackJob): number {
  const units = job.gates.length * padded(job.rows);
  return 4 * (job.form === 'plain' ? units * padded(job.columns) : units * job.columns);
}

/** The address of a weight that is already as a product outside takes it; null for one that is to be packed. */
function inPlace(plan: SequencePlan, { source, form, rows, columns, gates }: PackJob): number | null {
  const first = gates[0]!;
  const isPlain =
    plan.outside &&
    form === 'plain' &&
    rows === padded(rows) &&
    columns === padded(columns) &&
    gates.every((gate, block) => gate === first + block);
  return isPlain ? source + 4 * first * rows * columns : null;
}

/** One byte a block, in the order of the blocks; 255 means none. */
export function gateBytes(gates: readonly number[]): number {
  return gates.reduce((bytes, gate, block) => bytes | (gate << (8 * block)), 0);
}

/** No gate of this bias goes into the block. */
export const noGate = 255;

/** Packs weights into scratch memory, all in one run over the threads, and returns their addresses. */
export function packWeights(
  engine: Engine,
  plan: SequencePlan,
  scratch: (bytes: number) => number,
  jobs: readonly PackJob[],
): number[] {
  const packed = jobs.map((job) => ({
    job,
    target: inPlace(plan, job) ?? scratch(packedBytes(job)),
    ready: inPlace(plan, job) !== null,
  }));
  const left = packed.filter(({ ready }) => !ready);
  const slots = left.flatMap(({ job, target }) => [
    job.source,
    target,
    job.rows,
    padded(job.rows),
    job.columns,
    job.gates.length,
    gateBytes(job.gates),
    Number(job.form === 'plain'),
    Number(plan.outside),
  ]);
  const floats = left.reduce((sum, { job }) => sum + packedBytes(job) / 4, 0);
  engine.run('packPanels', engine.partsFor(floats * 0.5), [left.length, ...slots]);
  return packed.map(({ target }) => target);
}

/** The row of biases that gate rows start from; the gates of each bias by block. */
export function packBias(
  engine: Engine,
  scratch: (bytes: number) => number,
  hiddenSize: number,
  sides: readonly { readonly address: number; readonly gates: readonly number[] }[],
): number {
  const blocks = sides[0]!.gates.length;
  const target = scratch(4 * blocks * padded(hiddenSize));
  engine.run('packBias', 1, [
    target,
    hiddenSize,
    padded(hiddenSize),
    blocks,
    ...sides.map((side) => side.address),
    ...sides.map((side) => gateBytes(side.gates)),
  ]);
  return target;
}
