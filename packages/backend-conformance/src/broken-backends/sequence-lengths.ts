import type { DeviceBuffer, SequenceSpec } from '@timestep/backend-api';
import type { ReferenceBackend } from '../reference/backend.ts';
import type { Heap } from '../reference/heap.ts';
import { tamper, type BrokenBackend, type Fault } from './broken-backend.ts';
import { lstmWith } from './sequence-ops.ts';

type Spec = SequenceSpec<unknown>;

/** The same operation for other lengths, in both passes. */
function otherLengths(right: ReferenceBackend, change: (spec: Spec) => Int32Array | null): Fault {
  const { lstmSequence } = right.fused;
  return {
    fused: {
      lstmSequence: {
        ...lstmSequence,
        forward: (spec, inputs) => lstmSequence.forward({ ...spec, lengths: change(spec) }, inputs),
        backward: (spec, call) => lstmSequence.backward({ ...spec, lengths: change(spec) }, call),
      },
    },
  };
}

/** Calls `visit` with the address of every `[t, n]` at or past its length. */
function eachPaddedFrame(spec: Spec, visit: (frame: number, n: number) => void): void {
  for (let t = 0; t < spec.steps; t++) {
    for (let n = 0; n < spec.batch; n++) if (spec.lengths && t >= spec.lengths[n]!) visit(t * spec.batch + n, n);
  }
}

function clearStates(heap: Heap, spec: Spec, buffer: DeviceBuffer | null): void {
  const H = spec.hiddenSize;
  tamper(heap, buffer, (values) =>
    spec.lengths?.forEach((length, n) => length === 0 && values.fill(0, n * H, (n + 1) * H)),
  );
}

/** Faults of lengths, direction and states. */
export const brokenLengths: readonly BrokenBackend[] = [
  {
    fault: 'lengths are off by one',
    caughtBy: 'lstmSequence forward: lengths, one of them 0',
    breakIt: (right) =>
      otherLengths(right, ({ lengths }) => lengths && lengths.map((length) => Math.max(0, length - 1))),
  },
  {
    fault: 'a reversed sequence starts at the last frame of the batch',
    caughtBy: 'lstmSequence forward: lengths in reverse, one of them 0',
    breakIt: (right, heap) => {
      const broken = otherLengths(right, (spec) => (spec.reverse ? null : spec.lengths));
      const op = broken.fused!.lstmSequence!;
      // The padding is cleared afterwards, so that only the values tell.
      return lstmWith(right, {
        ...op,
        forward(spec, inputs) {
          const result = op.forward(spec, inputs);
          const P = spec.variant.projectionSize || spec.hiddenSize;
          tamper(heap, result.outputs.output, (values) =>
            eachPaddedFrame(spec, (frame) => values.fill(0, frame * P, (frame + 1) * P)),
          );
          return result;
        },
      });
    },
  },
  {
    fault: 'hN is the output at the last frame of the batch',
    caughtBy: 'lstmSequence forward: lengths, one of them 0',
    breakIt: (right, heap) =>
      lstmWith(right, {
        forward(spec, inputs) {
          const result = right.fused.lstmSequence.forward(spec, inputs);
          const { output, hN } = result.outputs;
          if (spec.steps > 0 && !spec.reverse) {
            tamper(heap, hN, (values) => values.set(heap.floats('broken', output).slice(-values.length || undefined)));
          }
          return result;
        },
      }),
  },
  {
    fault: 'a length of 0 gives a state of 0 instead of the initial one',
    caughtBy: 'lstmSequence forward: all lengths 0',
    breakIt: (right, heap) =>
      lstmWith(right, {
        forward(spec, inputs) {
          const result = right.fused.lstmSequence.forward(spec, inputs);
          clearStates(heap, spec, result.outputs.cN);
          return result;
        },
      }),
  },
  {
    fault: 'the state of a length of 0 passes no gradient on',
    caughtBy: 'lstmSequence backward: lengths, one of them 0',
    breakIt: (right, heap) =>
      lstmWith(right, {
        backward(spec, call) {
          const found = right.fused.lstmSequence.backward(spec, call);
          clearStates(heap, spec, found.c0);
          return found;
        },
      }),
  },
  {
    fault: 'padded frames are masked by multiplying, so that NaN in them reaches the weights',
    caughtBy: 'lstmSequence backward: NaN in the padding',
    breakIt: (right, heap) =>
      lstmWith(right, {
        backward(spec, call) {
          const found = right.fused.lstmSequence.backward(spec, call);
          const x = heap.floats('broken', call.inputs.x);
          const D = spec.inputSize;
          tamper(heap, found.weightIh, (values) => {
            eachPaddedFrame(spec, (frame) => values.forEach((_, at) => (values[at]! += 0 * x[frame * D + (at % D)]!)));
          });
          return found;
        },
      }),
  },
  {
    fault: 'the gradient of cN is ignored',
    caughtBy: 'lstmSequence backward: only the gradient of cN',
    breakIt: (right) =>
      lstmWith(right, {
        backward: (spec, call) =>
          right.fused.lstmSequence.backward(spec, { ...call, gradients: { ...call.gradients, cN: null } }),
      }),
  },
  {
    fault: 'the initial state is left out of the gradient of the recurrent weight',
    caughtBy: 'rnnSequence backward: sizes of 1',
    breakIt: ({ fused: { rnnSequence } }, heap) => ({
      fused: {
        rnnSequence: {
          ...rnnSequence,
          backward(spec, call) {
            const found = rnnSequence.backward(spec, call);
            if (spec.steps === 1) tamper(heap, found.weightHh, (values) => values.fill(0));
            return found;
          },
        },
      },
    }),
  },
];
