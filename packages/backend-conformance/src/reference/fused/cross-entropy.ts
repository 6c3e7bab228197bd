import { findIndexFault, indexError, type CrossEntropyOp } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { SavedStore } from './saved.ts';
import { logSoftmaxRows } from './vectors.ts';

/** loss = −(1 − ε)·ln p[t] − ε/C·Σ ln p; dlogit_j = dloss·(p_j − (1 − ε)·[j = t] − ε/C). */
export function crossEntropy(heap: Heap): CrossEntropyOp {
  const store = new SavedStore<true>(heap, 'crossEntropy');

  function readTargets(
    inputs: Parameters<CrossEntropyOp['forward']>[1],
    rows: number,
    classes: number,
    ignoreIndex: number,
  ): Int32Array {
    const targets = heap.integers('crossEntropy', inputs.targets, rows);
    const position = findIndexFault(targets, classes, ignoreIndex);
    if (position >= 0)
      throw indexError({ where: 'reference.crossEntropy', index: targets[position]!, position, length: classes });
    return targets;
  }

  return {
    supports: () => true,

    forward({ rows, classes, labelSmoothing, ignoreIndex, needsSaved }, inputs) {
      const logP = logSoftmaxRows(heap.floats('crossEntropy', inputs.logits, rows * classes), classes);
      const targets = readTargets(inputs, rows, classes, ignoreIndex);
      const losses = new Float64Array(rows);
      targets.forEach((target, r) => {
        if (target === ignoreIndex) return;
        const row = logP.subarray(r * classes, (r + 1) * classes);
        losses[r] = -(1 - labelSmoothing) * row[target]!;
        // A class of probability 0 would make 0·−∞ of the smoothing term where there is none.
        if (labelSmoothing > 0) losses[r] -= (labelSmoothing / classes) * row.reduce((sum, value) => sum + value, 0);
      });
      return { outputs: { losses: heap.store(losses) }, saved: needsSaved ? store.keep(true) : null };
    },

    backward({ rows, classes, labelSmoothing, ignoreIndex }, { inputs, saved, gradients, wanted }) {
      store.take(saved);
      const logP = logSoftmaxRows(heap.floats('crossEntropy', inputs.logits, rows * classes), classes);
      const targets = readTargets(inputs, rows, classes, ignoreIndex);
      const dLosses = heap.floats('crossEntropy', gradients.losses, rows);
      const dLogits = new Float64Array(logP.length);
      targets.forEach((target, r) => {
        if (target === ignoreIndex) return;
        for (let j = 0; j < classes; j++) {
          const truth = (j === target ? 1 - labelSmoothing : 0) + labelSmoothing / classes;
          dLogits[r * classes + j] = dLosses[r]! * (Math.exp(logP[r * classes + j]!) - truth);
        }
      });
      return { logits: wanted.logits ? heap.store(dLogits) : null };
    },
  };
}
