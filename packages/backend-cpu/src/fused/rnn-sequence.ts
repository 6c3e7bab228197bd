import type { RnnSequenceOp, RnnSpec, Saved, SequenceInputs } from '@timestep/backend-api';
import type { CpuBuffer } from '../engine/buffer.ts';
import type { Engine } from '../engine/engine.ts';
import { copyBuffer, inputGradient, previousRows, weightGradient } from './sequence-gradients.ts';
import {
  chunkRows,
  padded,
  planSequence,
  productTime,
  sweepParts,
  wholeLines,
  type SequencePlan,
} from './sequence-plan.ts';
import { packBias, packWeights } from './sequence-weights.ts';

/** The forward pass keeps only its order: the activations are the output. */
class RnnSaved implements Saved {
  readonly plan: SequencePlan;
  readonly #engine: Engine;

  constructor(engine: Engine, plan: SequencePlan) {
    this.#engine = engine;
    this.plan = plan;
  }

  release(): void {
    this.#engine.free(this.plan.tables);
  }
}

const gates = [0];

/** Nanoseconds of a sweep on one core: the products of its rows and about 5 ns for eight units' activation. */
function sweepTime(spec: RnnSpec, rows: number, widths: number): number {
  return rows * (productTime(spec.hiddenSize * widths) + 0.7 * spec.hiddenSize);
}

function forward(engine: Engine, spec: RnnSpec, inputs: SequenceInputs): ReturnType<RnnSequenceOp['forward']> {
  const { steps, batch, inputSize, hiddenSize } = spec;
  const output = engine.allocate('f32', steps * batch * hiddenSize);
  const hN = engine.allocate('f32', batch * hiddenSize);
  const plan = planSequence(engine, spec, hiddenSize, 1);
  const parts = sweepParts(engine, batch, sweepTime(spec, plan.rows, inputSize + hiddenSize));
  const chunk = chunkRows(plan, batch, parts);
  const stride = wholeLines(
    4 * (chunk * (inputSize + plan.gateStride) + 16 + Math.ceil(batch / parts) * 2 * padded(hiddenSize)),
  );
  engine.withScratch((scratch) => {
    const [packedIh, packedHh] = packWeights(engine, plan, scratch, [
      { source: engine.address(inputs.weightIh), rows: hiddenSize, columns: inputSize, gates, form: 'transposed' },
      { source: engine.address(inputs.weightHh), rows: hiddenSize, columns: hiddenSize, gates, form: 'transposed' },
    ]);
    const bias = packBias(engine, scratch, hiddenSize, [
      { address: engine.addressOrZero(inputs.biasIh), gates },
      { address: engine.addressOrZero(inputs.biasHh), gates },
    ]);
    engine.run('rnnForward', parts, [
      ...plan.slots,
      engine.address(inputs.x),
      engine.addressOrZero(inputs.h0),
      engine.address(output),
      engine.address(hN),
      packedIh!,
      packedHh!,
      bias,
      Number(spec.variant.activation === 'relu'),
      chunk,
      scratch(parts * stride),
      stride,
    ]);
  });
  const saved = spec.needsSaved ? new RnnSaved(engine, plan) : null;
  if (saved === null) engine.free(plan.tables);
  return { outputs: { output, hN }, saved };
}

const backward: (
  engine: Engine,
  ...rest: Parameters<RnnSequenceOp['backward']>
) => ReturnType<RnnSequenceOp['backward']> = (engine, spec, call) => {
  const { batch, steps, inputSize, hiddenSize } = spec;
  const { inputs, outputs, gradients, wanted } = call;
  const { plan } = call.saved as RnnSaved;
  const allocate = (isWanted: boolean, length: number): CpuBuffer | null =>
    isWanted ? engine.allocate('f32', length) : null;
  const result = {
    x: allocate(wanted.x, steps * batch * inputSize),
    weightIh: allocate(wanted.weightIh, hiddenSize * inputSize),
    weightHh: allocate(wanted.weightHh, hiddenSize * hiddenSize),
    biasIh: allocate(wanted.biasIh, hiddenSize),
    biasHh: allocate(wanted.biasHh, hiddenSize),
    h0: allocate(wanted.h0, batch * hiddenSize),
  };
  engine.withScratch((scratch) => {
    const [packedIh, packedHh] = packWeights(engine, plan, scratch, [
      { source: engine.address(inputs.weightIh), rows: hiddenSize, columns: inputSize, gates, form: 'plain' },
      { source: engine.address(inputs.weightHh), rows: hiddenSize, columns: hiddenSize, gates, form: 'plain' },
    ]);
    const gateRows = scratch(4 * plan.rows * plan.gateStride);
    const parts = sweepParts(engine, batch, sweepTime(spec, plan.rows, hiddenSize));
    const stride = wholeLines(4 * (Math.ceil(batch / parts) + 1) * padded(hiddenSize));
    engine.run('rnnBackward', parts, [
      ...plan.slots,
      engine.addressOrZero(gradients.output),
      engine.addressOrZero(gradients.hN),
      engine.address(outputs.output),
      packedHh!,
      Number(spec.variant.activation === 'relu'),
      gateRows,
      engine.addressOrZero(result.h0),
      scratch(parts * stride),
      stride,
    ]);
    if (result.x)
      inputGradient(engine, plan, result.x, { gates: gateRows, blocks: 1, packed: packedIh!, inputSize, hiddenSize });
    const left = { left: gateRows, leftStride: plan.gateStride, units: hiddenSize, gates };
    const x = { kind: 'numbered', base: engine.address(inputs.x), stride: inputSize, index: plan.rowIndex } as const;
    weightGradient(engine, scratch, plan, {
      ...left,
      right: x,
      columns: inputSize,
      weight: result.weightIh,
      bias: result.biasIh ?? result.biasHh,
    });
    const h = previousRows(engine, scratch, plan, { output: outputs.output, h0: inputs.h0, outputSize: hiddenSize });
    weightGradient(engine, scratch, plan, {
      ...left,
      right: h,
      columns: hiddenSize,
      weight: result.weightHh,
      bias: null,
    });
    if (result.biasIh && result.biasHh) copyBuffer(engine, result.biasIh, result.biasHh);
  });
  return result;
};

/** Contract: FusedOps.rnnSequence. */
export function createRnnSequence(engine: Engine): RnnSequenceOp {
  return {
    supports: () => true,
    forward: (spec, inputs) => forward(engine, spec, inputs),
    backward: (spec, call) => backward(engine, spec, call),
  };
}
