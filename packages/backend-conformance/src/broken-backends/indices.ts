import type { DeviceBuffer } from '@timestep/backend-api';
import type { Heap } from '../reference/heap.ts';
import type { BrokenBackend } from './broken-backend.ts';

/** Runs `use` while the indices hold what `change` makes of them. */
function whileIndexing<Result>(
  heap: Heap,
  index: DeviceBuffer,
  change: (place: number) => number,
  use: () => Result,
): Result {
  const places = heap.integers('broken', index);
  const kept = places.slice();
  places.set(kept.map(change));
  try {
    return use();
  } finally {
    places.set(kept);
  }
}

/** Runs `use` and keeps quiet about an index out of range. */
function silently(use: () => void): void {
  try {
    use();
  } catch {
    return;
  }
}

/** Faults of the operations that read indices on the device. */
export const brokenIndices: readonly BrokenBackend[] = [
  {
    fault: 'gatherRows clamps an index out of range',
    caughtBy: 'gatherRows: an index out of range gives 0 and INVALID_ARGUMENT',
    breakIt: ({ gatherRows }, heap) => ({
      gatherRows(table, index, out, columns) {
        const last = Math.max(0, table.length / Math.max(1, columns) - 1);
        whileIndexing(
          heap,
          index,
          (row) => Math.min(Math.max(row, 0), last),
          () => gatherRows(table, index, out, columns),
        );
      },
    }),
  },
  {
    fault: 'gatherAxis gives 0 for an index out of range and tells nobody',
    caughtBy: 'gatherAxis: an index out of range gives 0 and INVALID_ARGUMENT',
    breakIt: ({ gatherAxis }) => ({
      gatherAxis: (input, index, out, spec) => silently(() => gatherAxis(input, index, out, spec)),
    }),
  },
  {
    fault: 'scatterAddRows stops at an index out of range',
    caughtBy: 'scatterAddRows: an index out of range adds nothing, and is INVALID_ARGUMENT',
    breakIt: ({ scatterAddRows }, heap) => ({
      scatterAddRows(values, index, out, columns) {
        const rows = out.length / Math.max(1, columns);
        let stopped = false;
        whileIndexing(
          heap,
          index,
          (row) => {
            stopped ||= row < 0 || row >= rows;
            return stopped ? -1 : row;
          },
          () => scatterAddRows(values, index, out, columns),
        );
      },
    }),
  },
  {
    fault: 'scatterAddAxis counts a negative index from the end',
    caughtBy: 'scatterAddAxis: an index out of range adds nothing, and is INVALID_ARGUMENT',
    breakIt: ({ scatterAddAxis }, heap) => ({
      scatterAddAxis(values, index, out, spec) {
        whileIndexing(
          heap,
          index,
          (place) => (place < 0 && place >= -spec.length ? place + spec.length : place),
          () => scatterAddAxis(values, index, out, spec),
        );
      },
    }),
  },
  {
    fault: 'crossEntropy takes a target out of range for an ignored one',
    caughtBy: 'crossEntropy: a target out of range has loss 0, gradient 0 and INVALID_ARGUMENT',
    breakIt: ({ fused: { crossEntropy } }, heap) => ({
      fused: {
        crossEntropy: {
          ...crossEntropy,
          forward: (spec, inputs) =>
            whileIndexing(
              heap,
              inputs.targets,
              (target) => (target >= 0 && target < spec.classes ? target : spec.ignoreIndex),
              () => crossEntropy.forward(spec, inputs),
            ),
        },
      },
    }),
  },
];
