import type { DeviceBuffer, LinearScanOp } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { fill } from '../ops/data.ts';
import { keepOrFree } from './saved.ts';

const workgroupSize = 64;

interface Scan {
  readonly steps: number;
  readonly width: number;
  readonly reverse: boolean;
  readonly coefficients: DeviceBuffer;
  readonly addends: DeviceBuffer;
  readonly initial: DeviceBuffer | null;
  /** Use the coefficient of the step before, in the direction of travel: the form of the backward pass. */
  readonly shifted: boolean;
}

/**
 * The linear recurrence by doubling (Hillis and Steele 1986): after level k each step holds what the last 2ᵏ steps make of
 * any state before them, so ⌈log₂ T⌉ levels do, one dispatch each, forward and backward.
 */
export function linearScanOp(runtime: Runtime): LinearScanOp {
  return {
    supports: () => true,
    forward({ steps, width, reverse, needsSaved }, { a, b, initial }) {
      const h = scan(runtime, { steps, width, reverse, coefficients: a, addends: b, initial, shifted: false });
      return { outputs: { h }, saved: keepOrFree(runtime, needsSaved, {}) };
    },
    backward({ steps, width, reverse }, { inputs, outputs, gradients, wanted }) {
      const adjoint = scan(runtime, { steps, width, reverse: !reverse, coefficients: inputs.a, addends: gradients.h, initial: null, shifted: true });
      const a = wanted.a ? runtime.alloc('f32', steps * width) : null;
      const initial = wanted.initial ? runtime.alloc('f32', width) : null;
      if (a !== null) coefficientGradient(runtime, adjoint, outputs.h, inputs.initial, a, { steps, width, reverse });
      if (initial !== null) initialGradient(runtime, inputs.a, adjoint, initial, { steps, width, reverse });
      if (!wanted.b) runtime.free(adjoint);
      return { a, b: wanted.b ? adjoint : null, initial };
    },
  };
}

/** WGSL of the step at `distance` before `step` in the direction of travel, and whether there is one. */
function before(reverse: boolean, distance: string): { readonly step: string; readonly exists: string } {
  return reverse ? { step: `step + ${distance}`, exists: `step + ${distance} < params.steps` } : { step: `step - ${distance}`, exists: `step >= ${distance}` };
}

function scan(runtime: Runtime, { steps, width, reverse, coefficients, addends, initial, shifted }: Scan): DeviceBuffer {
  const size = steps * width;
  let current = { coefficients, addends, shifted, initial };
  let made: { coefficients: DeviceBuffer | null; addends: DeviceBuffer } | null = null;
  // A single step needs its one level too: the initial state comes in there.
  for (let distance = 1; distance < Math.max(2, steps); distance *= 2) {
    const more = 2 * distance < steps;
    const next = { coefficients: more ? runtime.alloc('f32', size) : null, addends: runtime.alloc('f32', size) };
    const kernel = level(runtime, reverse, current.shifted, current.initial !== null, more);
    const buffers = [current.coefficients, current.addends, ...(current.initial === null ? [] : [current.initial]), next.addends, ...(next.coefficients === null ? [] : [next.coefficients])];
    if (size > 0) runtime.run(kernel, buffers, { size, width, steps, distance }, Math.ceil(size / workgroupSize), size * 3);
    for (const buffer of [made?.coefficients, made?.addends]) if (buffer) runtime.free(buffer);
    made = next;
    if (next.coefficients !== null) current = { coefficients: next.coefficients, addends: next.addends, shifted: false, initial: null };
  }
  return made!.addends;
}

