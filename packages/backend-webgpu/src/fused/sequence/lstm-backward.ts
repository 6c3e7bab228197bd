import type {
  DeviceBuffer,
  LstmInputGradients,
  LstmInputs,
  LstmOutputGradients,
  LstmSpec,
  MaybeBuffer,
  Wanted,
} from '@timestep/backend-api';
import { reads, writes } from '../../device/kernel.ts';
import type { Runtime } from '../../device/runtime.ts';
import { product } from '../../ops/matmul.ts';
import { reduce } from '../../ops/reduce.ts';
import { numerics } from '../../wgsl/numerics.ts';
import { bind, copyOrZeros, uploadLengths } from './common.ts';
import {
  equalBiasGradients,
  initialGradient,
  inputGradient,
  inputWeightGradient,
  recurrentWeightGradient,
  startsOf,
  withHiddenStates,
  zeros,
  type GateGradients,
} from './gradients.ts';
import { cellSlots, outputSizeOf, type LstmSaved } from './lstm-layout.ts';
import { sweep, type BoundPhase } from './sweep.ts';

interface BackwardBuffers {
  readonly gates: DeviceBuffer;
  readonly cells: DeviceBuffer;
  readonly carry: DeviceBuffer;
  readonly cellCarry: DeviceBuffer;
  readonly dOutput: MaybeBuffer;
  readonly lengths: MaybeBuffer;
}

/**
 * The sweep back over time, which turns the saved gates into their gradients in place, and the products after it. What
 * reaches a state besides the product (the gradient of hN or cN, and along c) is carried in two `[N, …]` buffers.
 */
export function lstmBackward(
  runtime: Runtime,
  spec: LstmSpec,
  inputs: LstmInputs,
  output: DeviceBuffer,
  { gates, cells, squashed }: Readonly<Record<LstmSaved, DeviceBuffer>>,
  gradients: LstmOutputGradients,
  wanted: Wanted<LstmInputGradients>,
): LstmInputGradients {
  const { steps, batch, hiddenSize } = spec;
  const outputSize = outputSizeOf(spec);
  const { weightHr } = inputs;
  const lengths = uploadLengths(runtime, spec);
  const carry = copyOrZeros(runtime, gradients.hN, batch * outputSize);
  const cellCarry = copyOrZeros(runtime, gradients.cN, batch * hiddenSize);
  const dHidden = weightHr === null ? null : runtime.alloc('f32', output.length);
  const buffers: BackwardBuffers = { gates, cells, carry, cellCarry, dOutput: gradients.output, lengths };
  if (gates.length > 0) {
    if (weightHr === null || dHidden === null) sweep(runtime, [gatePhase(spec, inputs, buffers, null)], spec);
    else
      sweep(
        runtime,
        [hiddenPhase(spec, inputs.weightHh, buffers, dHidden), gatePhase(spec, inputs, buffers, dHidden)],
        spec,
      );
  }
  const da: GateGradients = { buffer: gates, pitch: 4 * hiddenSize, spec, lengths };
  const columns = { first: 0, count: 4 * hiddenSize };
  const starts = startsOf(runtime, da);
  const weightHh = wanted.weightHh ? zeros(runtime, 4 * hiddenSize * outputSize) : null;
  if (weightHh !== null && steps > 0) {
    withHiddenStates(runtime, da, { output, h0: inputs.h0, width: outputSize }, (states) => {
      recurrentWeightGradient(runtime, da, starts, states, columns, weightHh, 0);
    });
  }
  if (wanted.h0 && steps > 0) initialGradient(runtime, da, starts, inputs.weightHh, 0, outputSize, columns, carry);
  const dWeightHr = wanted.weightHr ? runtime.alloc('f32', outputSize * hiddenSize) : null;
  if (dWeightHr !== null) {
    product(runtime, {
      a: dHidden!,
      b: squashed,
      out: dWeightHr,
      m: outputSize,
      n: hiddenSize,
      k: steps * batch,
      transposeA: true,
    });
  }
  const result = {
    x: wanted.x ? inputGradient(runtime, da, inputs.weightIh, 4 * hiddenSize) : null,
    weightIh: wanted.weightIh ? inputWeightGradient(runtime, da, inputs.x, 4 * hiddenSize) : null,
    weightHh,
    ...equalBiasGradients(runtime, da, wanted),
    h0: wanted.h0 ? carry : null,
    c0: wanted.c0 ? cellCarry : null,
    weightHr: dWeightHr,
    peephole: wanted.peephole ? peepholeGradient(runtime, spec, gates, cells) : null,
  };
  for (const each of [starts.gathered, lengths, dHidden, wanted.h0 ? null : carry, wanted.c0 ? null : cellCarry]) {
    if (each !== null) runtime.free(each);
  }
  return result;
}

