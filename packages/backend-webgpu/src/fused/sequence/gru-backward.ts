import type {
  DeviceBuffer,
  GruSpec,
  MaybeBuffer,
  SequenceInputGradients,
  SequenceInputs,
  SequenceOutputGradients,
  Wanted,
} from '@timestep/backend-api';
import { reads, writes } from '../../device/kernel.ts';
import type { Runtime } from '../../device/runtime.ts';
import { previousHidden } from '../../wgsl/recurrent.ts';
import { product } from '../../ops/matmul.ts';
import { bind, copyOrZeros, copyPart, uploadLengths } from './common.ts';
import {
  gateSums,
  initialGradient,
  inputGradient,
  inputWeightGradient,
  recurrentWeightGradient,
  startsOf,
  withHiddenStates,
  zeros,
  type GateGradients,
  type Starts,
} from './gradients.ts';
import { gatePitch, type GruSaved } from './gru-layout.ts';
import { sweep, type BoundPhase } from './sweep.ts';

interface BackwardBuffers {
  readonly gates: DeviceBuffer;
  readonly output: DeviceBuffer;
  readonly carry: DeviceBuffer;
  readonly dOutput: MaybeBuffer;
  readonly lengths: MaybeBuffer;
}

/**
 * The sweep back over time turns the saved gates into the gradients of r, z and n before their nonlinearities, and with
 * reset after v_n into its own. What reaches a state besides the products (the gradient of hN, and z∘dh) is carried.
 */
export function gruBackward(
  runtime: Runtime,
  spec: GruSpec,
  inputs: SequenceInputs,
  output: DeviceBuffer,
  { gates, resetHidden }: Readonly<Record<GruSaved, DeviceBuffer>>,
  gradients: SequenceOutputGradients,
  wanted: Wanted<SequenceInputGradients>,
): SequenceInputGradients {
  const { steps, batch, hiddenSize, variant } = spec;
  const after = variant.reset === 'after';
  const lengths = uploadLengths(runtime, spec);
  const carry = copyOrZeros(runtime, gradients.hN, batch * hiddenSize);
  const buffers: BackwardBuffers = { gates, output, carry, dOutput: gradients.output, lengths };
  if (output.length > 0) {
    const phases = after
      ? [afterPhase(spec, inputs, buffers)]
      : [gatePhase(spec, inputs, buffers), resetPhase(spec, inputs, buffers)];
    sweep(runtime, phases, spec);
  }
  const da: GateGradients = { buffer: gates, pitch: gatePitch(spec), spec, lengths };
  const starts = startsOf(runtime, da);
  const weightHh = wanted.weightHh ? recurrentWeights(runtime, spec, da, starts, inputs, output, resetHidden) : null;
  if (wanted.h0 && steps > 0) {
    const size = hiddenSize * hiddenSize;
    const candidate = { first: 3 * hiddenSize, count: hiddenSize };
    initialGradient(runtime, da, starts, inputs.weightHh, 0, hiddenSize, { first: 0, count: 2 * hiddenSize }, carry);
    if (after) initialGradient(runtime, da, starts, inputs.weightHh, 2 * size, hiddenSize, candidate, carry);
  }
  const result = {
    x: wanted.x ? inputGradient(runtime, da, inputs.weightIh, 3 * hiddenSize) : null,
    weightIh: wanted.weightIh ? inputWeightGradient(runtime, da, inputs.x, 3 * hiddenSize) : null,
    weightHh,
    ...biasGradients(runtime, spec, da, wanted),
    h0: wanted.h0 ? carry : null,
  };
  for (const each of [starts.gathered, lengths, wanted.h0 ? null : carry]) if (each !== null) runtime.free(each);
  return result;
}

