import type { GruSequenceOp, GruSpec, Saved, SequenceInputs } from '@timestep/backend-api';
import type { CpuBuffer } from '../engine/buffer.ts';
import type { Engine } from '../engine/engine.ts';
import { inputGradient, previousRows, weightGradient } from './sequence-gradients.ts';
import {
  chunkRows,
  padded,
  planSequence,
  productTime,
  sweepParts,
  wholeLines,
  type SequencePlan,
} from './sequence-plan.ts';
import { noGate, packBias, packWeights, type PackJob } from './sequence-weights.ts';

/** Kept by the forward pass, by packed row: n, r, z and the fourth block (see assembly/sequence/gru-forward.ts). */
class GruSaved implements Saved {
  readonly plan: SequencePlan;
  readonly gates: CpuBuffer;
  readonly #engine: Engine;

  constructor(engine: Engine, plan: SequencePlan, gates: CpuBuffer) {
    this.#engine = engine;
    this.plan = plan;
    this.gates = gates;
  }

  release(): void {
    this.#engine.free(this.plan.tables);
    this.#engine.free(this.gates);
  }
}

const [r, z, n] = [0, 1, 2];
/**
 * Gate rows hold the blocks n, r, z and a fourth: x feeds the first three, h the last three where the reset comes
 * after.
 */
const inputGates = [n, r, z];
const hiddenGates = [r, z, n];

/** Nanoseconds of a sweep on one core: the products of its rows and about 20 ns for eight units' gates. */
function sweepTime(spec: GruSpec, rows: number, widths: number): number {
  return rows * (productTime(3 * spec.hiddenSize * widths) + 2.5 * spec.hiddenSize);
}

/** The biases of the blocks. With the reset after the product, b_hn is the bias of q. */
function biasGates(spec: GruSpec): { ih: number[]; hh: number[] } {
  return spec.variant.reset === 'after'
    ? { ih: [n, r, z, noGate], hh: [noGate, r, z, n] }
    : { ih: [n, r, z, noGate], hh: [n, r, z, noGate] };
}

function forward(engine: Engine, spec: GruSpec, inputs: SequenceInputs): ReturnType<GruSequenceOp['forward']> {
  const { steps, batch, inputSize, hiddenSize } = spec;
  const output = engine.allocate('f32', steps * batch * hiddenSize);
  const hN = engine.allocate('f32', batch * hiddenSize);
  const plan = planSequence(engine, spec, hiddenSize, 4);
  const saved = spec.needsSaved
    ? new GruSaved(engine, plan, engine.allocate('f32', plan.rows * plan.gateStride))
    : null;
  const parts = sweepParts(engine, batch, sweepTime(spec, plan.rows, inputSize + hiddenSize));
  const chunk = chunkRows(plan, batch, parts);
  const stride = wholeLines(
    4 * (chunk * (inputSize + plan.gateStride) + 16 + Math.ceil(batch / parts) * 2 * padded(hiddenSize)),
  );
  engine.withScratch((scratch) => {
    const hidden = (gates: readonly number[]): PackJob => ({
      source: engine.address(inputs.weightHh),
      rows: hiddenSize,
      columns: hiddenSize,
      gates,
      form: 'transposed',
    });
    const [packedIh, packedHh, packedN = 0] = packWeights(engine, plan, scratch, [
      {
        source: engine.address(inputs.weightIh),
        rows: hiddenSize,
        columns: inputSize,
        gates: inputGates,
        form: 'transposed',
      },
      ...(spec.variant.reset === 'after' ? [hidden(hiddenGates)] : [hidden([r, z]), hidden([n])]),
    ]);
    const { ih, hh } = biasGates(spec);
    const bias = packBias(engine, scratch, hiddenSize, [
      { address: engine.addressOrZero(inputs.biasIh), gates: ih },
      { address: engine.addressOrZero(inputs.biasHh), gates: hh },
    ]);
    engine.run('gruForward', parts, [
      ...plan.slots,
      engine.address(inputs.x),
      engine.addressOrZero(inputs.h0),
      engine.address(output),
      engine.address(hN),
      packedIh!,
      packedHh!,
      packedN,
      bias,
      Number(spec.variant.reset === 'after'),
      engine.addressOrZero(saved?.gates ?? null),
      chunk,
      scratch(parts * stride),
      stride,
    ]);
  });
  if (saved === null) engine.free(plan.tables);
  return { outputs: { output, hN }, saved };
}

