import type { DeviceBuffer } from '@timestep/backend-api';
import type { Runtime } from '../../device/runtime.ts';
import { phaseSource, type Layout, type Phase } from '../../wgsl/recurrent.ts';

/** Up to this many hidden units one workgroup holds them all and takes many steps in one dispatch. */
const mostWholeUnits = 128;
/** Steps of one such dispatch, so that a long sequence does not hold the device for long. */
const stepsPerDispatch = 512;
/** Workgroups that keep a large device busy. */
const enoughWorkgroups = 64;

/** A phase with the buffers of its bindings and the extent of its product. */
export interface BoundPhase {
  /** Tells kernels of different text apart. */
  readonly key: string;
  readonly phase: Phase;
  readonly buffers: readonly DeviceBuffer[];
  readonly width: number;
  readonly units: number;
}

/** Steps, sequences, and the first step that a sweep visits. */
export interface SweepExtent {
  readonly steps: number;
  readonly batch: number;
}

/** Multiplications worth an invocation of its own. */
const sliceDepth = 16;

function wholeLayout(units: number, width: number): Layout {
  const padded = Math.max(4, 2 ** Math.ceil(Math.log2(units)));
  return {
    units: padded,
    slices: Math.min(16, 256 / padded, Math.max(1, 2 ** Math.floor(Math.log2(width / sliceDepth)))),
    rows: 4,
  };
}

function stepLayout(units: number, batch: number): Layout {
  const rows = batch <= 4 ? 4 : 8;
  const wide = Math.ceil(batch / rows) * Math.ceil(units / 32) >= enoughWorkgroups;
  return wide ? { units: 32, slices: 8, rows } : { units: 16, slices: 16, rows };
}

/** Encodes `count` steps of a phase from `start` on. */
function runSteps(
  runtime: Runtime,
  bound: BoundPhase,
  layout: Layout,
  { steps, batch }: SweepExtent,
  start: number,
  count: number,
): void {
  const { phase, width, units } = bound;
  const { descending, reverse, hasLengths, sums } = phase;
  const kernel = runtime.kernel(
    `${bound.key} ${sums} ${descending} ${reverse} ${hasLengths} ${layout.units} ${layout.slices} ${layout.rows}`,
    () => phaseSource(phase, layout),
  );
  const unitBlocks = Math.ceil(units / layout.units);
  const blocks = unitBlocks * Math.ceil(batch / layout.rows);
  const parameters = { steps, batch, width, units, start, count, unitBlocks, blocks };
  runtime.run(kernel, bound.buffers, parameters, blocks, 2 * count * batch * units * sums * width);
}

function runOneStep(runtime: Runtime, bound: BoundPhase, extent: SweepExtent, start: number): void {
  runSteps(runtime, bound, stepLayout(bound.units, extent.batch), extent, start, 1);
}

/**
 * Sweeps over all steps. A single phase whose units fit one workgroup runs up to `stepsPerDispatch` steps in a
 * dispatch; else each step is one dispatch of each phase.
 */
export function sweep(runtime: Runtime, phases: readonly BoundPhase[], extent: SweepExtent): void {
  const { steps } = extent;
  const [only] = phases;
  const { descending } = only!.phase;
  const timeOf = (step: number): number => (descending ? steps - 1 - step : step);
  if (phases.length === 1 && only!.units <= mostWholeUnits) {
    for (let step = 0; step < steps; step += stepsPerDispatch) {
      runSteps(
        runtime,
        only!,
        wholeLayout(only!.units, only!.width),
        extent,
        timeOf(step),
        Math.min(stepsPerDispatch, steps - step),
      );
    }
    return;
  }
  for (let step = 0; step < steps; step++) {
    for (const bound of phases) runOneStep(runtime, bound, extent, timeOf(step));
  }
}
