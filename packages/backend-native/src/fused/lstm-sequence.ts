import type { DeviceBuffer, LstmSequenceOp, LstmSpec, MaybeBuffer, Saved } from '@timestep/backend-api';
import type { CpuBuffer, Engine } from '@timestep/backend-cpu/extend';
import { LstmPrimitives, type LstmSizes, type WeightPorter } from '../dnnl/lstm.ts';
import type { Native } from '../native.ts';

type Scratch = (bytes: number) => number;

/** What the forward pass keeps: the first states as it got them, or zeros, and the library's workspace. */
class LibrarySaved implements Saved {
  readonly h0: CpuBuffer;
  readonly c0: CpuBuffer;
  readonly workspace: CpuBuffer;
  readonly #engine: Engine;

  constructor(engine: Engine, h0: CpuBuffer, c0: CpuBuffer, workspace: CpuBuffer) {
    this.#engine = engine;
    this.h0 = h0;
    this.c0 = c0;
    this.workspace = workspace;
  }

  release(): void {
    for (const buffer of [this.h0, this.c0, this.workspace]) this.#engine.free(buffer);
  }
}

/**
 * oneDNN's LSTM where it is the faster one: a plain one, all sequences of one length, and steps that are large enough.
 * Beside it the CPU backend's own sweep over the library's products (one-thread.ts) takes, on two cores with AVX-512,
 * 1.27 times as long in inference and 1.03 in training; but a GRU in training takes it 0.93 of oneDNN's time and an RNN 0.77
 * to 0.98 (oneDNN 2.6 and 3.7 alike), and lengths, which oneDNN does not know, cost it nothing.
 */
function takes(threshold: number, spec: LstmSpec): boolean {
  const { steps, batch, inputSize, hiddenSize, lengths, variant } = spec;
  if (lengths !== null || variant.peepholes || variant.coupledGates || variant.projectionSize > 0) return false;
  const operations = 4 * batch * hiddenSize * hiddenSize;
  return steps * inputSize * operations > 0 && operations >= threshold;
}

/** A copy of a state, or zeros. */
function copyState(engine: Engine, state: MaybeBuffer, length: number): CpuBuffer {
  const copy = engine.allocate('f32', length);
  const to = engine.address(copy) / 4;
  if (state === null) engine.f32.fill(0, to, to + length);
  else engine.f32.copyWithin(to, engine.address(state) / 4, engine.address(state) / 4 + length);
  return copy;
}

/** b_ih + b_hh. */
function addBiases(engine: Engine, scratch: Scratch, biases: readonly MaybeBuffer[], length: number): number {
  const sum = scratch(4 * length);
  const { f32 } = engine;
  f32.fill(0, sum / 4, sum / 4 + length);
  for (const bias of biases) {
    if (bias === null) continue;
    const from = engine.address(bias) / 4;
    // A few hundred numbers: a kernel's call costs as much as the loop.
    for (let i = 0; i < length; i++) f32[sum / 4 + i]! += f32[from + i]!;
  }
  return sum;
}

function zeros(engine: Engine, scratch: Scratch, length: number): number {
  const address = scratch(4 * length);
  engine.f32.fill(0, address / 4, address / 4 + length);
  return address;
}

/**
 * The LSTM through oneDNN; what it cannot do, or not as fast, is left to `own`.
 *
 * @param threshold multiplications and additions of a step's recurrent product from which on the library is used
 */
