import type { DeviceBuffer, LstmInputs, LstmSequenceOp, LstmSpec, MaybeBuffer } from '@timestep/backend-api';
import { reads, writes } from '../../device/kernel.ts';
import type { Runtime } from '../../device/runtime.ts';
import { product } from '../../ops/matmul.ts';
import { numerics } from '../../wgsl/numerics.ts';
import { previousHidden } from '../../wgsl/recurrent.ts';
import { keepOrFree, type SavedBuffers } from '../saved.ts';
import {
  bind,
  copyPart,
  finalHidden,
  packColumns,
  packWeights,
  placeOrZeros,
  supportsBytes,
  uploadLengths,
} from './common.ts';
import { lstmBackward } from './lstm-backward.ts';
import { cellSlots, outputSizeOf, type LstmSaved } from './lstm-layout.ts';
import { sweep, type BoundPhase } from './sweep.ts';

/**
 * Long short-term memory: the input product of all steps, then a sweep that fuses the recurrent product with the gates.
 */
export function lstmSequenceOp(runtime: Runtime): LstmSequenceOp {
  return {
    supports: (spec) => supportsBytes(runtime, spec, 4 * spec.hiddenSize),
    forward(spec, inputs) {
      const { steps, batch, inputSize, hiddenSize, reverse } = spec;
      const outputSize = outputSizeOf(spec);
      const projects = inputs.weightHr !== null;
      const lengths = uploadLengths(runtime, spec);
      const output = runtime.alloc('f32', steps * batch * outputSize);
      const gates = runtime.alloc('f32', steps * batch * 4 * hiddenSize);
      const cells = runtime.alloc('f32', (steps + 1) * batch * hiddenSize);
      const squashed = runtime.alloc('f32', projects ? steps * batch * hiddenSize : 0);
      product(runtime, {
        a: inputs.x,
        b: inputs.weightIh,
        out: gates,
        m: steps * batch,
        n: 4 * hiddenSize,
        k: inputSize,
        transposeB: true,
        bias: inputs.biasIh,
      });
      const states = batch * hiddenSize;
      placeOrZeros(runtime, inputs.c0, cells, reverse ? steps * states : 0, states);
      if (gates.length > 0) {
        const weights = packWeights(runtime, inputs.weightHh, inputs.biasHh, {
          width: outputSize,
          units: hiddenSize,
          gates: 4,
        });
        const gatePhase = forwardPhase(spec, inputs, weights, {
          output,
          gates,
          cells,
          squashed: projects ? squashed : null,
          lengths,
        });
        if (inputs.weightHr === null) {
          sweep(runtime, [gatePhase], spec);
        } else {
          const projection = packColumns(runtime, inputs.weightHr, { width: hiddenSize, units: outputSize });
          sweep(runtime, [gatePhase, projectionPhase(spec, projection, squashed, output, lengths)], spec);
          runtime.free(projection);
        }
        runtime.free(weights);
      }
      const hN = finalHidden(runtime, spec, outputSize, output, inputs.h0, lengths);
      const cN = runtime.alloc('f32', states);
      copyPart(runtime, cells, reverse ? 0 : steps * states, cN, 0, states);
      if (lengths !== null) runtime.free(lengths);
      return {
        outputs: { output, hN, cN },
        saved: keepOrFree<LstmSaved>(runtime, spec.needsSaved, { gates, cells, squashed }),
      };
    },
    backward: (spec, { inputs, outputs, saved, gradients, wanted }) =>
      lstmBackward(
        runtime,
        spec,
        inputs,
        outputs.output,
        (saved as SavedBuffers<LstmSaved>).buffers,
        gradients,
        wanted,
      ),
  };
}

interface ForwardBuffers {
  readonly output: DeviceBuffer;
  readonly gates: DeviceBuffer;
  readonly cells: DeviceBuffer;
  readonly squashed: MaybeBuffer;
  readonly lengths: MaybeBuffer;
}