/** One level: each step joined with the one `distance` before it. */
function level(runtime: Runtime, reverse: boolean, shifted: boolean, hasInitial: boolean, more: boolean) {
  const other = before(reverse, 'params.distance');
  const neighbour = before(reverse, '1u');
  const coefficient = shifted
    ? `if (!(${neighbour.exists})) { return 0.0; }
  return coefficients[(${neighbour.step}) * params.width + column];`
    : 'return coefficients[step * params.width + column];';
  const first = hasInitial ? `if (!(${neighbour.exists})) { return value + coefficientOf(step, column) * initial[column]; }` : '';
  return runtime.kernel(`linearScan ${reverse} ${shifted} ${hasInitial} ${more}`, () => ({
    name: 'linearScan.level',
    bindings: [
      reads('coefficients', 'f32'),
      reads('addends', 'f32'),
      ...(hasInitial ? [reads('initial', 'f32')] : []),
      writes('sums', 'f32'),
      ...(more ? [writes('products', 'f32')] : []),
    ],
    parameters: { size: 'u32', width: 'u32', steps: 'u32', distance: 'u32' },
    workgroupSize,
    declarations: `
fn coefficientOf(step: u32, column: u32) -> f32 {
  ${coefficient}
}
fn addendOf(step: u32, column: u32) -> f32 {
  let value = addends[step * params.width + column];
  ${first}
  return value;
}`,
    body: `  if (thread >= params.size) { return; }
  let step = thread / params.width;
  let column = thread % params.width;
  var product = coefficientOf(step, column);
  var sum = addendOf(step, column);
  if (${other.exists}) {
    sum = sum + product * addendOf(${other.step}, column);
    ${more ? `product = product * coefficientOf(${other.step}, column);` : ''}
  }
  sums[thread] = sum;
  ${more ? 'products[thread] = product;' : ''}`,
  }));
}

interface Sizes {
  readonly steps: number;
  readonly width: number;
  readonly reverse: boolean;
}

/** da_t = λ_t∘h_{t−1}, with the initial state, or 0, before the first. */
function coefficientGradient(runtime: Runtime, adjoint: DeviceBuffer, h: DeviceBuffer, initial: DeviceBuffer | null, out: DeviceBuffer, { steps, width, reverse }: Sizes): void {
  const { step, exists } = before(reverse, '1u');
  const kernel = runtime.kernel(`linearScan coefficients ${reverse} ${initial !== null}`, () => ({
    name: 'linearScan.coefficients',
    bindings: [reads('adjoint', 'f32'), reads('h', 'f32'), ...(initial === null ? [] : [reads('initial', 'f32')]), writes('out', 'f32')],
    parameters: { size: 'u32', width: 'u32', steps: 'u32' },
    workgroupSize,
    body: `  if (thread >= params.size) { return; }
  let step = thread / params.width;
  let column = thread % params.width;
  var state = ${initial === null ? '0.0' : 'initial[column]'};
  if (${exists}) { state = h[(${step}) * params.width + column]; }
  out[thread] = adjoint[thread] * state;`,
  }));
  const size = steps * width;
  if (size > 0) runtime.run(kernel, [adjoint, h, ...(initial === null ? [] : [initial]), out], { size, width, steps }, Math.ceil(size / workgroupSize), size);
}

/** dinitial = a_first∘λ_first; 0 without steps. */
function initialGradient(runtime: Runtime, a: DeviceBuffer, adjoint: DeviceBuffer, out: DeviceBuffer, { steps, width, reverse }: Sizes): void {
  if (steps === 0) return fill(runtime, out, 0);
  const kernel = runtime.kernel('linearScan initial', () => ({
    name: 'linearScan.initial',
    bindings: [reads('a', 'f32'), reads('adjoint', 'f32'), writes('out', 'f32')],
    parameters: { size: 'u32', first: 'u32' },
    workgroupSize,
    body: `  if (thread >= params.size) { return; }
  out[thread] = a[params.first + thread] * adjoint[params.first + thread];`,
  }));
  if (width > 0) runtime.run(kernel, [a, adjoint, out], { size: width, first: reverse ? (steps - 1) * width : 0 }, Math.ceil(width / workgroupSize), width);
}
