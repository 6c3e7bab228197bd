import type { SequenceInputs } from '@timestep/backend-api';
import type { Heap } from '../reference/heap.ts';
import { tamper, whileHolding, type BrokenBackend } from './broken-backend.ts';
import { gruWith, lstmWith } from './sequence-ops.ts';

type Change = (values: Float64Array) => Float64Array;

/** Exchanges two of the equal parts that the gates' rows are stored in. */
function swapParts(values: Float64Array, gates: number, first: number, second: number): Float64Array {
  const part = values.length / gates;
  const swapped = values.slice();
  swapped.set(values.subarray(second * part, (second + 1) * part), first * part);
  swapped.set(values.subarray(first * part, (first + 1) * part), second * part);
  return swapped;
}

/** Runs `use` while every weight and bias holds its gates in another order. */
function whileSwapped<Result>(heap: Heap, inputs: SequenceInputs, change: Change, use: () => Result): Result {
  const buffers = [inputs.weightIh, inputs.weightHh, inputs.biasIh, inputs.biasHh];
  return buffers.reduceRight<() => Result>((inner, buffer) => () => whileHolding(heap, buffer, change, inner), use)();
}

function swappedLstm(first: number, second: number): BrokenBackend['breakIt'] {
  return ({ fused: { lstmSequence } }, heap) => ({
    fused: {
      lstmSequence: {
        ...lstmSequence,
        forward: (spec, inputs) =>
          whileSwapped(
            heap,
            inputs,
            (values) => swapParts(values, 4, first, second),
            () => lstmSequence.forward(spec, inputs),
          ),
      },
    },
  });
}

/** Faults of what a step computes. */
export const brokenSteps: readonly BrokenBackend[] = [
  {
    fault: 'gates i and f are swapped',
    caughtBy: 'lstmSequence forward: random weights, inputs and states',
    breakIt: swappedLstm(0, 1),
  },
  {
    fault: 'gates g and o are swapped',
    caughtBy: 'lstmSequence forward: random weights, inputs and states',
    breakIt: swappedLstm(2, 3),
  },
  {
    fault: 'gates r and z are swapped',
    caughtBy: 'gruSequence forward: random weights, inputs and states',
    breakIt: (right, heap) =>
      gruWith(right, {
        forward: (spec, inputs) =>
          whileSwapped(
            heap,
            inputs,
            (values) => swapParts(values, 3, 0, 1),
            () => right.fused.gruSequence.forward(spec, inputs),
          ),
      }),
  },
  {
    fault: 'b_hn is dropped',
    caughtBy: 'gruSequence forward: random weights, inputs and states',
    breakIt: (right, heap) =>
      gruWith(right, {
        forward: (spec, inputs) =>
          whileHolding(
            heap,
            inputs.biasHh,
            (bias) => bias.fill(0, 2 * spec.hiddenSize),
            () => right.fused.gruSequence.forward(spec, inputs),
          ),
      }),
  },
  {
    fault: 'b_hn is outside the reset gate',
    caughtBy: 'gruSequence forward: no input bias',
    breakIt: (right, heap) =>
      gruWith(right, {
        forward(spec, inputs) {
          // What r∘(U h + b) becomes when b is moved into the input bias.
          const { biasHh, biasIh } = inputs;
          if (biasHh === null) return right.fused.gruSequence.forward(spec, inputs);
          const H = spec.hiddenSize;
          const moved = heap.floats('broken', biasHh).slice(2 * H);
          const own = biasIh === null ? heap.store(new Float64Array(3 * H)) : biasIh;
          const result = whileHolding(
            heap,
            biasHh,
            (bias) => bias.fill(0, 2 * H),
            () =>
              whileHolding(
                heap,
                own,
                (bias) => bias.map((value, j) => (j < 2 * H ? value : value + moved[j - 2 * H]!)),
                () => right.fused.gruSequence.forward(spec, { ...inputs, biasIh: own }),
              ),
          );
          if (biasIh === null) heap.free(own);
          return result;
        },
      }),
  },
  {
    fault: 'the reset gate is applied before the product instead of after',
    caughtBy: 'gruSequence forward: random weights, inputs and states',
    breakIt: (right) =>
      gruWith(right, {
        forward: (spec, inputs) => right.fused.gruSequence.forward({ ...spec, variant: { reset: 'before' } }, inputs),
      }),
  },
  {
    fault: 'the GRU takes one gradient for both biases',
    caughtBy: 'gruSequence backward: random weights, inputs and states',
    breakIt: (right, heap) =>
      gruWith(right, {
        backward(spec, call) {
          const found = right.fused.gruSequence.backward(spec, call);
          if (found.biasIh) tamper(heap, found.biasHh, (values) => values.set(heap.floats('broken', found.biasIh!)));
          return found;
        },
      }),
  },
  {
    fault: 'the variant of the activation is ignored',
    caughtBy: 'rnnSequence forward: relu, random weights, inputs and states',
    breakIt: ({ fused: { rnnSequence } }) => ({
      fused: {
        rnnSequence: {
          ...rnnSequence,
          forward: (spec, inputs) => rnnSequence.forward({ ...spec, variant: { activation: 'tanh' } }, inputs),
        },
      },
    }),
  },
  {
    fault: 'the peephole of o looks at nothing',
    caughtBy: 'lstmSequence forward: peepholes, random weights, inputs and states',
    breakIt: (right, heap) =>
      lstmWith(right, {
        forward: (spec, inputs) =>
          whileHolding(
            heap,
            inputs.peephole,
            (values) => values.fill(0, 2 * spec.hiddenSize),
            () => right.fused.lstmSequence.forward(spec, inputs),
          ),
      }),
  },
  {
    fault: 'coupled gates are claimed but not coupled',
    caughtBy: 'lstmSequence forward: coupled gates, random weights, inputs and states',
    breakIt: (right) =>
      lstmWith(right, {
        forward: (spec, inputs) =>
          right.fused.lstmSequence.forward({ ...spec, variant: { ...spec.variant, coupledGates: false } }, inputs),
      }),
  },
  {
    fault: 'an infinite input times the zero weights of padded units makes the gradient of its sequence NaN',
    caughtBy: 'extremes: gruSequence fused',
    breakIt: (right, heap) => ({
      fused: {
        gruSequence: {
          ...right.fused.gruSequence,
          backward(spec, call) {
            const found = right.fused.gruSequence.backward(spec, call);
            if (heap.floats('broken', call.inputs.x).some((x) => Math.abs(x) === Infinity))
              tamper(heap, found.h0, (values) => void values.fill(NaN, 0, spec.hiddenSize));
            return found;
          },
        },
      },
    }),
  },
  {
    fault: 'an infinite weight times the zeros past a length is NaN',
    caughtBy: 'extremes: rnnSequence fused',
    breakIt: (right, heap) => ({
      fused: {
        rnnSequence: {
          ...right.fused.rnnSequence,
          backward(spec, call) {
            const found = right.fused.rnnSequence.backward(spec, call);
            const { batch, inputSize, lengths } = spec;
            if (lengths !== null && heap.floats('broken', call.inputs.weightIh).includes(Infinity))
              tamper(heap, found.x, (values) => {
                values.forEach((_, at) => {
                  const frame = Math.floor(at / inputSize);
                  if (Math.floor(frame / batch) >= lengths[frame % batch]!) values[at] = NaN;
                });
              });
            return found;
          },
        },
      },
    }),
  },
];