function forwardPhase(
  spec: LstmSpec,
  { h0, peephole }: LstmInputs,
  weights: DeviceBuffer,
  { output, gates, cells, squashed, lengths }: ForwardBuffers,
): BoundPhase {
  const { hiddenSize, reverse, variant } = spec;
  const { bindings, buffers } = bind([
    [reads('weights', 'vec4<f32>'), weights],
    // With a projection this phase reads the hidden state, and the next writes it.
    [squashed === null ? writes('output', 'f32') : reads('output', 'f32'), output],
    [writes('gates', 'f32'), gates],
    [writes('cells', 'f32'), cells],
    [writes('squashed', 'f32'), squashed],
    [reads('h0', 'f32'), h0],
    [reads('peephole', 'f32'), peephole],
    [reads('lengths', 'i32'), lengths],
  ]);
  const peep = (row: number, cell: string): string =>
    peephole === null ? '' : ` + peephole[${row}u * hidden + unit] * ${cell}`;
  const target = squashed === null ? 'output' : 'squashed';
  const functions = `${numerics}
${previousHidden(h0 !== null)}
${cellSlots(reverse)}
fn source(t: u32, n: u32, k: u32) -> f32 { return previousHidden(t, n, k); }
fn weight(k: u32, unit: u32) -> vec4f { return weights[k * params.units + unit]; }
fn finish(t: u32, n: u32, unit: u32, sum: vec4f) {
  let hidden = params.units;
  let frame = t * params.batch + n;
  let c = cells[cellBefore(t, n, unit)];
  if (!isActive(t, n)) {
    cells[cellAfter(t, n, unit)] = c;
    ${target}[frame * hidden + unit] = 0.0;
    return;
  }
  let place = frame * 4u * hidden + unit;
  let a = sum + weights[params.width * hidden + unit];
  let i = sigmoid(a.x + gates[place]${peep(0, 'c')});
  let f = ${variant.coupledGates ? '1.0 - i' : `sigmoid(a.y + gates[place + hidden]${peep(1, 'c')})`};
  let g = tanhOf(a.z + gates[place + 2u * hidden]);
  let next = f * c + i * g;
  let o = sigmoid(a.w + gates[place + 3u * hidden]${peep(2, 'next')});
  gates[place] = i;
  gates[place + hidden] = f;
  gates[place + 2u * hidden] = g;
  gates[place + 3u * hidden] = o;
  cells[cellAfter(t, n, unit)] = next;
  ${target}[frame * hidden + unit] = o * tanhOf(next);
}`;
  const key = `lstm forward ${variant.coupledGates} ${squashed !== null} ${h0 !== null} ${peephole !== null}`;
  const phase = {
    name: 'lstm.forward',
    bindings,
    sums: 4,
    descending: reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return { key, phase, buffers, width: outputSizeOf(spec), units: hiddenSize };
}

/** h' = W_hr m, 0 at and past each length because m is. */
function projectionPhase(
  spec: LstmSpec,
  weights: DeviceBuffer,
  squashed: DeviceBuffer,
  output: DeviceBuffer,
  lengths: MaybeBuffer,
): BoundPhase {
  const { hiddenSize, reverse } = spec;
  const { bindings, buffers } = bind([
    [reads('weights', 'f32'), weights],
    [reads('squashed', 'f32'), squashed],
    [writes('output', 'f32'), output],
    [reads('lengths', 'i32'), lengths],
  ]);
  const functions = `
fn source(t: u32, n: u32, k: u32) -> f32 { return squashed[(t * params.batch + n) * params.width + k]; }
fn weight(k: u32, unit: u32) -> f32 { return weights[k * params.units + unit]; }
fn finish(t: u32, n: u32, unit: u32, sum: f32) {
  output[(t * params.batch + n) * params.units + unit] = select(0.0, sum, isActive(t, n));
}`;
  const phase = {
    name: 'lstm.projection',
    bindings,
    sums: 1,
    descending: reverse,
    reverse,
    hasLengths: lengths !== null,
    functions,
  } as const;
  return { key: 'lstm projection', phase, buffers, width: hiddenSize, units: outputSizeOf(spec) };
}
