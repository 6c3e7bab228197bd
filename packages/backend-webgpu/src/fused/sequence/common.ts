import type { DeviceBuffer, MaybeBuffer, SequenceSpec, Support } from '@timestep/backend-api';
import { reads, writes, type Binding } from '../../device/kernel.ts';
import type { Runtime } from '../../device/runtime.ts';
import { copy, fill, fillRange } from '../../ops/data.ts';
import { timeFunctions } from '../../wgsl/recurrent.ts';

/** Gate columns of a step in memory: G·H, and a fourth column of H for the GRU. */
export interface GateLayout {
  readonly gates: 1 | 3 | 4;
  readonly pitch: number;
}

/** The lengths on the device, or null where every sequence is whole. The caller frees them. */
export function uploadLengths(runtime: Runtime, { lengths }: SequenceSpec<unknown>): MaybeBuffer {
  if (lengths === null) return null;
  const buffer = runtime.alloc('i32', lengths.length);
  runtime.write(buffer, lengths);
  return buffer;
}

/** Bindings and buffers side by side, those that are null left out. */
export function bind(entries: readonly (readonly [Binding, MaybeBuffer])[]): {
  bindings: Binding[];
  buffers: DeviceBuffer[];
} {
  const present = entries.filter((entry): entry is readonly [Binding, DeviceBuffer] => entry[1] !== null);
  return { bindings: present.map(([binding]) => binding), buffers: present.map(([, buffer]) => buffer) };
}

/** A copy of `source`, or zeros. */
export function copyOrZeros(runtime: Runtime, source: MaybeBuffer, length: number): DeviceBuffer {
  const out = runtime.alloc('f32', length);
  if (source === null) fill(runtime, out, 0);
  else copyPart(runtime, source, 0, out, 0, length);
  return out;
}

export function copyPart(
  runtime: Runtime,
  source: DeviceBuffer,
  from: number,
  out: DeviceBuffer,
  to: number,
  length: number,
): void {
  copy(runtime, { buffer: source, strides: [1], offset: from }, { buffer: out, strides: [1], offset: to }, [length]);
}

/** Puts `source`, or zeros, at `offset` of `out`. */
export function placeOrZeros(
  runtime: Runtime,
  source: MaybeBuffer,
  out: DeviceBuffer,
  offset: number,
  length: number,
): void {
  if (source === null) fillRange(runtime, out, 0, offset, length);
  else copyPart(runtime, source, 0, out, offset, length);
}

/** Whether the largest buffer of a layer fits the device. */
export function supportsBytes(
  runtime: Runtime,
  { steps, batch, inputSize }: SequenceSpec<unknown>,
  pitch: number,
): Support {
  const bytes = 4 * steps * batch * Math.max(pitch, inputSize);
  if (bytes <= runtime.pool.maxBytes) return true;
  return `its gates take ${bytes} bytes in one buffer, and this adapter's buffers hold at most ${runtime.pool.maxBytes}`;
}

/**
 * The recurrent weights with the gates of a unit side by side, `[width + 1, units]` vectors of `sums` gates from
 * `firstGate` on, so that neighbouring invocations read neighbouring vectors. The last row is the hidden bias.
 */
export function packWeights(
  runtime: Runtime,
  weight: DeviceBuffer,
  bias: MaybeBuffer,
  {
    width,
    units,
    gates,
    firstGate = 0,
  }: { readonly width: number; readonly units: number; readonly gates: 1 | 2 | 3 | 4; readonly firstGate?: number },
): DeviceBuffer {
  const lanes = gates === 1 ? 1 : 4;
  const out = runtime.alloc('f32', (width + 1) * units * lanes);
  const components = Array.from({ length: lanes }, (_, gate) =>
    gate < gates ? `load(k, ${gate}u * params.units + unit)` : '0.0',
  );
  const { bindings, buffers } = bind([
    [reads('weight', 'f32'), weight],
    [reads('bias', 'f32'), bias],
    [writes('out', lanes === 1 ? 'f32' : 'vec4<f32>'), out],
  ]);
  const kernel = runtime.kernel(`pack ${gates} ${bias !== null}`, () => ({
    name: 'sequence.pack',
    bindings,
    parameters: { width: 'u32', units: 'u32', firstRow: 'u32' },
    workgroupSize: 64,
    declarations: `fn load(k: u32, row: u32) -> f32 {
  if (k < params.width) { return weight[(params.firstRow + row) * params.width + k]; }
  return ${bias === null ? '0.0' : 'bias[params.firstRow + row]'};
}`,
    body: `  let k = thread / params.units;
  let unit = thread % params.units;
  if (k > params.width) { return; }
  out[thread] = ${lanes === 1 ? components[0]! : `vec4f(${components.join(', ')})`};`,
  }));
  runtime.run(kernel, buffers, { width, units, firstRow: firstGate * units }, Math.ceil(((width + 1) * units) / 64));
  return out;
}

