import type { DeviceBuffer } from '@timestep/backend-api';
import { tamper, type BrokenBackend } from './broken-backend.ts';
import { gruWith, lstmWith } from './sequence-ops.ts';

/** Faults of what belongs to whom. */
export const brokenOwnership: readonly BrokenBackend[] = [
  {
    fault: 'released saved values stay allocated',
    caughtBy: 'lstmSequence: saved values are released without a backward pass',
    breakIt: (right, heap) =>
      lstmWith(right, {
        forward(spec, inputs) {
          if (spec.needsSaved) heap.alloc('f32', 1);
          return right.fused.lstmSequence.forward(spec, inputs);
        },
      }),
  },
  {
    fault: 'gradients are made that nobody asked for',
    caughtBy: 'gruSequence backward: only x is wanted',
    breakIt: (right) =>
      gruWith(right, {
        backward: (spec, call) =>
          right.fused.gruSequence.backward(spec, { ...call, wanted: { ...call.wanted, weightIh: true } }),
      }),
  },
  {
    fault: 'the backward pass works in its output gradient',
    caughtBy: 'gruSequence: inputs, outputs and output gradients are left as they were',
    breakIt: (right, heap) =>
      gruWith(right, {
        backward(spec, call) {
          const found = right.fused.gruSequence.backward(spec, call);
          tamper(heap, call.gradients.output, (values) => values.fill(0));
          return found;
        },
      }),
  },
  {
    fault: 'saved values live in one scratch buffer',
    caughtBy: 'rnnSequence: two forward passes keep their saved values apart',
    breakIt: ({ fused: { rnnSequence } }, heap) => {
      let latest: Parameters<typeof rnnSequence.forward> | null = null;
      return {
        fused: {
          rnnSequence: {
            ...rnnSequence,
            forward(spec, inputs) {
              latest = [spec, inputs];
              return rnnSequence.forward(spec, inputs);
            },
            // What the scratch buffer holds by now: the values of the latest forward pass.
            backward(spec, call) {
              const { outputs, saved } = rnnSequence.forward(...latest!);
              const found = rnnSequence.backward(spec, { ...call, saved: saved! });
              saved!.release();
              for (const buffer of Object.values(outputs) as DeviceBuffer[]) heap.free(buffer);
              return found;
            },
          },
        },
      };
    },
  },
];
