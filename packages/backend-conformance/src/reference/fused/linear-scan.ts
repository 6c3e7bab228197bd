import type { LinearScanOp } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { SavedStore } from './saved.ts';

/**
 * One step after the other. With λ_t = dh_t + a_{t+1}∘λ_{t+1}, t + 1 being the next step in the direction of travel:
 * db = λ, da_t = λ_t∘h_{t−1}, dinitial = a_first∘λ_first.
 */
export function linearScan(heap: Heap): LinearScanOp {
  const store = new SavedStore<null>(heap, 'linearScan');
  return {
    supports: () => true,

    forward({ steps, width, reverse, needsSaved }, inputs) {
      const a = heap.floats('linearScan', inputs.a, steps * width);
      const b = heap.floats('linearScan', inputs.b, steps * width);
      const initial = inputs.initial && heap.floats('linearScan', inputs.initial, width);
      const h = new Float64Array(steps * width);
      let before = initial ?? new Float64Array(width);
      for (const t of travel(steps, reverse)) {
        before = before.map((value, i) => a[t * width + i]! * value + b[t * width + i]!);
        h.set(before, t * width);
      }
      return { outputs: { h: heap.store(h) }, saved: needsSaved ? store.keep(null) : null };
    },

    backward({ steps, width, reverse }, { inputs, outputs, saved, gradients, wanted }) {
      store.take(saved);
      const a = heap.floats('linearScan', inputs.a, steps * width);
      const initial = inputs.initial && heap.floats('linearScan', inputs.initial, width);
      const h = heap.floats('linearScan', outputs.h, steps * width);
      const dh = heap.floats('linearScan', gradients.h, steps * width);
      const da = new Float64Array(h.length);
      const db = new Float64Array(h.length);
      const carried = new Float64Array(width);
      const order = travel(steps, reverse);
      for (let k = steps - 1; k >= 0; k--) {
        for (let i = 0; i < width; i++) {
          const at = order[k]! * width + i;
          db[at] = dh[at]! + carried[i]!;
          da[at] = db[at] * (k > 0 ? h[order[k - 1]! * width + i]! : (initial?.[i] ?? 0));
          carried[i] = a[at]! * db[at];
        }
      }
      return {
        a: wanted.a ? heap.store(da) : null,
        b: wanted.b ? heap.store(db) : null,
        initial: wanted.initial ? heap.store(carried) : null,
      };
    },
  };
}

function travel(steps: number, reverse: boolean): number[] {
  return Array.from({ length: steps }, (_, k) => (reverse ? steps - 1 - k : k));
}
