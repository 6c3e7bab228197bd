import { tamper, type BrokenBackend } from './broken-backend.ts';

/** Faults of the linear recurrence. */
export const brokenScans: readonly BrokenBackend[] = [
  {
    fault: 'a linear scan forgets the initial state',
    caughtBy: 'linearScan forward: odd sizes',
    breakIt: ({ fused: { linearScan } }) => ({
      fused: {
        linearScan: {
          ...linearScan,
          forward: (spec, inputs) => linearScan.forward(spec, { ...inputs, initial: null }),
        },
      },
    }),
  },
  {
    fault: 'a linear scan takes no notice of its direction',
    caughtBy: 'linearScan forward: odd sizes in reverse',
    breakIt: ({ fused: { linearScan } }) => ({
      fused: {
        linearScan: {
          ...linearScan,
          forward: (spec, inputs) => linearScan.forward({ ...spec, reverse: false }, inputs),
        },
      },
    }),
  },
  {
    fault: 'the gradient of a coefficient is made with the state after its step',
    caughtBy: 'linearScan backward: odd sizes',
    breakIt: ({ fused: { linearScan } }, heap) => ({
      fused: {
        linearScan: {
          ...linearScan,
          backward(spec, call) {
            const found = linearScan.backward(spec, call);
            const [h, adjoint] = [heap.floats('broken', call.outputs.h), found.b && heap.floats('broken', found.b)];
            tamper(heap, found.a, (a) => a.forEach((_, k) => (a[k] = h[k]! * (adjoint?.[k] ?? 0))));
            return found;
          },
        },
      },
    }),
  },
];
