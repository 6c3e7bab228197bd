import type { DeviceBuffer, GruSequenceOp, GruSpec, MaybeBuffer, SequenceInputs } from '@timestep/backend-api';
import { reads, writes } from '../../device/kernel.ts';
import type { Runtime } from '../../device/runtime.ts';
import { product } from '../../ops/matmul.ts';
import { numerics } from '../../wgsl/numerics.ts';
import { previousHidden } from '../../wgsl/recurrent.ts';
import { keepOrFree, type SavedBuffers } from '../saved.ts';
import { bind, finalHidden, packWeights, supportsBytes, uploadLengths } from './common.ts';
import { gruBackward } from './gru-backward.ts';
import { gatePitch, type GruSaved } from './gru-layout.ts';
import { sweep, type BoundPhase } from './sweep.ts';

interface ForwardBuffers {
  readonly output: DeviceBuffer;
  readonly gates: DeviceBuffer;
  readonly lengths: MaybeBuffer;
}

/**
 * The gated recurrent unit: the input product of all steps, then a sweep. With reset after, one phase makes all three
 * recurrent products; with reset before, the candidate's product waits for r∘h, and a step takes two phases.
 */
export function gruSequenceOp(runtime: Runtime): GruSequenceOp {
  return {
    supports: (spec) => supportsBytes(runtime, spec, gatePitch(spec)),
    forward(spec, inputs) {
      const { steps, batch, inputSize, hiddenSize, variant } = spec;
      const after = variant.reset === 'after';
      const pitch = gatePitch(spec);
      const lengths = uploadLengths(runtime, spec);
      const output = runtime.alloc('f32', steps * batch * hiddenSize);
      const gates = runtime.alloc('f32', steps * batch * pitch);
      const resetHidden = runtime.alloc('f32', after ? 0 : output.length);
      product(runtime, {
        a: inputs.x,
        b: inputs.weightIh,
        out: gates,
        m: steps * batch,
        n: 3 * hiddenSize,
        k: inputSize,
        transposeB: true,
        bias: inputs.biasIh,
        outPitch: pitch,
      });
      if (output.length > 0) {
        const size = { width: hiddenSize, units: hiddenSize };
        const weights = packWeights(runtime, inputs.weightHh, inputs.biasHh, { ...size, gates: after ? 3 : 2 });
        const buffers = { output, gates, lengths };
        if (after) {
          sweep(runtime, [afterPhase(spec, inputs, weights, buffers)], spec);
        } else {
          const candidate = packWeights(runtime, inputs.weightHh, inputs.biasHh, { ...size, gates: 1, firstGate: 2 });
          sweep(
            runtime,
            [
              gatePhase(spec, inputs, weights, buffers, resetHidden),
              candidatePhase(spec, inputs, candidate, buffers, resetHidden),
            ],
            spec,
          );
          runtime.free(candidate);
        }
        runtime.free(weights);
      }
      const hN = finalHidden(runtime, spec, hiddenSize, output, inputs.h0, lengths);
      if (lengths !== null) runtime.free(lengths);
      return { outputs: { output, hN }, saved: keepOrFree<GruSaved>(runtime, spec.needsSaved, { gates, resetHidden }) };
    },
    backward: (spec, { inputs, outputs, saved, gradients, wanted }) =>
      gruBackward(runtime, spec, inputs, outputs.output, (saved as SavedBuffers<GruSaved>).buffers, gradients, wanted),
  };
}

const vectorWeight = 'fn weight(k: u32, unit: u32) -> vec4f { return weights[k * params.units + unit]; }';
const hiddenSource = 'fn source(t: u32, n: u32, k: u32) -> f32 { return previousHidden(t, n, k); }';

