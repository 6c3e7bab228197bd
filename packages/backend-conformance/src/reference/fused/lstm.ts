import { ArgumentError, type LstmInputs, type LstmSequenceOp, type LstmSpec } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { lstmCell, type LstmGradientName, type LstmWeights } from './lstm-cell.ts';
import { floatsOrNull, floatsOrZeros, openInputs, runBackward, runForward, type Trace } from './recurrent.ts';
import { SavedStore } from './saved.ts';

/** P: the width of h */
function outputSizeOf(spec: LstmSpec): number {
  return spec.variant.projectionSize || spec.hiddenSize;
}

function openLstm(heap: Heap, spec: LstmSpec, inputs: LstmInputs): LstmWeights {
  const { batch, hiddenSize: H, variant } = spec;
  if ((inputs.weightHr !== null) !== variant.projectionSize > 0 || (inputs.peephole !== null) !== variant.peepholes) {
    throw new ArgumentError(
      '[reference.lstmSequence] expected weightHr and peephole exactly where the variant has them; pass null for the others',
    );
  }
  return {
    ...openInputs(heap, 'lstmSequence', spec, inputs, 4, outputSizeOf(spec)),
    c0: floatsOrZeros(heap, 'lstmSequence', inputs.c0, batch * H),
    weightHr: floatsOrNull(heap, 'lstmSequence', inputs.weightHr, variant.projectionSize * H),
    peephole: floatsOrZeros(heap, 'lstmSequence', inputs.peephole, 3 * H),
  };
}

/** Long short-term memory with every variant, sequence by sequence and step by step. */
export function lstmSequence(heap: Heap): LstmSequenceOp {
  const store = new SavedStore<Trace<LstmGradientName>>(heap, 'lstmSequence');
  return {
    supports: () => true,

    forward(spec, inputs) {
      const weights = openLstm(heap, spec, inputs);
      const sizes = [outputSizeOf(spec), spec.hiddenSize];
      const run = runForward(spec, lstmCell(weights, spec), weights.x, [weights.h0, weights.c0], sizes);
      return {
        outputs: { output: heap.store(run.output), hN: heap.store(run.final[0]!), cN: heap.store(run.final[1]!) },
        saved: spec.needsSaved ? store.keep(run.trace) : null,
      };
    },

    backward(spec, { inputs, saved, gradients, wanted }) {
      const { steps, batch, hiddenSize: H, variant } = spec;
      const P = outputSizeOf(spec);
      const into = {
        weightIh: new Float64Array(inputs.weightIh.length),
        weightHh: new Float64Array(inputs.weightHh.length),
        bias: new Float64Array(4 * H),
        weightHr: new Float64Array(variant.projectionSize * H),
        peephole: new Float64Array(3 * H),
      };
      const dOutput = floatsOrNull(heap, 'lstmSequence', gradients.output, steps * batch * P);
      const dhN = floatsOrNull(heap, 'lstmSequence', gradients.hN, batch * P);
      const dcN = floatsOrNull(heap, 'lstmSequence', gradients.cN, batch * H);
      const { dx, dInitial } = runBackward(spec, store.take(saved), dOutput, [dhN, dcN], [P, H], into);
      return {
        x: wanted.x ? heap.store(dx) : null,
        weightIh: wanted.weightIh ? heap.store(into.weightIh) : null,
        weightHh: wanted.weightHh ? heap.store(into.weightHh) : null,
        biasIh: wanted.biasIh ? heap.store(into.bias) : null,
        biasHh: wanted.biasHh ? heap.store(into.bias) : null,
        h0: wanted.h0 ? heap.store(dInitial[0]!) : null,
        c0: wanted.c0 ? heap.store(dInitial[1]!) : null,
        weightHr: wanted.weightHr ? heap.store(into.weightHr) : null,
        peephole: wanted.peephole ? heap.store(into.peephole) : null,
      };
    },
  };
}
