import type { DeviceBuffer, LstmSequenceOp, LstmSpec, MaybeBuffer } from '@timestep/backend-api';
import { LstmForward, type LstmSizes, type WeightPorter } from '../dnnl/lstm.ts';
import type { Native } from '../native.ts';

type Scratch = (bytes: number) => number;

/**
 * oneDNN's LSTM where it is the faster one: inference of a plain one, all sequences of one length, steps that are large
 * enough. The CPU backend's sweep over the library's products (one-thread.ts) takes 1.27 times as long there.
 *
 * In training the two are within a tenth of each other, and the sweep has no cliffs: oneDNN's threads wait for each
 * other at every step, which with other work on the same cores took 17 times as long, and a gradient that vanishes
 * takes it into denormal numbers (LSTM 8, 64, 32, 500 with its loss on the last step: 132 ms on one core, the sweep
 * 32).
 */
function takes(threshold: number, spec: LstmSpec): boolean {
  const { steps, batch, inputSize, hiddenSize, lengths, variant } = spec;
  if (spec.needsSaved || lengths !== null || variant.peepholes || variant.coupledGates || variant.projectionSize > 0)
    return false;
  const operations = 4 * batch * hiddenSize * hiddenSize;
  return steps * inputSize * operations > 0 && operations >= threshold;
}

/** LSTM inference through oneDNN; what it cannot do, or not as fast, is left to `own`. */
export function nativeLstm(
  { engine, memory, primitives, useThreads }: Native,
  threshold: number,
  own: LstmSequenceOp,
): LstmSequenceOp {
  const sizesOf = ({ steps, batch, inputSize, hiddenSize, reverse }: LstmSpec): LstmSizes => ({
    steps,
    batch,
    inputSize,
    hiddenSize,
    reverse,
  });
  const packed = (scratch: Scratch, weight: DeviceBuffer, porter: WeightPorter): number => {
    const target = scratch(porter.bytes);
    porter.run(memory.at(engine.address(weight)), memory.at(target));
    return target;
  };
  /** The state's address, or that of zeros. */
  const stateOr0 = (scratch: Scratch, state: MaybeBuffer, length: number): number => {
    if (state !== null) return engine.address(state);
    const zeros = scratch(4 * length);
    engine.f32.fill(0, zeros / 4, zeros / 4 + length);
    return zeros;
  };
  /** b_ih + b_hh. */
  const addBiases = (scratch: Scratch, biases: readonly MaybeBuffer[], hiddenSize: number): number => {
    const sum = scratch(16 * hiddenSize);
    const gatesInOrder = 0x03020100;
    engine.run('packBias', 1, [
      sum,
      hiddenSize,
      hiddenSize,
      4,
      ...biases.map((bias) => engine.addressOrZero(bias)),
      gatesInOrder,
      gatesInOrder,
    ]);
    return sum;
  };

  return {
    supports: (spec) => own.supports(spec),

    forward(spec, inputs) {
      if (!takes(threshold, spec)) return own.forward(spec, inputs);
      const { steps, batch, hiddenSize } = spec;
      useThreads();
      const primitive = primitives.get(LstmForward, sizesOf(spec));
      const output = engine.allocate('f32', steps * batch * hiddenSize);
      const hN = engine.allocate('f32', batch * hiddenSize);
      const cN = engine.allocate('f32', batch * hiddenSize);
      engine.withScratch((scratch) => {
        const at = [
          engine.address(inputs.x),
          stateOr0(scratch, inputs.h0, batch * hiddenSize),
          stateOr0(scratch, inputs.c0, batch * hiddenSize),
          packed(scratch, inputs.weightIh, primitive.weightsLayer),
          packed(scratch, inputs.weightHh, primitive.weightsIter),
          addBiases(scratch, [inputs.biasIh, inputs.biasHh], hiddenSize),
          engine.address(output),
          engine.address(hN),
          engine.address(cN),
        ];
        primitive.execute(at.map((offset) => memory.at(offset)));
      });
      return { outputs: { output, hN, cN }, saved: null };
    },

    backward: (spec, call) => own.backward(spec, call),
  };
}