const backward: (
  engine: Engine,
  ...rest: Parameters<GruSequenceOp['backward']>
) => ReturnType<GruSequenceOp['backward']> = (engine, spec, call) => {
  const { batch, steps, inputSize, hiddenSize } = spec;
  const { inputs, outputs, gradients, wanted } = call;
  const saved = call.saved as GruSaved;
  const { plan } = saved;
  const resetAfter = spec.variant.reset === 'after';
  const block = 4 * padded(hiddenSize);
  const allocate = (isWanted: boolean, length: number): CpuBuffer | null =>
    isWanted ? engine.allocate('f32', length) : null;
  const result = {
    x: allocate(wanted.x, steps * batch * inputSize),
    weightIh: allocate(wanted.weightIh, 3 * hiddenSize * inputSize),
    weightHh: allocate(wanted.weightHh, 3 * hiddenSize * hiddenSize),
    biasIh: allocate(wanted.biasIh, 3 * hiddenSize),
    biasHh: allocate(wanted.biasHh, 3 * hiddenSize),
    h0: allocate(wanted.h0, batch * hiddenSize),
  };
  const gateRows = engine.address(saved.gates);
  engine.withScratch((scratch) => {
    const hidden = (gates: readonly number[]): PackJob => ({
      source: engine.address(inputs.weightHh),
      rows: hiddenSize,
      columns: hiddenSize,
      gates,
      form: 'plain',
    });
    const [packedIh, packedHh, packedN = 0] = packWeights(engine, plan, scratch, [
      {
        source: engine.address(inputs.weightIh),
        rows: hiddenSize,
        columns: inputSize,
        gates: inputGates,
        form: 'plain',
      },
      ...(resetAfter ? [hidden(hiddenGates)] : [hidden([r, z]), hidden([n])]),
    ]);
    const parts = sweepParts(engine, batch, sweepTime(spec, plan.rows, hiddenSize));
    const stride = wholeLines(12 * Math.ceil(batch / parts) * padded(hiddenSize));
    engine.run('gruBackward', parts, [
      ...plan.slots,
      engine.addressOrZero(gradients.output),
      engine.addressOrZero(gradients.hN),
      engine.addressOrZero(inputs.h0),
      engine.address(outputs.output),
      packedHh!,
      packedN,
      Number(resetAfter),
      gateRows,
      engine.addressOrZero(result.h0),
      scratch(parts * stride),
      stride,
    ]);
    if (result.x)
      inputGradient(engine, plan, result.x, { gates: gateRows, blocks: 3, packed: packedIh!, inputSize, hiddenSize });
    const left = { left: gateRows, leftStride: plan.gateStride, units: hiddenSize };
    const x = { kind: 'numbered', base: engine.address(inputs.x), stride: inputSize, index: plan.rowIndex } as const;
    weightGradient(engine, scratch, plan, {
      ...left,
      gates: inputGates,
      right: x,
      columns: inputSize,
      weight: result.weightIh,
      bias: result.biasIh,
    });
    const h = previousRows(engine, scratch, plan, { output: outputs.output, h0: inputs.h0, outputSize: hiddenSize });
    const hiddenSide = {
      ...left,
      left: gateRows + block,
      columns: hiddenSize,
      weight: result.weightHh,
      bias: result.biasHh,
    };
    if (resetAfter) {
      weightGradient(engine, scratch, plan, { ...hiddenSide, gates: hiddenGates, right: h });
    } else {
      weightGradient(engine, scratch, plan, { ...hiddenSide, gates: [r, z], right: h });
      const reset = { kind: 'packed', base: gateRows + 3 * block, stride: plan.gateStride } as const;
      weightGradient(engine, scratch, plan, { ...hiddenSide, left: gateRows, gates: [n], right: reset });
    }
  });
  return result;
};

/** Contract: FusedOps.gruSequence. */
export function createGruSequence(engine: Engine): GruSequenceOp {
  return {
    supports: () => true,
    forward: (spec, inputs) => forward(engine, spec, inputs),
    backward: (spec, call) => backward(engine, spec, call),
  };
}
