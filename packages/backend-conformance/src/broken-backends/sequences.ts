import type { DeviceBuffer, GruSequenceOp, LstmSequenceOp, SequenceInputs, SequenceSpec } from '@timestep/backend-api';
import type { ReferenceBackend } from '../reference/backend.ts';
import type { Heap } from '../reference/heap.ts';
import { tamper, whileHolding, type BrokenBackend } from './broken-backend.ts';

type Spec = SequenceSpec<unknown>;
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
          whileSwapped(heap, inputs, (values) => swapParts(values, 4, first, second), () => lstmSequence.forward(spec, inputs)),
      },
    },
  });
}

/** The same operation for other lengths, in both passes. */
function otherLengths(right: ReferenceBackend, change: (spec: Spec) => Int32Array | null): ReturnType<BrokenBackend['breakIt']> {
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

function lstmWith(right: ReferenceBackend, change: Partial<LstmSequenceOp>): ReturnType<BrokenBackend['breakIt']> {
  return { fused: { lstmSequence: { ...right.fused.lstmSequence, ...change } } };
}

function gruWith(right: ReferenceBackend, change: Partial<GruSequenceOp>): ReturnType<BrokenBackend['breakIt']> {
  return { fused: { gruSequence: { ...right.fused.gruSequence, ...change } } };
}

/** Faults of what a step computes. */
export const brokenSteps: readonly BrokenBackend[] = [
  { fault: 'gates i and f are swapped', caughtBy: 'lstmSequence forward: random weights, inputs and states', breakIt: swappedLstm(0, 1) },
  { fault: 'gates g and o are swapped', caughtBy: 'lstmSequence forward: random weights, inputs and states', breakIt: swappedLstm(2, 3) },
  {
    fault: 'gates r and z are swapped',
    caughtBy: 'gruSequence forward: random weights, inputs and states',
    breakIt: (right, heap) =>
      gruWith(right, {
        forward: (spec, inputs) =>
          whileSwapped(heap, inputs, (values) => swapParts(values, 3, 0, 1), () => right.fused.gruSequence.forward(spec, inputs)),
      }),
  },
  {
    fault: 'b_hn is dropped',
    caughtBy: 'gruSequence forward: random weights, inputs and states',
    breakIt: (right, heap) =>
      gruWith(right, {
        forward: (spec, inputs) =>
          whileHolding(heap, inputs.biasHh, (bias) => bias.fill(0, 2 * spec.hiddenSize), () => right.fused.gruSequence.forward(spec, inputs)),
      }),
  },
  {
    fault: 'b_hn stands outside the reset gate',
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
          const result = whileHolding(heap, biasHh, (bias) => bias.fill(0, 2 * H), () =>
            whileHolding(heap, own, (bias) => bias.map((value, j) => (j < 2 * H ? value : value + moved[j - 2 * H]!)), () =>
              right.fused.gruSequence.forward(spec, { ...inputs, biasIh: own }),
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
        rnnSequence: { ...rnnSequence, forward: (spec, inputs) => rnnSequence.forward({ ...spec, variant: { activation: 'tanh' } }, inputs) },
      },
    }),
  },
  {
    fault: 'the peephole of o looks at nothing',
    caughtBy: 'lstmSequence forward: peepholes, random weights, inputs and states',
    breakIt: (right, heap) =>
      lstmWith(right, {
        forward: (spec, inputs) =>
          whileHolding(heap, inputs.peephole, (values) => values.fill(0, 2 * spec.hiddenSize), () => right.fused.lstmSequence.forward(spec, inputs)),
      }),
  },
  {
    fault: 'coupled gates are claimed but not coupled',
    caughtBy: 'lstmSequence forward: coupled gates, random weights, inputs and states',
    breakIt: (right) =>
      lstmWith(right, {
        forward: (spec, inputs) => right.fused.lstmSequence.forward({ ...spec, variant: { ...spec.variant, coupledGates: false } }, inputs),
      }),
  },
];

/** Faults of lengths, direction and states. */
export const brokenLengths: readonly BrokenBackend[] = [
  {
    fault: 'lengths are off by one',
    caughtBy: 'lstmSequence forward: lengths, one of them 0',
    breakIt: (right) => otherLengths(right, ({ lengths }) => lengths && lengths.map((length) => Math.max(0, length - 1))),
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
          tamper(heap, result.outputs.output, (values) => eachPaddedFrame(spec, (frame) => values.fill(0, frame * P, (frame + 1) * P)));
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
        backward: (spec, call) => right.fused.lstmSequence.backward(spec, { ...call, gradients: { ...call.gradients, cN: null } }),
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

function clearStates(heap: Heap, spec: Spec, buffer: DeviceBuffer | null): void {
  const H = spec.hiddenSize;
  tamper(heap, buffer, (values) => spec.lengths?.forEach((length, n) => length === 0 && values.fill(0, n * H, (n + 1) * H)));
}

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
        backward: (spec, call) => right.fused.gruSequence.backward(spec, { ...call, wanted: { ...call.wanted, weightIh: true } }),
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
