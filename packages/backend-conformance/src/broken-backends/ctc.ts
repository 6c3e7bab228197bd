import type { CtcLossOp, CtcSpec } from '@timestep/backend-api';
import type { ReferenceBackend } from '../reference/backend.ts';
import { tamper, whileHolding, type BrokenBackend, type Fault } from './broken-backend.ts';

function ctcWith({ fused: { ctcLoss } }: ReferenceBackend, change: Partial<CtcLossOp>): Fault {
  return { fused: { ctcLoss: { ...ctcLoss, ...change } } };
}

/**
 * −ln p of sequence n where two equal labels may follow each other without a blank between: the sum over too many
 * paths.
 */
function lossWithoutRepeatRule(spec: CtcSpec, logits: Float64Array, n: number): number {
  const { batch, classes, blank, targets, maxTargetLength, inputLengths, targetLengths } = spec;
  const states = 2 * targetLengths[n]! + 1;
  const labels = Array.from({ length: states }, (_, s) =>
    s % 2 ? targets[n * maxTargetLength + (s - 1) / 2]! : blank,
  );
  let alpha: number[] = labels.map((_, s) => (s === 0 ? 1 : 0));
  for (let t = 0; t < inputLengths[n]!; t++) {
    const weights = Array.from(logits.subarray((t * batch + n) * classes, (t * batch + n + 1) * classes), Math.exp);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const before = alpha;
    alpha = labels.map((label, s) => {
      const from = t === 0 ? (s < 2 ? 1 : 0) : before[s]! + (before[s - 1] ?? 0) + (s % 2 ? (before[s - 2] ?? 0) : 0);
      return (from * weights[label]!) / sum;
    });
  }
  return -Math.log(alpha[states - 1]! + (alpha[states - 2] ?? 0));
}

/** Faults of connectionist temporal classification. */
export const brokenCtc: readonly BrokenBackend[] = [
  {
    fault: 'equal labels need no blank between them',
    caughtBy: 'ctcLoss forward: repeated labels',
    breakIt: (right, heap) =>
      ctcWith(right, {
        forward(spec, inputs) {
          const result = right.fused.ctcLoss.forward(spec, inputs);
          const logits = heap.floats('broken', inputs.logits);
          tamper(heap, result.outputs.losses, (losses) =>
            losses.forEach((_, n) => (losses[n] = lossWithoutRepeatRule(spec, logits, n))),
          );
          return result;
        },
      }),
  },
  {
    fault: 'zeroInfinity is ignored',
    caughtBy: 'ctcLoss forward: an infeasible target with zeroInfinity',
    breakIt: (right) =>
      ctcWith(right, {
        forward: (spec, inputs) => right.fused.ctcLoss.forward({ ...spec, zeroInfinity: false }, inputs),
      }),
  },
  {
    fault: 'an infeasible target has a very large loss instead of an infinite one',
    caughtBy: 'ctcLoss forward: an infeasible target',
    breakIt: (right, heap) =>
      ctcWith(right, {
        forward(spec, inputs) {
          const result = right.fused.ctcLoss.forward(spec, inputs);
          tamper(heap, result.outputs.losses, (losses) =>
            losses.forEach((loss, n) => (losses[n] = Math.min(loss, 1e9))),
          );
          return result;
        },
      }),
  },
  {
    fault: 'the upstream gradient of the losses is taken for 1',
    caughtBy: 'ctcLoss backward: targets of several lengths',
    breakIt: (right, heap) =>
      ctcWith(right, {
        backward: (spec, call) =>
          whileHolding(
            heap,
            call.gradients.losses,
            (values) => values.fill(1),
            () => right.fused.ctcLoss.backward(spec, call),
          ),
      }),
  },
  {
    fault: 'the input lengths are ignored',
    caughtBy: 'ctcLoss forward: input lengths',
    breakIt: (right) =>
      ctcWith(right, {
        forward: (spec, inputs) =>
          right.fused.ctcLoss.forward({ ...spec, inputLengths: spec.inputLengths.map(() => spec.steps) }, inputs),
      }),
  },
  {
    fault: 'frames past an input length get the gradient of their softmax',
    caughtBy: 'ctcLoss backward: input lengths',
    breakIt: (right, heap) =>
      ctcWith(right, {
        backward(spec, call) {
          const found = right.fused.ctcLoss.backward(spec, call);
          tamper(heap, found.logits, (values) => {
            values.forEach((_, at) => {
              const frame = Math.floor(at / spec.classes);
              if (Math.floor(frame / spec.batch) >= spec.inputLengths[frame % spec.batch]!)
                values[at] = 1 / spec.classes;
            });
          });
          return found;
        },
      }),
  },
  {
    fault: 'the blank is the last class whatever was asked for',
    caughtBy: 'ctcLoss forward: targets of several lengths',
    breakIt: (right) =>
      ctcWith(right, {
        forward: (spec, inputs) => right.fused.ctcLoss.forward({ ...spec, blank: spec.classes - 1 }, inputs),
      }),
  },
  {
    fault: 'a target that cannot be aligned has a NaN gradient',
    caughtBy: 'ctcLoss backward: an infeasible target',
    breakIt: (right, heap) =>
      ctcWith(right, {
        backward(spec, call) {
          const found = right.fused.ctcLoss.backward(spec, call);
          const losses = heap.floats('broken', call.outputs.losses);
          tamper(heap, found.logits, (values) => {
            values.forEach((_, at) => {
              if (losses[Math.floor(at / spec.classes) % spec.batch] === Infinity) values[at] = NaN;
            });
          });
          return found;
        },
      }),
  },
  {
    fault: 'a NaN in the logits is taken for a target that cannot be aligned',
    caughtBy: 'extremes: ctcLoss fused',
    breakIt: (right, heap) =>
      ctcWith(right, {
        forward(spec, inputs) {
          const found = right.fused.ctcLoss.forward(spec, inputs);
          tamper(heap, found.outputs.losses, (values) => {
            values.forEach((loss, n) => {
              if (Number.isNaN(loss)) values[n] = Infinity;
            });
          });
          return found;
        },
      }),
  },
];
