import type { DeviceBuffer, MaybeBuffer, RnnSequenceOp, RnnSpec } from '@timestep/backend-api';
import { reads, writes } from '../../device/kernel.ts';
import type { Runtime } from '../../device/runtime.ts';
import { product } from '../../ops/matmul.ts';
import { numerics } from '../../wgsl/numerics.ts';
import { previousHidden } from '../../wgsl/recurrent.ts';
import { keepOrFree } from '../saved.ts';
import { bind, copyOrZeros, finalHidden, packWeights, supportsBytes, uploadLengths } from './common.ts';
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
import { sweep, type BoundPhase } from './sweep.ts';

// Written so that a NaN goes through.
const activations = { tanh: 'tanhOf(value)', relu: 'select(value, 0.0, value <= 0.0)' } as const;
/** dh·φ' from φ's value y; chosen for relu, not multiplied, because ∞·0 is NaN. */
const slopes = { tanh: 'dh * (1.0 - y * y)', relu: 'select(0.0, dh, y > 0.0)' } as const;

/** The Elman network. The input product goes straight into `output`, where each step adds its own and applies φ. */
export function rnnSequenceOp(runtime: Runtime): RnnSequenceOp {
  return {
    supports: (spec) => supportsBytes(runtime, spec, spec.hiddenSize),
    forward(spec, { x, weightIh, weightHh, biasIh, biasHh, h0 }) {
      const { steps, batch, inputSize, hiddenSize } = spec;
      const lengths = uploadLengths(runtime, spec);
      const output = runtime.alloc('f32', steps * batch * hiddenSize);
      product(runtime, {
        a: x,
        b: weightIh,
        out: output,
        m: steps * batch,
        n: hiddenSize,
        k: inputSize,
        transposeB: true,
        bias: biasIh,
      });
      if (output.length > 0) {
        const weights = packWeights(runtime, weightHh, biasHh, { width: hiddenSize, units: hiddenSize, gates: 1 });
        sweep(runtime, [forwardPhase(spec, weights, output, h0, lengths)], spec);
        runtime.free(weights);
      }
      const hN = finalHidden(runtime, spec, hiddenSize, output, h0, lengths);
      if (lengths !== null) runtime.free(lengths);
      return { outputs: { output, hN }, saved: keepOrFree(runtime, spec.needsSaved, {}) };
    },
    backward(spec, { inputs, outputs, gradients, wanted }) {
      const { steps, batch, hiddenSize } = spec;
      const lengths = uploadLengths(runtime, spec);
      const { output } = outputs;
      const buffer = runtime.alloc('f32', output.length);
      const carry = copyOrZeros(runtime, gradients.hN, batch * hiddenSize);
      const da: GateGradients = { buffer, pitch: hiddenSize, spec, lengths };
      if (output.length > 0)
        sweep(runtime, [backwardPhase(spec, inputs.weightHh, buffer, output, gradients.output, carry, lengths)], spec);
      const columns = { first: 0, count: hiddenSize };
      const starts = startsOf(runtime, da);
      const weightHh = wanted.weightHh ? zeros(runtime, hiddenSize * hiddenSize) : null;
      if (weightHh !== null && steps > 0) {
        withHiddenStates(runtime, da, { output, h0: inputs.h0, width: hiddenSize }, (states) => {
          recurrentWeightGradient(runtime, da, starts, states, columns, weightHh, 0);
        });
      }
      if (wanted.h0 && steps > 0) initialGradient(runtime, da, starts, inputs.weightHh, 0, hiddenSize, columns, carry);
      const result = {
        x: wanted.x ? inputGradient(runtime, da, inputs.weightIh, hiddenSize) : null,
        weightIh: wanted.weightIh ? inputWeightGradient(runtime, da, inputs.x, hiddenSize) : null,
        weightHh,
        ...equalBiasGradients(runtime, da, wanted),
        h0: wanted.h0 ? carry : null,
      };
      for (const each of [buffer, starts.gathered, lengths, wanted.h0 ? null : carry])
        if (each !== null) runtime.free(each);
      return result;
    },
  };
}

function forwardPhase(
  spec: RnnSpec,
  weights: DeviceBuffer,
  output: DeviceBuffer,
  h0: MaybeBuffer,
  lengths: MaybeBuffer,
): BoundPhase {
  const { hiddenSize, reverse, variant } = spec;
  const { bindings, buffers } = bind([
    [reads('weights', 'f32'), weights],
    [writes('output', 'f32'), output],
    [reads('h0', 'f32'), h0],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `${numerics}
${previousHidden(h0 !== null)}
fn source(t: u32, n: u32, k: u32) -> f32 { return previousHidden(t, n, k); }
fn weight(k: u32, unit: u32) -> f32 { return weights[k * params.units + unit]; }
fn finish(t: u32, n: u32, unit: u32, sum: f32) {
  let place = (t * params.batch + n) * params.units + unit;
  let value = output[place] + sum + weights[params.width * params.units + unit];
  if (isActive(t, n)) { output[place] = ${activations[variant.activation]}; } else { output[place] = 0.0; }
}`;
  const phase = {
    name: 'rnn.forward',
    bindings,
    sums: 1,
    descending: reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return {
    key: `rnn forward ${variant.activation} ${h0 !== null}`,
    phase,
    buffers,
    width: hiddenSize,
    units: hiddenSize,
  };
}

function backwardPhase(
  spec: RnnSpec,
  weightHh: DeviceBuffer,
  da: DeviceBuffer,
  output: DeviceBuffer,
  dOutput: MaybeBuffer,
  carry: DeviceBuffer,
  lengths: MaybeBuffer,
): BoundPhase {
  const { hiddenSize, reverse, variant } = spec;
  const { bindings, buffers } = bind([
    [reads('weightHh', 'f32'), weightHh],
    [writes('da', 'f32'), da],
    [reads('output', 'f32'), output],
    [reads('dOutput', 'f32'), dOutput],
    [writes('carry', 'f32'), carry],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `
fn source(t: u32, n: u32, k: u32) -> f32 {
  if (!hasFollowing(t, n)) { return 0.0; }
  return da[(following(t) * params.batch + n) * params.width + k];
}
fn weight(k: u32, unit: u32) -> f32 { return weightHh[k * params.units + unit]; }
fn finish(t: u32, n: u32, unit: u32, sum: f32) {
  let place = (t * params.batch + n) * params.units + unit;
  if (!isActive(t, n)) { da[place] = 0.0; return; }
  let own = n * params.units + unit;
  let y = output[place];
  let dh = fromFollowing(t, n, sum) + carry[own]${dOutput === null ? '' : ' + dOutput[place]'};
  carry[own] = 0.0;
  da[place] = ${slopes[variant.activation]};
}`;
  const phase = {
    name: 'rnn.backward',
    bindings,
    sums: 1,
    descending: !reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return {
    key: `rnn backward ${variant.activation} ${dOutput !== null}`,
    phase,
    buffers,
    width: hiddenSize,
    units: hiddenSize,
  };
}