export function nativeLstm(native: Native, threshold: number, own: LstmSequenceOp): LstmSequenceOp {
  const { engine, memory, primitives } = native;
  const sizesOf = ({ steps, batch, inputSize, hiddenSize, reverse }: LstmSpec): LstmSizes => ({ steps, batch, inputSize, hiddenSize, reverse });
  const packed = (scratch: Scratch, weight: DeviceBuffer, porter: WeightPorter): number => {
    const target = scratch(porter.bytes);
    porter.run(memory.at(engine.address(weight)), memory.at(target));
    return target;
  };

  return {
    supports: (spec) => own.supports(spec),

    forward(spec, inputs) {
      if (!takes(threshold, spec)) return own.forward(spec, inputs);
      const { steps, batch, hiddenSize, needsSaved } = spec;
      native.useThreads();
      const set = primitives.get(LstmPrimitives, sizesOf(spec));
      const primitive = needsSaved ? set.training : set.inference;
      const output = engine.allocate('f32', steps * batch * hiddenSize);
      const hN = engine.allocate('f32', batch * hiddenSize);
      const cN = engine.allocate('f32', batch * hiddenSize);
      const saved = new LibrarySaved(
        engine, copyState(engine, inputs.h0, batch * hiddenSize), copyState(engine, inputs.c0, batch * hiddenSize), engine.allocate('f32', Math.ceil(primitive.workspaceBytes / 4)),
      );
      engine.withScratch((scratch) => {
        const at = [
          engine.address(inputs.x), engine.address(saved.h0), engine.address(saved.c0),
          packed(scratch, inputs.weightIh, primitive.weightsLayer), packed(scratch, inputs.weightHh, primitive.weightsIter), addBiases(engine, scratch, [inputs.biasIh, inputs.biasHh], 4 * hiddenSize),
          engine.address(output), engine.address(hN), engine.address(cN),
          ...(needsSaved ? [engine.address(saved.workspace)] : []),
        ];
        primitive.primitive.execute(at.map((offset) => memory.at(offset)));
      });
      if (!needsSaved) saved.release();
      return { outputs: { output, hN, cN }, saved: needsSaved ? saved : null };
    },

    backward(spec, call) {
      const { saved, inputs, outputs, gradients, wanted } = call;
      if (!(saved instanceof LibrarySaved)) return own.backward(spec, call);
      const { steps, batch, inputSize, hiddenSize } = spec;
      native.useThreads();
      const primitive = primitives.get(LstmPrimitives, sizesOf(spec)).backward;
      const allocate = (isWanted: boolean, length: number): CpuBuffer | null => (isWanted ? engine.allocate('f32', length) : null);
      const result = {
        x: allocate(wanted.x, steps * batch * inputSize),
        weightIh: allocate(wanted.weightIh, 4 * hiddenSize * inputSize),
        weightHh: allocate(wanted.weightHh, 4 * hiddenSize * hiddenSize),
        biasIh: allocate(wanted.biasIh, 4 * hiddenSize),
        biasHh: allocate(wanted.biasHh, 4 * hiddenSize),
        h0: allocate(wanted.h0, batch * hiddenSize),
        c0: allocate(wanted.c0, batch * hiddenSize),
        weightHr: null,
        peephole: null,
      };
      engine.withScratch((scratch) => {
        const { weightsLayer, weightsIter, gradientLayer, gradientIter } = primitive;
        // The library makes every gradient, and adds to those of the weights; what nobody wants goes into scratch memory.
        const into = (buffer: CpuBuffer | null, length: number): number => (buffer ? engine.address(buffer) : scratch(4 * length));
        const given = (buffer: MaybeBuffer, length: number): number => (buffer ? engine.address(buffer) : zeros(engine, scratch, length));
        const [sumIh, sumHh, sumBias] = [gradientLayer.bytes / 4, gradientIter.bytes / 4, 4 * hiddenSize].map((length) => zeros(engine, scratch, length)) as [number, number, number];
        const state = batch * hiddenSize;
        const at = [
          engine.address(inputs.x), engine.address(saved.h0), engine.address(saved.c0),
          packed(scratch, inputs.weightIh, weightsLayer), packed(scratch, inputs.weightHh, weightsIter), addBiases(engine, scratch, [inputs.biasIh, inputs.biasHh], 4 * hiddenSize),
          engine.address(outputs.output), engine.address(outputs.hN), engine.address(outputs.cN), engine.address(saved.workspace),
          into(result.x, steps * batch * inputSize), into(result.h0, state), into(result.c0, state), sumIh, sumHh, sumBias,
          given(gradients.output, steps * state), given(gradients.hN, state), given(gradients.cN, state),
        ];
        primitive.primitive.execute(at.map((offset) => memory.at(offset)));
        if (result.weightIh) gradientLayer.run(memory.at(sumIh), memory.at(engine.address(result.weightIh)));
        if (result.weightHh) gradientIter.run(memory.at(sumHh), memory.at(engine.address(result.weightHh)));
        for (const bias of [result.biasIh, result.biasHh]) {
          if (bias) engine.f32.copyWithin(engine.address(bias) / 4, sumBias / 4, sumBias / 4 + 4 * hiddenSize);
        }
      });
      return result;
    },
  };
}
