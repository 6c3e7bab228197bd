import type { LstmInputs, LstmSequenceOp, LstmSpec, MaybeBuffer, Saved } from '@timestep/backend-api';
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
import { packBias, packWeights, type PackJob } from './sequence-weights.ts';

/**
 * Kept by the forward pass, by packed row: the gates i, f, g, o, the cell, and o∘tanh(c) where the variant projects.
 */
class LstmSaved implements Saved {
  readonly plan: SequencePlan;
  readonly gates: CpuBuffer;
  readonly cells: CpuBuffer;
  readonly hiddens: CpuBuffer | null;
  readonly #engine: Engine;

  constructor(engine: Engine, plan: SequencePlan, gates: CpuBuffer, cells: CpuBuffer, hiddens: CpuBuffer | null) {
    this.#engine = engine;
    this.plan = plan;
    this.gates = gates;
    this.cells = cells;
    this.hiddens = hiddens;
  }

  release(): void {
    for (const buffer of [this.plan.tables, this.gates, this.cells, this.hiddens])
      if (buffer !== null) this.#engine.free(buffer);
  }
}

const gates = [0, 1, 2, 3];

function outputSizeOf(spec: LstmSpec): number {
  return spec.variant.projectionSize || spec.hiddenSize;
}

/** Nanoseconds of a sweep on one core: the products of its rows and about 30 ns for eight units' gates. */
function sweepTime(spec: LstmSpec, rows: number, widths: number): number {
  const { hiddenSize } = spec;
  return rows * (productTime(4 * hiddenSize * widths + hiddenSize * spec.variant.projectionSize) + 4 * hiddenSize);
}

/** [3, H] to [3, H padded]; 0 for none. */
function padPeephole(
  engine: Engine,
  scratch: (bytes: number) => number,
  peephole: MaybeBuffer,
  hiddenSize: number,
): number {
  if (peephole === null) return 0;
  return packBias(engine, scratch, hiddenSize, [
    { address: engine.address(peephole), gates: [0, 1, 2] },
    { address: 0, gates: [0, 1, 2] },
  ]);
}

/** The packed weights that an optional projection adds. */
function projectionJob(engine: Engine, spec: LstmSpec, weightHr: MaybeBuffer, form: PackJob['form']): PackJob[] {
  if (weightHr === null) return [];
  return [
    { source: engine.address(weightHr), rows: spec.variant.projectionSize, columns: spec.hiddenSize, gates: [0], form },
  ];
}

function forward(engine: Engine, spec: LstmSpec, inputs: LstmInputs): ReturnType<LstmSequenceOp['forward']> {
  const { steps, batch, inputSize, hiddenSize } = spec;
  const outputSize = outputSizeOf(spec);
  const output = engine.allocate('f32', steps * batch * outputSize);
  const hN = engine.allocate('f32', batch * outputSize);
  const cN = engine.allocate('f32', batch * hiddenSize);
  const plan = planSequence(engine, spec, outputSize, 4);
  const units = padded(hiddenSize);
  const saved = spec.needsSaved
    ? new LstmSaved(
        engine,
        plan,
        engine.allocate('f32', plan.rows * plan.gateStride),
        engine.allocate('f32', plan.rows * units),
        inputs.weightHr ? engine.allocate('f32', plan.rows * units) : null,
      )
    : null;
  const parts = sweepParts(engine, batch, sweepTime(spec, plan.rows, inputSize + outputSize));
  const chunk = chunkRows(plan, batch, parts);
  const stride = wholeLines(
    4 * (chunk * (inputSize + plan.gateStride) + 16 + Math.ceil(batch / parts) * 2 * (padded(outputSize) + units)),
  );
  engine.withScratch((scratch) => {
    const [packedIh, packedHh, packedHr = 0] = packWeights(engine, plan, scratch, [
      { source: engine.address(inputs.weightIh), rows: hiddenSize, columns: inputSize, gates, form: 'transposed' },
      { source: engine.address(inputs.weightHh), rows: hiddenSize, columns: outputSize, gates, form: 'transposed' },
      ...projectionJob(engine, spec, inputs.weightHr, 'transposed'),
    ]);
    const bias = packBias(engine, scratch, hiddenSize, [
      { address: engine.addressOrZero(inputs.biasIh), gates },
      { address: engine.addressOrZero(inputs.biasHh), gates },
    ]);
    const peephole = padPeephole(engine, scratch, inputs.peephole, hiddenSize);
    engine.run('lstmForward', parts, [
      ...plan.slots,
      engine.address(inputs.x),
      engine.addressOrZero(inputs.h0),
      engine.addressOrZero(inputs.c0),
      engine.address(output),
      engine.address(hN),
      engine.address(cN),
      packedIh!,
      packedHh!,
      packedHr,
      bias,
      peephole,
      Number(spec.variant.coupledGates),
      engine.addressOrZero(saved?.gates ?? null),
      engine.addressOrZero(saved?.cells ?? null),
      engine.addressOrZero(saved?.hiddens ?? null),
      chunk,
      scratch(parts * stride),
      stride,
    ]);
  });
  if (saved === null) engine.free(plan.tables);
  return { outputs: { output, hN, cN }, saved };
}

