import type { RnnSequenceOp, RnnSpec } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { floatsOrNull, openInputs, runBackward, runForward, type Cell, type Trace, type Weights } from './recurrent.ts';
import { SavedStore } from './saved.ts';
import { addOuter, addTo, product, transposedProduct } from './vectors.ts';

type Name = 'weightIh' | 'weightHh' | 'bias';

/** h' = φ(a), a = W x + b + U h; da = dh'∘φ'(a). */
function rnnCell(weights: Weights, spec: RnnSpec): Cell<Name> {
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const { inputSize, hiddenSize } = spec;
  const tanh = spec.variant.activation === 'tanh';
  return (x, [h]) => {
    const a = product(weightIh, x, hiddenSize);
    addTo(a, product(weightHh, h!, hiddenSize));
    addTo(a, biasIh);
    addTo(a, biasHh);
    const next = a.map((value) => (tanh ? Math.tanh(value) : Math.max(value, 0)));
    return {
      state: [next],
      backward([dNext], into) {
        const da = dNext!.map((value, j) => (tanh ? value * (1 - next[j]! ** 2) : a[j]! > 0 ? value : 0));
        addOuter(into.weightIh, da, x);
        addOuter(into.weightHh, da, h!);
        addTo(into.bias, da);
        return {
          dx: transposedProduct(weightIh, da, inputSize),
          dState: [transposedProduct(weightHh, da, hiddenSize)],
        };
      },
    };
  };
}

/** The Elman network, sequence by sequence and step by step. */
export function rnnSequence(heap: Heap): RnnSequenceOp {
  const store = new SavedStore<Trace<Name>>(heap, 'rnnSequence');
  return {
    supports: () => true,

    forward(spec, inputs) {
      const weights = openInputs(heap, 'rnnSequence', spec, inputs, 1, spec.hiddenSize);
      const run = runForward(spec, rnnCell(weights, spec), weights.x, [weights.h0], [spec.hiddenSize]);
      return {
        outputs: { output: heap.store(run.output), hN: heap.store(run.final[0]!) },
        saved: spec.needsSaved ? store.keep(run.trace) : null,
      };
    },

    backward(spec, { inputs, saved, gradients, wanted }) {
      const { steps, batch, hiddenSize } = spec;
      const into = {
        weightIh: new Float64Array(inputs.weightIh.length),
        weightHh: new Float64Array(inputs.weightHh.length),
        bias: new Float64Array(hiddenSize),
      };
      const dOutput = floatsOrNull(heap, 'rnnSequence', gradients.output, steps * batch * hiddenSize);
      const dhN = floatsOrNull(heap, 'rnnSequence', gradients.hN, batch * hiddenSize);
      const { dx, dInitial } = runBackward(spec, store.take(saved), dOutput, [dhN], [hiddenSize], into);
      return {
        x: wanted.x ? heap.store(dx) : null,
        weightIh: wanted.weightIh ? heap.store(into.weightIh) : null,
        weightHh: wanted.weightHh ? heap.store(into.weightHh) : null,
        biasIh: wanted.biasIh ? heap.store(into.bias) : null,
        biasHh: wanted.biasHh ? heap.store(into.bias) : null,
        h0: wanted.h0 ? heap.store(dInitial[0]!) : null,
      };
    },
  };
}
