import type { SoftmaxOp } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { SavedStore } from './saved.ts';
import { logSoftmaxRows } from './vectors.ts';

/** p = softmax(x); dx = p∘(dp − Σ dp∘p). */
export function softmax(heap: Heap): SoftmaxOp {
  return rowOp(
    heap,
    'softmax',
    (logP) => Math.exp(logP),
    (p, dp, sums) => p * (dp - sums.weighted),
  );
}

/** y = ln softmax(x); dx = dy − eʸ·Σ dy. */
export function logSoftmax(heap: Heap): SoftmaxOp {
  return rowOp(
    heap,
    'logSoftmax',
    (logP) => logP,
    (y, dy, sums) => dy - Math.exp(y) * sums.plain,
  );
}

interface RowSums {
  /** Σ dy∘y */
  readonly weighted: number;
  /** Σ dy */
  readonly plain: number;
}

function rowOp(
  heap: Heap,
  where: string,
  fromLog: (logP: number) => number,
  gradient: (y: number, dy: number, sums: RowSums) => number,
): SoftmaxOp {
  const store = new SavedStore<true>(heap, where);
  return {
    supports: () => true,

    forward({ rows, classes, needsSaved }, inputs) {
      const x = heap.floats(where, inputs.x, rows * classes);
      const y = heap.store(logSoftmaxRows(x, classes).map(fromLog));
      return { outputs: { y }, saved: needsSaved ? store.keep(true) : null };
    },

    backward({ rows, classes }, { outputs, saved, gradients, wanted }) {
      store.take(saved);
      const y = heap.floats(where, outputs.y, rows * classes);
      const dy = heap.floats(where, gradients.y, rows * classes);
      const dx = new Float64Array(y.length);
      for (let start = 0; start < y.length; start += classes) {
        let weighted = 0;
        let plain = 0;
        for (let j = start; j < start + classes; j++) {
          weighted += dy[j]! * y[j]!;
          plain += dy[j]!;
        }
        for (let j = start; j < start + classes; j++) dx[j] = gradient(y[j]!, dy[j]!, { weighted, plain });
      }
      return { x: wanted.x ? heap.store(dx) : null };
    },
  };
}