const backward: (
  engine: Engine,
  ...rest: Parameters<LstmSequenceOp['backward']>
) => ReturnType<LstmSequenceOp['backward']> = (engine, spec, call) => {
  const { batch, steps, inputSize, hiddenSize } = spec;
  const { inputs, outputs, gradients, wanted } = call;
  const saved = call.saved as LstmSaved;
  const { plan } = saved;
  const outputSize = outputSizeOf(spec);
  const units = padded(hiddenSize);
  const allocate = (isWanted: boolean, length: number): CpuBuffer | null =>
    isWanted ? engine.allocate('f32', length) : null;
  const result = {
    x: allocate(wanted.x, steps * batch * inputSize),
    weightIh: allocate(wanted.weightIh, 4 * hiddenSize * inputSize),
    weightHh: allocate(wanted.weightHh, 4 * hiddenSize * outputSize),
    biasIh: allocate(wanted.biasIh, 4 * hiddenSize),
    biasHh: allocate(wanted.biasHh, 4 * hiddenSize),
    h0: allocate(wanted.h0, batch * outputSize),
    c0: allocate(wanted.c0, batch * hiddenSize),
    weightHr: allocate(wanted.weightHr && inputs.weightHr !== null, outputSize * hiddenSize),
    peephole: allocate(wanted.peephole && inputs.peephole !== null, 3 * hiddenSize),
  };
  const gateRows = engine.address(saved.gates);
  const cells = engine.address(saved.cells);
  engine.withScratch((scratch) => {
    const [packedIh, packedHh, packedHr = 0] = packWeights(engine, plan, scratch, [
      { source: engine.address(inputs.weightIh), rows: hiddenSize, columns: inputSize, gates, form: 'plain' },
      { source: engine.address(inputs.weightHh), rows: hiddenSize, columns: outputSize, gates, form: 'plain' },
      ...projectionJob(engine, spec, inputs.weightHr, 'plain'),
    ]);
    const projected = inputs.weightHr ? scratch(4 * plan.rows * padded(outputSize)) : 0;
    const parts = sweepParts(engine, batch, sweepTime(spec, plan.rows, outputSize));
    const stride = wholeLines(4 * Math.ceil(batch / parts) * (padded(outputSize) + 3 * units));
    engine.run('lstmBackward', parts, [
      ...plan.slots,
      engine.addressOrZero(gradients.output),
      engine.addressOrZero(gradients.hN),
      engine.addressOrZero(gradients.cN),
      engine.addressOrZero(inputs.c0),
      packedHh!,
      packedHr,
      padPeephole(engine, scratch, inputs.peephole, hiddenSize),
      Number(spec.variant.coupledGates),
      gateRows,
      cells,
      projected,
      engine.addressOrZero(result.h0),
      engine.addressOrZero(result.c0),
      scratch(parts * stride),
      stride,
    ]);
    if (result.x)
      inputGradient(engine, plan, result.x, { gates: gateRows, blocks: 4, packed: packedIh!, inputSize, hiddenSize });
    const left = { left: gateRows, leftStride: plan.gateStride, units: hiddenSize, gates };
    const x = { kind: 'numbered', base: engine.address(inputs.x), stride: inputSize, index: plan.rowIndex } as const;
    weightGradient(engine, scratch, plan, {
      ...left,
      right: x,
      columns: inputSize,
      weight: result.weightIh,
      bias: result.biasIh ?? result.biasHh,
    });
    const h = previousRows(engine, scratch, plan, { output: outputs.output, h0: inputs.h0, outputSize });
    weightGradient(engine, scratch, plan, {
      ...left,
      right: h,
      columns: outputSize,
      weight: result.weightHh,
      bias: null,
    });
    if (result.biasIh && result.biasHh) copyBuffer(engine, result.biasIh, result.biasHh);
    if (result.weightHr) {
      const m = { kind: 'packed', base: engine.address(saved.hiddens!), stride: units } as const;
      weightGradient(engine, scratch, plan, {
        left: projected,
        leftStride: padded(outputSize),
        units: outputSize,
        gates: [0],
        right: m,
        columns: hiddenSize,
        weight: result.weightHr,
        bias: null,
      });
    }
    if (result.peephole) {
      const target = scratch(12 * units);
      engine.run('peepholeGradient', engine.partsFor(plan.rows * hiddenSize), [
        ...plan.slots,
        gateRows,
        cells,
        engine.addressOrZero(inputs.c0),
        target,
      ]);
      for (let row = 0; row < 3; row++) {
        const from = target / 4 + row * units;
        engine.f32.copyWithin(engine.address(result.peephole) / 4 + row * hiddenSize, from, from + hiddenSize);
      }
    }
  });
  return result;
};

/** Contract: FusedOps.lstmSequence. */
export function createLstmSequence(engine: Engine): LstmSequenceOp {
  return {
    supports: () => true,
    forward: (spec, inputs) => forward(engine, spec, inputs),
    backward: (spec, call) => backward(engine, spec, call),
  };
}