function afterPhase(
  spec: GruSpec,
  { h0 }: SequenceInputs,
  weights: DeviceBuffer,
  { output, gates, lengths }: ForwardBuffers,
): BoundPhase {
  const { hiddenSize, reverse } = spec;
  const { bindings, buffers } = bind([
    [reads('weights', 'vec4<f32>'), weights],
    [writes('output', 'f32'), output],
    [writes('gates', 'f32'), gates],
    [reads('h0', 'f32'), h0],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `${numerics}
${previousHidden(h0 !== null)}
${hiddenSource}
${vectorWeight}
fn finish(t: u32, n: u32, unit: u32, sum: vec4f) {
  let hidden = params.units;
  let frame = t * params.batch + n;
  if (!isActive(t, n)) { output[frame * hidden + unit] = 0.0; return; }
  let place = frame * 4u * hidden + unit;
  let v = sum + weights[params.width * hidden + unit];
  let r = sigmoid(gates[place] + v.x);
  let z = sigmoid(gates[place + hidden] + v.y);
  let candidate = tanhOf(gates[place + 2u * hidden] + r * v.z);
  gates[place] = r;
  gates[place + hidden] = z;
  gates[place + 2u * hidden] = candidate;
  gates[place + 3u * hidden] = v.z;
  output[frame * hidden + unit] = (1.0 - z) * candidate + z * previousHidden(t, n, unit);
}`;
  const phase = {
    name: 'gru.forward',
    bindings,
    sums: 3,
    descending: reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return { key: `gru forward ${h0 !== null}`, phase, buffers, width: hiddenSize, units: hiddenSize };
}

/** r, z and r∘h. */
function gatePhase(
  spec: GruSpec,
  { h0 }: SequenceInputs,
  weights: DeviceBuffer,
  { output, gates, lengths }: ForwardBuffers,
  resetHidden: DeviceBuffer,
): BoundPhase {
  const { hiddenSize, reverse } = spec;
  const { bindings, buffers } = bind([
    [reads('weights', 'vec4<f32>'), weights],
    [reads('output', 'f32'), output],
    [writes('gates', 'f32'), gates],
    [writes('resetHidden', 'f32'), resetHidden],
    [reads('h0', 'f32'), h0],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `${numerics}
${previousHidden(h0 !== null)}
${hiddenSource}
${vectorWeight}
fn finish(t: u32, n: u32, unit: u32, sum: vec4f) {
  let hidden = params.units;
  let frame = t * params.batch + n;
  if (!isActive(t, n)) { resetHidden[frame * hidden + unit] = 0.0; return; }
  let place = frame * 3u * hidden + unit;
  let v = sum + weights[params.width * hidden + unit];
  let r = sigmoid(gates[place] + v.x);
  gates[place] = r;
  gates[place + hidden] = sigmoid(gates[place + hidden] + v.y);
  resetHidden[frame * hidden + unit] = r * previousHidden(t, n, unit);
}`;
  const phase = {
    name: 'gru.gates',
    bindings,
    sums: 2,
    descending: reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return { key: `gru gates ${h0 !== null}`, phase, buffers, width: hiddenSize, units: hiddenSize };
}

/** The candidate from r∘h, and the new state. */
function candidatePhase(
  spec: GruSpec,
  { h0 }: SequenceInputs,
  weights: DeviceBuffer,
  { output, gates, lengths }: ForwardBuffers,
  resetHidden: DeviceBuffer,
): BoundPhase {
  const { hiddenSize, reverse } = spec;
  const { bindings, buffers } = bind([
    [reads('weights', 'f32'), weights],
    [writes('output', 'f32'), output],
    [writes('gates', 'f32'), gates],
    [reads('resetHidden', 'f32'), resetHidden],
    [reads('h0', 'f32'), h0],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `${numerics}
${previousHidden(h0 !== null)}
fn source(t: u32, n: u32, k: u32) -> f32 { return resetHidden[(t * params.batch + n) * params.width + k]; }
fn weight(k: u32, unit: u32) -> f32 { return weights[k * params.units + unit]; }
fn finish(t: u32, n: u32, unit: u32, sum: f32) {
  let hidden = params.units;
  let frame = t * params.batch + n;
  if (!isActive(t, n)) { output[frame * hidden + unit] = 0.0; return; }
  let place = frame * 3u * hidden + unit;
  let z = gates[place + hidden];
  let candidate = tanhOf(gates[place + 2u * hidden] + sum + weights[params.width * hidden + unit]);
  gates[place + 2u * hidden] = candidate;
  output[frame * hidden + unit] = (1.0 - z) * candidate + z * previousHidden(t, n, unit);
}`;
  const phase = {
    name: 'gru.candidate',
    bindings,
    sums: 1,
    descending: reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return { key: `gru candidate ${h0 !== null}`, phase, buffers, width: hiddenSize, units: hiddenSize };
}