/** A weight `[units, width]` transposed, so that neighbouring invocations read neighbouring units. */
export function packColumns(
  runtime: Runtime,
  weight: DeviceBuffer,
  { width, units }: { readonly width: number; readonly units: number },
): DeviceBuffer {
  const out = runtime.alloc('f32', width * units);
  copy(runtime, { buffer: weight, strides: [1, width] }, { buffer: out, strides: [units, 1] }, [width, units]);
  return out;
}

/** The output of each sequence's last step in the direction of travel, or its initial state where it has none. */
export function finalHidden(
  runtime: Runtime,
  { steps, batch, reverse }: SequenceSpec<unknown>,
  width: number,
  output: DeviceBuffer,
  h0: MaybeBuffer,
  lengths: MaybeBuffer,
): DeviceBuffer {
  if (output.length === 0) return copyOrZeros(runtime, h0, batch * width);
  const out = runtime.alloc('f32', batch * width);
  const { bindings, buffers } = bind([
    [reads('output', 'f32'), output],
    [reads('h0', 'f32'), h0],
    [reads('lengths', 'i32'), lengths],
    [writes('out', 'f32'), out],
  ]);
  const kernel = runtime.kernel(`finalHidden ${reverse} ${h0 !== null} ${lengths !== null}`, () => ({
    name: 'sequence.finalHidden',
    bindings,
    parameters: { size: 'u32', steps: 'u32', batch: 'u32', width: 'u32' },
    workgroupSize: 64,
    declarations: timeFunctions(reverse, lengths !== null),
    body: `  if (thread >= params.size) { return; }
  let length = lengthOf(thread / params.width);
  if (length == 0u) { out[thread] = ${h0 === null ? '0.0' : 'h0[thread]'}; return; }
  out[thread] = output[select(length - 1u, 0u, reverse) * params.batch * params.width + thread];`,
  }));
  runtime.run(kernel, buffers, { size: out.length, steps, batch, width }, Math.ceil(out.length / 64));
  return out;
}

/**
 * x `[T, N, width]` with zeros at and past each length less `early`: a NaN there times a gradient of 0 would be a NaN.
 */
export function maskPadding(
  runtime: Runtime,
  x: DeviceBuffer,
  { batch, width, early }: { readonly batch: number; readonly width: number; readonly early: 0 | 1 },
  lengths: DeviceBuffer,
): DeviceBuffer {
  const out = runtime.alloc('f32', x.length);
  const kernel = runtime.kernel('maskPadding', () => ({
    name: 'sequence.maskPadding',
    bindings: [reads('x', 'u32'), reads('lengths', 'i32'), writes('out', 'u32')],
    parameters: { size: 'u32', batch: 'u32', width: 'u32', early: 'u32' },
    workgroupSize: 256,
    body: `  if (thread >= params.size) { return; }
  let frame = thread / params.width;
  if (i32(frame / params.batch + params.early) < lengths[frame % params.batch]) { out[thread] = x[thread]; } else { out[thread] = 0u; }`,
  }));
  runtime.run(kernel, [x, lengths, out], { size: x.length, batch, width, early }, Math.ceil(x.length / 256));
  return out;
}

/** Writes zeros into `out` at and past each length: the product of a padding's zeros with an infinite weight is NaN. */
export function clearPadding(
  runtime: Runtime,
  out: DeviceBuffer,
  { batch, inputSize }: SequenceSpec<unknown>,
  lengths: DeviceBuffer,
): void {
  const kernel = runtime.kernel('clearPadding', () => ({
    name: 'sequence.clearPadding',
    bindings: [reads('lengths', 'i32'), writes('out', 'f32')],
    parameters: { size: 'u32', batch: 'u32', width: 'u32' },
    workgroupSize: 256,
    body: `  if (thread >= params.size) { return; }
  let frame = thread / params.width;
  if (i32(frame / params.batch) >= lengths[frame % params.batch]) { out[thread] = 0.0; }`,
  }));
  runtime.run(kernel, [lengths, out], { size: out.length, batch, width: inputSize }, Math.ceil(out.length / 256));
}

/**
 * `rows[n, :] = gates[length − 1, n, :]`: the gradients of the first step of each reversed sequence, zeros where it has
 * none.
 */
export function gatherStarts(
  runtime: Runtime,
  gates: DeviceBuffer,
  batch: number,
  pitch: number,
  lengths: DeviceBuffer,
): DeviceBuffer {
  const out = runtime.alloc('f32', batch * pitch);
  const kernel = runtime.kernel('gatherStarts', () => ({
    name: 'sequence.gatherStarts',
    bindings: [reads('gates', 'f32'), reads('lengths', 'i32'), writes('out', 'f32')],
    parameters: { size: 'u32', pitch: 'u32' },
    workgroupSize: 64,
    body: `  if (thread >= params.size) { return; }
  let length = u32(lengths[thread / params.pitch]);
  var value = 0.0;
  if (length > 0u) { value = gates[(length - 1u) * params.size + thread]; }
  out[thread] = value;`,
  }));
  runtime.run(kernel, [gates, lengths, out], { size: out.length, pitch }, Math.ceil(out.length / 64));
  return out;
}