const recurrentSource = `
fn source(t: u32, n: u32, k: u32) -> f32 {
  if (!hasFollowing(t, n)) { return 0.0; }
  return gates[(following(t) * params.batch + n) * params.width + k];
}
fn weight(k: u32, unit: u32) -> f32 { return weights[k * params.units + unit]; }
`;

/** With a projection: dh of each step, kept for the gradient of W_hr. */
function hiddenPhase(
  spec: LstmSpec,
  weightHh: DeviceBuffer,
  { gates, carry, dOutput, lengths }: BackwardBuffers,
  dHidden: DeviceBuffer,
): BoundPhase {
  const { hiddenSize, reverse } = spec;
  const { bindings, buffers } = bind([
    [reads('weights', 'f32'), weightHh],
    [reads('gates', 'f32'), gates],
    [writes('carry', 'f32'), carry],
    [reads('dOutput', 'f32'), dOutput],
    [writes('dHidden', 'f32'), dHidden],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `${recurrentSource}
fn finish(t: u32, n: u32, unit: u32, sum: f32) {
  let place = (t * params.batch + n) * params.units + unit;
  if (!isActive(t, n)) { dHidden[place] = 0.0; return; }
  let own = n * params.units + unit;
  dHidden[place] = fromFollowing(t, n, sum) + carry[own]${dOutput === null ? '' : ' + dOutput[place]'};
  carry[own] = 0.0;
}`;
  const phase = {
    name: 'lstm.backward.hidden',
    bindings,
    sums: 1,
    descending: !reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return {
    key: `lstm backward hidden ${dOutput !== null}`,
    phase,
    buffers,
    width: 4 * hiddenSize,
    units: outputSizeOf(spec),
  };
}

/** dm = dh, or W_hrᵀ·dh with a projection; from it the gradients of the gates before their nonlinearities. */
function gatePhase(spec: LstmSpec, inputs: LstmInputs, all: BackwardBuffers, dHidden: MaybeBuffer): BoundPhase {
  const { hiddenSize, reverse, variant } = spec;
  const { gates, cells, carry, cellCarry, lengths } = all;
  const { peephole } = inputs;
  const projects = dHidden !== null;
  const dOutput = projects ? null : all.dOutput;
  const { bindings, buffers } = bind([
    [reads('weights', 'f32'), projects ? inputs.weightHr : inputs.weightHh],
    [writes('gates', 'f32'), gates],
    [reads('cells', 'f32'), cells],
    [writes('carry', 'f32'), projects ? null : carry],
    [writes('cellCarry', 'f32'), cellCarry],
    [reads('dHidden', 'f32'), dHidden],
    [reads('dOutput', 'f32'), dOutput],
    [reads('peephole', 'f32'), peephole],
    [reads('lengths', 'i32'), lengths],
  ]);
  const projectedSource = `
fn source(t: u32, n: u32, k: u32) -> f32 { return dHidden[(t * params.batch + n) * params.width + k]; }
fn weight(k: u32, unit: u32) -> f32 { return weights[k * params.units + unit]; }
`;
  const peep = (row: number, gradient: string): string =>
    peephole === null ? '' : ` + ${gradient} * peephole[${row}u * hidden + unit]`;
  const { coupledGates } = variant;
  const functions = `${numerics}
${projects ? projectedSource : recurrentSource}
${cellSlots(reverse)}
fn finish(t: u32, n: u32, unit: u32, sum: f32) {
  let hidden = params.units;
  let frame = t * params.batch + n;
  let place = frame * 4u * hidden + unit;
  if (!isActive(t, n)) {
    gates[place] = 0.0;
    gates[place + hidden] = 0.0;
    gates[place + 2u * hidden] = 0.0;
    gates[place + 3u * hidden] = 0.0;
    return;
  }
  let own = n * hidden + unit;
${projects ? '  let dm = sum;' : `  let dm = fromFollowing(t, n, sum) + carry[own]${dOutput === null ? '' : ' + dOutput[frame * hidden + unit]'};\n  carry[own] = 0.0;`}
  let i = gates[place];
  let f = gates[place + hidden];
  let g = gates[place + 2u * hidden];
  let o = gates[place + 3u * hidden];
  let c = cells[cellBefore(t, n, unit)];
  let squashed = tanhOf(cells[cellAfter(t, n, unit)]);
  let dao = dm * squashed * o * (1.0 - o);
  let dNext = cellCarry[own] + dm * o * (1.0 - squashed * squashed)${peep(2, 'dao')};
  let df = dNext * c;
  let dai = (dNext * g${coupledGates ? ' - df' : ''}) * i * (1.0 - i);
  let daf = ${coupledGates ? '0.0' : 'df * f * (1.0 - f)'};
  gates[place] = dai;
  gates[place + hidden] = daf;
  gates[place + 2u * hidden] = dNext * i * (1.0 - g * g);
  gates[place + 3u * hidden] = dao;
  cellCarry[own] = dNext * f${peep(0, 'dai')}${peep(1, 'daf')};
}`;
  const key = `lstm backward ${coupledGates} ${projects} ${dOutput !== null} ${peephole !== null}`;
  const phase = {
    name: 'lstm.backward',
    bindings,
    sums: 1,
    descending: !reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return { key, phase, buffers, width: projects ? outputSizeOf(spec) : 4 * hiddenSize, units: hiddenSize };
}

/** Frames whose share of the peepholes' gradient one invocation sums. */
const framesEach = 64;

/** `[3, H]`: Σ dai∘c, Σ daf∘c and Σ dao∘c' over all frames. */
function peepholeGradient(
  runtime: Runtime,
  { steps, batch, hiddenSize, reverse }: LstmSpec,
  gates: DeviceBuffer,
  cells: DeviceBuffer,
): DeviceBuffer {
  const out = runtime.alloc('f32', 3 * hiddenSize);
  const frames = steps * batch;
  const chunks = Math.ceil(frames / framesEach);
  const partial = runtime.alloc('f32', chunks * out.length);
  const kernel = runtime.kernel(`lstm peepholes ${reverse}`, () => ({
    name: 'lstm.peepholes',
    bindings: [reads('gates', 'f32'), reads('cells', 'f32'), writes('partial', 'f32')],
    parameters: { size: 'u32', frames: 'u32', batch: 'u32', hidden: 'u32' },
    workgroupSize: 64,
    body: `  if (thread >= params.size) { return; }
  let row = thread / params.hidden % 3u;
  let unit = thread % params.hidden;
  let first = thread / (3u * params.hidden) * ${framesEach}u;
  let gate = select(row, 3u, row == 2u);
  // i and f look at the cell before the step, o at the one after it.
  let shift = select(${reverse ? '1u, 0u' : '0u, 1u'}, row == 2u) * params.batch;
  var total = 0.0;
  for (var frame = first; frame < min(first + ${framesEach}u, params.frames); frame = frame + 1u) {
    total += gates[(frame * 4u + gate) * params.hidden + unit] * cells[(frame + shift) * params.hidden + unit];
  }
  partial[thread] = total;`,
  }));
  if (partial.length > 0) {
    runtime.run(
      kernel,
      [gates, cells, partial],
      { size: partial.length, frames, batch, hidden: hiddenSize },
      Math.ceil(partial.length / 64),
      frames * hiddenSize * 6,
    );
  }
  reduce(runtime, 'sum', partial, out, { outer: 1, length: chunks, inner: out.length });
  runtime.free(partial);
  return out;
}