/** The rows of r and z see h; those of n see h too with reset after, else r∘h. */
function recurrentWeights(
  runtime: Runtime,
  { steps, batch, hiddenSize, variant }: GruSpec,
  da: GateGradients,
  starts: Starts,
  { h0 }: SequenceInputs,
  output: DeviceBuffer,
  resetHidden: DeviceBuffer,
): DeviceBuffer {
  const out = zeros(runtime, 3 * hiddenSize * hiddenSize);
  if (steps === 0) return out;
  const after = variant.reset === 'after';
  const candidateRows = 2 * hiddenSize * hiddenSize;
  withHiddenStates(runtime, da, { output, h0, width: hiddenSize }, (states) => {
    recurrentWeightGradient(runtime, da, starts, states, { first: 0, count: 2 * hiddenSize }, out, 0);
    if (!after) return;
    const candidate = { first: 3 * hiddenSize, count: hiddenSize };
    recurrentWeightGradient(runtime, da, starts, states, candidate, out, candidateRows);
  });
  if (!after) {
    const shape = {
      out,
      outOffset: candidateRows,
      m: hiddenSize,
      n: hiddenSize,
      k: steps * batch,
      transposeA: true,
      aPitch: da.pitch,
    };
    product(runtime, { ...shape, a: da.buffer, aOffset: 2 * hiddenSize, b: resetHidden });
  }
  return out;
}

function biasGradients(
  runtime: Runtime,
  { hiddenSize, variant }: GruSpec,
  da: GateGradients,
  wanted: { readonly biasIh: boolean; readonly biasHh: boolean },
): { biasIh: MaybeBuffer; biasHh: MaybeBuffer } {
  if (!wanted.biasIh && !wanted.biasHh) return { biasIh: null, biasHh: null };
  const sums = gateSums(runtime, da);
  const part = (candidate: number): DeviceBuffer => {
    const out = runtime.alloc('f32', 3 * hiddenSize);
    copyPart(runtime, sums, 0, out, 0, 2 * hiddenSize);
    copyPart(runtime, sums, candidate * hiddenSize, out, 2 * hiddenSize, hiddenSize);
    return out;
  };
  const result = {
    biasIh: wanted.biasIh ? part(2) : null,
    biasHh: wanted.biasHh ? part(variant.reset === 'after' ? 3 : 2) : null,
  };
  runtime.free(sums);
  return result;
}

const plainWeight = 'fn weight(k: u32, unit: u32) -> f32 { return weightHh[k * params.units + unit]; }';

