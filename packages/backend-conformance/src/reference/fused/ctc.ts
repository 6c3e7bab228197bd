import { ArgumentError, type CtcLossOp, type CtcSpec } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { SavedStore, checkLengths } from './saved.ts';
import { logSoftmaxRows, logSumExp } from './vectors.ts';

/** One sequence aligned: its loss, and how likely each extended label is to be the one at each frame. */
interface Alignment {
  readonly loss: number;
  /** γ `[frames, 2L + 1]` */
  readonly occupancy: Float64Array;
  /** blank, l₁, blank, l₂, …, blank */
  readonly labels: Int32Array;
}

/**
 * Graves et al. (2006), in logarithms. α_t(s) takes in the frames up to t, β_t(s) those after t, so that
 * p = Σ_s e^(α_t(s) + β_t(s)) at any t, and γ_t(s) = e^(α_t(s) + β_t(s))/p.
 */
function align(
  logP: (frame: number, label: number) => number,
  frames: number,
  target: Int32Array,
  blank: number,
): Alignment {
  const labels = new Int32Array(2 * target.length + 1).fill(blank);
  target.forEach((label, k) => (labels[2 * k + 1] = label));
  const S = labels.length;
  // A blank may be left out between two different labels, never between two equal ones.
  const maySkipTo = (s: number) => s >= 2 && labels[s] !== blank && labels[s] !== labels[s - 2];
  const alpha = Array.from({ length: frames }, () => new Float64Array(S).fill(-Infinity));
  const beta = Array.from({ length: frames }, () => new Float64Array(S).fill(-Infinity));
  const at = (row: Float64Array, s: number) => (s >= 0 && s < S ? row[s]! : -Infinity);

  for (let t = 0; t < frames; t++) {
    for (let s = 0; s < S; s++) {
      const from = t === 0 ? (s <= 1 ? 0 : -Infinity) : arrive(alpha[t - 1]!, s);
      alpha[t]![s] = from + logP(t, labels[s]!);
    }
  }
  for (let t = frames - 1; t >= 0; t--) {
    for (let s = 0; s < S; s++) {
      if (t === frames - 1) beta[t]![s] = s >= S - 2 ? 0 : -Infinity;
      else beta[t]![s] = logSumExp([leave(t, s), leave(t, s + 1), maySkipTo(s + 2) ? leave(t, s + 2) : -Infinity]);
    }
  }

  function arrive(previous: Float64Array, s: number): number {
    return logSumExp([at(previous, s), at(previous, s - 1), maySkipTo(s) ? at(previous, s - 2) : -Infinity]);
  }
  function leave(t: number, to: number): number {
    return to < S ? beta[t + 1]![to]! + logP(t + 1, labels[to]!) : -Infinity;
  }

  // Without frames only the empty target can be told.
  const last = alpha[frames - 1];
  const logTotal = last ? logSumExp([at(last, S - 1), at(last, S - 2)]) : target.length === 0 ? 0 : -Infinity;
  const occupancy = new Float64Array(frames * S);
  alpha.forEach((row, t) =>
    row.forEach((value, s) => (occupancy[t * S + s] = Math.exp(value + beta[t]![s]! - logTotal))),
  );
  return { loss: -logTotal, occupancy, labels };
}

function checkSpec(spec: CtcSpec): void {
  const { steps, batch, classes, blank, targets, maxTargetLength, inputLengths, targetLengths } = spec;
  checkLengths('ctcLoss', 'input lengths', inputLengths, batch, steps);
  checkLengths('ctcLoss', 'target lengths', targetLengths, batch, maxTargetLength);
  if (targets.length !== batch * maxTargetLength) {
    throw new ArgumentError(
      `[reference.ctcLoss] expected ${batch * maxTargetLength} targets, got ${targets.length}; pad each row`,
    );
  }
  for (let n = 0; n < batch; n++) {
    const wrong = targetOf(spec, n).find((label) => label < 0 || label >= classes || label === blank);
    if (wrong !== undefined) {
      throw new ArgumentError(
        `[reference.ctcLoss] expected labels in 0…${classes - 1} other than the blank ${blank}, got ${wrong}; check the targets`,
      );
    }
  }
}

function targetOf({ targets, maxTargetLength, targetLengths }: CtcSpec, n: number): Int32Array {
  return targets.subarray(n * maxTargetLength, n * maxTargetLength + targetLengths[n]!);
}

/** dlogit_k = dloss·(softmax_k − Σ_{s: label_s = k} γ(s)), and 0 for a target that cannot be aligned. */
export function ctcLoss(heap: Heap): CtcLossOp {
  interface Kept {
    readonly logP: Float64Array;
    readonly alignments: readonly Alignment[];
  }
  const store = new SavedStore<Kept>(heap, 'ctcLoss');
  return {
    supports: () => true,

    forward(spec, inputs) {
      checkSpec(spec);
      const { steps, batch, classes } = spec;
      const logP = logSoftmaxRows(heap.floats('ctcLoss', inputs.logits, steps * batch * classes), classes);
      const alignments = Array.from({ length: batch }, (_, n) =>
        align(
          (t, label) => logP[(t * batch + n) * classes + label]!,
          spec.inputLengths[n]!,
          targetOf(spec, n),
          spec.blank,
        ),
      );
      const losses = Float64Array.from(alignments, ({ loss }) => (loss === Infinity && spec.zeroInfinity ? 0 : loss));
      return {
        outputs: { losses: heap.store(losses) },
        saved: spec.needsSaved ? store.keep({ logP, alignments }) : null,
      };
    },

    backward(spec, { saved, gradients, wanted }) {
      const { steps, batch, classes, inputLengths } = spec;
      const { logP, alignments } = store.take(saved);
      const dLosses = heap.floats('ctcLoss', gradients.losses, batch);
      const dLogits = new Float64Array(steps * batch * classes);
      alignments.forEach(({ loss, occupancy, labels }, n) => {
        if (loss === Infinity) return;
        for (let t = 0; t < inputLengths[n]!; t++) {
          const start = (t * batch + n) * classes;
          // Every occupancy is NaN; the difference would hide it from the classes that the target lacks.
          if (Number.isNaN(loss)) dLogits.fill(NaN, start, start + classes);
          for (let k = 0; k < classes; k++) dLogits[start + k]! += dLosses[n]! * Math.exp(logP[start + k]!);
          labels.forEach((label, s) => (dLogits[start + label]! -= dLosses[n]! * occupancy[t * labels.length + s]!));
        }
      });
      return { logits: wanted.logits ? heap.store(dLogits) : null };
    },
  };
}
