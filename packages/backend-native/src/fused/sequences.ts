import type { FusedOps, GruSequenceOp, LstmSequenceOp, RnnSequenceOp, SequenceOutputs, SequenceSpec } from '@timestep/backend-api';
import { backward } from './backward.ts';
import { forward, NativeSaved } from './forward.ts';
import type { Native } from './native.ts';
import { countPieces } from './pieces.ts';

/**
 * What a piece has to bring, in thresholds, where sequences of different lengths come in pieces. With some three steps a
 * piece, a bidirectional LSTM 40, 128, 32, 250 of two layers takes the library 251 ms and our own sweep 224; the speech
 * app, whose other thread makes batches, 67 and 53 ms a step. At H 256 the pieces bring four times as much.
 */
const pieceFactor = 40;

/** A step's recurrent product is worth the library's start, and the sizes are its own: it refuses empty ones. */
function isLarge({ threshold }: Native, spec: SequenceSpec<unknown>, gates: number): boolean {
  const { steps, batch, inputSize, hiddenSize, lengths } = spec;
  const operations = gates * batch * hiddenSize * hiddenSize;
  if (steps * inputSize * operations === 0 || operations < threshold) return false;
  if (lengths === null) return true;
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  return rows > 0 && (rows * gates * hiddenSize * hiddenSize) / countPieces(lengths) >= pieceFactor * threshold;
}

/** The outputs of the kinds that have no cell state. */
function withoutCell({ outputs: { output, hN }, saved }: ReturnType<typeof forward>): { outputs: SequenceOutputs; saved: NativeSaved | null } {
  return { outputs: { output, hN }, saved };
}

/** The recurrent operations through oneDNN; what it cannot do is left to `own`, the operations of the CPU backend. */
export function nativeSequences(native: Native, own: Required<Pick<FusedOps, 'rnnSequence' | 'lstmSequence' | 'gruSequence'>>): Pick<FusedOps, 'rnnSequence' | 'lstmSequence' | 'gruSequence'> {
  const rnnSequence: RnnSequenceOp = {
    supports: (spec) => own.rnnSequence.supports(spec),
    forward: (spec, inputs) => (isLarge(native, spec, 1) ? withoutCell(forward(native, `rnn-${spec.variant.activation}`, spec, inputs)) : own.rnnSequence.forward(spec, inputs)),
    backward(spec, call) {
      const { saved } = call;
      if (!(saved instanceof NativeSaved)) return own.rnnSequence.backward(spec, call);
      return backward(native, `rnn-${spec.variant.activation}`, spec, { ...call, saved, outputs: { ...call.outputs, cN: null } });
    },
  };
  const lstmSequence: LstmSequenceOp = {
    supports: (spec) => own.lstmSequence.supports(spec),
    forward(spec, inputs) {
      const { peepholes, coupledGates, projectionSize } = spec.variant;
      if (peepholes || coupledGates || projectionSize > 0 || !isLarge(native, spec, 4)) return own.lstmSequence.forward(spec, inputs);
      const { outputs, saved } = forward(native, 'lstm', spec, inputs);
      return { outputs: { ...outputs, cN: outputs.cN! }, saved };
    },
    backward(spec, call) {
      const { saved } = call;
      if (!(saved instanceof NativeSaved)) return own.lstmSequence.backward(spec, call);
      return { ...backward(native, 'lstm', spec, { ...call, saved }), weightHr: null, peephole: null };
    },
  };
  const gruSequence: GruSequenceOp = {
    supports: (spec) => own.gruSequence.supports(spec),
    forward: (spec, inputs) => (spec.variant.reset === 'after' && isLarge(native, spec, 3) ? withoutCell(forward(native, 'gru', spec, inputs)) : own.gruSequence.forward(spec, inputs)),
    backward(spec, call) {
      const { saved } = call;
      if (!(saved instanceof NativeSaved)) return own.gruSequence.backward(spec, call);
      return backward(native, 'gru', spec, { ...call, saved, outputs: { ...call.outputs, cN: null } });
    },
  };
  return { rnnSequence, lstmSequence, gruSequence };
}