/** Reset after: one product with all rows of U. */
function afterPhase(
  spec: GruSpec,
  { weightHh, h0 }: SequenceInputs,
  { gates, output, carry, dOutput, lengths }: BackwardBuffers,
): BoundPhase {
  const { hiddenSize, reverse } = spec;
  const { bindings, buffers } = bind([
    [reads('weightHh', 'f32'), weightHh],
    [writes('gates', 'f32'), gates],
    [reads('output', 'f32'), output],
    [reads('h0', 'f32'), h0],
    [writes('carry', 'f32'), carry],
    [reads('dOutput', 'f32'), dOutput],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `${previousHidden(h0 !== null, 'params.units')}
fn source(t: u32, n: u32, k: u32) -> f32 {
  if (!hasFollowing(t, n)) { return 0.0; }
  // Past the columns of r and z that of v_n is meant, not that of n.
  let column = select(k, k + params.units, k >= 2u * params.units);
  return gates[(following(t) * params.batch + n) * 4u * params.units + column];
}
${plainWeight}
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
  let dh = fromFollowing(t, n, sum) + carry[own]${dOutput === null ? '' : ' + dOutput[frame * hidden + unit]'};
  let r = gates[place];
  let z = gates[place + hidden];
  let candidate = gates[place + 2u * hidden];
  let dan = dh * (1.0 - z) * (1.0 - candidate * candidate);
  gates[place] = dan * gates[place + 3u * hidden] * r * (1.0 - r);
  gates[place + hidden] = dh * (previousHidden(t, n, unit) - candidate) * z * (1.0 - z);
  gates[place + 2u * hidden] = dan;
  gates[place + 3u * hidden] = dan * r;
  carry[own] = dh * z;
}`;
  const phase = {
    name: 'gru.backward',
    bindings,
    sums: 1,
    descending: !reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return {
    key: `gru backward ${h0 !== null} ${dOutput !== null}`,
    phase,
    buffers,
    width: 3 * hiddenSize,
    units: hiddenSize,
  };
}

/** Reset before, first: dh, and from it the gradients of z and n. */
function gatePhase(
  spec: GruSpec,
  { weightHh, h0 }: SequenceInputs,
  { gates, output, carry, dOutput, lengths }: BackwardBuffers,
): BoundPhase {
  const { hiddenSize, reverse } = spec;
  const { bindings, buffers } = bind([
    [reads('weightHh', 'f32'), weightHh],
    [writes('gates', 'f32'), gates],
    [reads('output', 'f32'), output],
    [reads('h0', 'f32'), h0],
    [writes('carry', 'f32'), carry],
    [reads('dOutput', 'f32'), dOutput],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `${previousHidden(h0 !== null, 'params.units')}
fn source(t: u32, n: u32, k: u32) -> f32 {
  if (!hasFollowing(t, n)) { return 0.0; }
  return gates[(following(t) * params.batch + n) * 3u * params.units + k];
}
${plainWeight}
fn finish(t: u32, n: u32, unit: u32, sum: f32) {
  let hidden = params.units;
  let frame = t * params.batch + n;
  let place = frame * 3u * hidden + unit;
  if (!isActive(t, n)) {
    gates[place + hidden] = 0.0;
    gates[place + 2u * hidden] = 0.0;
    return;
  }
  let own = n * hidden + unit;
  let dh = fromFollowing(t, n, sum) + carry[own]${dOutput === null ? '' : ' + dOutput[frame * hidden + unit]'};
  let z = gates[place + hidden];
  let candidate = gates[place + 2u * hidden];
  gates[place + hidden] = dh * (previousHidden(t, n, unit) - candidate) * z * (1.0 - z);
  gates[place + 2u * hidden] = dh * (1.0 - z) * (1.0 - candidate * candidate);
  carry[own] = dh * z;
}`;
  const phase = {
    name: 'gru.backward.gates',
    bindings,
    sums: 1,
    descending: !reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return {
    key: `gru backward gates ${h0 !== null} ${dOutput !== null}`,
    phase,
    buffers,
    width: 2 * hiddenSize,
    units: hiddenSize,
  };
}

/** Reset before, second: d(r∘h) = U_nᵀ·dn of the same step, and from it the gradient of r. */
function resetPhase(
  spec: GruSpec,
  { weightHh, h0 }: SequenceInputs,
  { gates, output, carry, lengths }: BackwardBuffers,
): BoundPhase {
  const { hiddenSize, reverse } = spec;
  const { bindings, buffers } = bind([
    [reads('weightHh', 'f32'), weightHh],
    [writes('gates', 'f32'), gates],
    [reads('output', 'f32'), output],
    [reads('h0', 'f32'), h0],
    [writes('carry', 'f32'), carry],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `${previousHidden(h0 !== null, 'params.units')}
fn source(t: u32, n: u32, k: u32) -> f32 { return gates[(t * params.batch + n) * 3u * params.units + 2u * params.units + k]; }
fn weight(k: u32, unit: u32) -> f32 { return weightHh[(2u * params.units + k) * params.units + unit]; }
fn finish(t: u32, n: u32, unit: u32, sum: f32) {
  let hidden = params.units;
  let place = (t * params.batch + n) * 3u * hidden + unit;
  if (!isActive(t, n)) { gates[place] = 0.0; return; }
  let own = n * hidden + unit;
  let r = gates[place];
  gates[place] = sum * previousHidden(t, n, unit) * r * (1.0 - r);
  carry[own] = carry[own] + sum * r;
}`;
  const phase = {
    name: 'gru.backward.reset',
    bindings,
    sums: 1,
    descending: !reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return { key: `gru backward reset ${h0 !== null}`, phase, buffers, width: hiddenSize, units: hiddenSize };
}
