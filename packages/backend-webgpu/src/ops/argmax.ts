import type { DeviceBuffer, ReduceSpec } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { orderedKeys } from '../wgsl/ordered.ts';

/** The first index of the largest value along the middle axis; a NaN counts as the largest, −0 equals +0. */
export function argmax(runtime: Runtime, input: DeviceBuffer, out: DeviceBuffer, spec: ReduceSpec): void {
  if (out.length === 0) return;
  const { outer, length, inner } = spec;
  const { dtype } = input;
  const zero = dtype === 'f32' ? 'select(values[i], 0u, values[i] == 0x80000000u)' : 'values[i]';
  const declarations = `${orderedKeys(dtype, '0xffffffffu')}
fn load(i: u32) -> u32 { return keyOf(${zero}); }
`;
  const bindings = [reads('values', 'u32'), writes('out', 'i32')];
  if (inner === 1 && length >= 64) {
    const kernel = runtime.kernel(`argmax rows ${dtype}`, () => ({
      name: 'argmax.rows',
      bindings,
      parameters: { outer: 'u32', length: 'u32' },
      workgroupSize: 64,
      declarations: `${declarations}var<workgroup> keys: array<u32, 64>;\nvar<workgroup> places: array<u32, 64>;`,
      body: `  if (block >= params.outer) { return; }
  let base = block * params.length;
  var key = load(base + lane % params.length);
  var place = lane % params.length;
  for (var l = lane + 64u; l < params.length; l = l + 64u) {
    let other = load(base + l);
    if (other > key) { key = other; place = l; }
  }
  keys[lane] = key;
  places[lane] = place;
  for (var half_ = 32u; half_ > 0u; half_ = half_ >> 1u) {
    workgroupBarrier();
    if (lane < half_) {
      let other = lane + half_;
      if (keys[other] > keys[lane] || (keys[other] == keys[lane] && places[other] < places[lane])) {
        keys[lane] = keys[other];
        places[lane] = places[other];
      }
    }
  }
  if (lane == 0u) { out[block] = i32(places[0]); }`,
    }));
    runtime.run(kernel, [input, out], { outer, length }, outer, input.length * 4);
    return;
  }
  const kernel = runtime.kernel(`argmax columns ${dtype}`, () => ({
    name: 'argmax.columns',
    bindings,
    parameters: { size: 'u32', length: 'u32', inner: 'u32' },
    workgroupSize: 64,
    declarations,
    body: `  if (thread >= params.size) { return; }
  let base = (thread / params.inner) * params.length * params.inner + thread % params.inner;
  var key = load(base);
  var place = 0u;
  for (var l = 1u; l < params.length; l = l + 1u) {
    let other = load(base + l * params.inner);
    if (other > key) { key = other; place = l; }
  }
  out[thread] = i32(place);`,
  }));
  runtime.run(kernel, [input, out], { size: out.length, length, inner }, Math.ceil(out.length / 64), input.length * 4);
}
