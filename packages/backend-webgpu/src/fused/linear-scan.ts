import type { LinearScanOp, LinearScanSpec } from '@timestep/backend-api';
import { reads, writes, type Binding } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { fill } from '../ops/data.ts';
import { keepOrFree } from './saved.ts';
import { bind } from './sequence/common.ts';

const parameters = { steps: 'u32', width: 'u32' } as const;

/** How a workgroup divides its invocations: `columns` sequences, the steps of each in `chunks` stretches. */
interface Division {
  readonly columns: number;
  readonly chunks: number;
}

/** Short sequences go step by step; the stretches of long ones are joined first, and then swept all at once. */
function divide(steps: number): Division {
  return steps < 64 ? { columns: 64, chunks: 1 } : { columns: 16, chunks: 16 };
}

/**
 * The kernel of v_i = coefficient_i·v_{i−1} + addend_i for i in the order of travel. `functions` has `stepOf(i)`,
 * `coefficient(i, column)`, `addend(i, column)`, `start(column)` and `finish(i, column, v)`.
 */
function scanSource(name: string, bindings: readonly Binding[], { columns, chunks }: Division, functions: string) {
  const shared = chunks === 1 ? '' : `var<workgroup> joined: array<vec2f, ${columns * chunks}>;\n`;
  const joinStretches = `  var slope = 1.0;
  var offset = 0.0;
  if (column < params.width) {
    for (var i = first; i < last; i = i + 1u) {
      let c = coefficient(i, column);
      slope = c * slope;
      offset = c * offset + addend(i, column);
    }
  }
  joined[lane] = vec2f(slope, offset);
  workgroupBarrier();
  if (column >= params.width) { return; }
  var value = start(column);
  for (var k = 0u; k < stretch; k = k + 1u) {
    let before = joined[k * ${columns}u + lane % ${columns}u];
    value = before.x * value + before.y;
  }`;
  return {
    name,
    bindings,
    parameters,
    workgroupSize: columns * chunks,
    declarations: shared + functions,
    body: `  let column = block * ${columns}u + lane % ${columns}u;
  let stretch = lane / ${columns}u;
  let length = (params.steps + ${chunks - 1}u) / ${chunks}u;
  let first = min(stretch * length, params.steps);
  let last = min(first + length, params.steps);
${chunks === 1 ? '  if (column >= params.width) { return; }\n  var value = start(column);' : joinStretches}
  for (var i = first; i < last; i = i + 1u) {
    value = coefficient(i, column) * value + addend(i, column);
    finish(i, column, value);
  }`,
  };
}

/** `stepOf(i)` of a sweep that runs up or down. */
function stepOf(descending: boolean): string {
  return `fn stepOf(i: u32) -> u32 { return ${descending ? 'params.steps - 1u - i' : 'i'}; }
fn placeOf(i: u32, column: u32) -> u32 { return stepOf(i) * params.width + column; }
`;
}

/** The linear recurrence, each column by itself, in one dispatch; its gradient is the same recurrence run back. */
export function linearScanOp(runtime: Runtime): LinearScanOp {
  const run = (
    spec: LinearScanSpec,
    key: string,
    name: string,
    entries: Parameters<typeof bind>[0],
    functions: string,
  ): void => {
    const { steps, width } = spec;
    const division = divide(steps);
    const { bindings, buffers } = bind(entries);
    const kernel = runtime.kernel(`${key} ${division.chunks}`, () => scanSource(name, bindings, division, functions));
    runtime.run(kernel, buffers, { steps, width }, Math.ceil(width / division.columns), steps * width * 8);
  };
  return {
    supports: () => true,
    forward(spec, { a, b, initial }) {
      const h = runtime.alloc('f32', spec.steps * spec.width);
      const functions = `${stepOf(spec.reverse)}
fn coefficient(i: u32, column: u32) -> f32 { return a[placeOf(i, column)]; }
fn addend(i: u32, column: u32) -> f32 { return b[placeOf(i, column)]; }
fn start(column: u32) -> f32 { return ${initial === null ? '0.0' : 'initial[column]'}; }
fn finish(i: u32, column: u32, v: f32) { h[placeOf(i, column)] = v; }`;
      if (h.length > 0) {
        run(
          spec,
          `linearScan ${spec.reverse} ${initial !== null}`,
          'linearScan.forward',
          [
            [reads('a', 'f32'), a],
            [reads('b', 'f32'), b],
            [reads('initial', 'f32'), initial],
            [writes('h', 'f32'), h],
          ],
          functions,
        );
      }
      return { outputs: { h }, saved: keepOrFree(runtime, spec.needsSaved, {}) };
    },
    backward(spec, { inputs, outputs, gradients, wanted }) {
      const { steps, width, reverse } = spec;
      const size = steps * width;
      const da = wanted.a ? runtime.alloc('f32', size) : null;
      const db = wanted.b ? runtime.alloc('f32', size) : null;
      const dInitial = wanted.initial ? runtime.alloc('f32', width) : null;
      // A gradient that nobody wants is not bound, and what only it reads neither.
      const functions = `${stepOf(!reverse)}
fn coefficient(i: u32, column: u32) -> f32 {
  if (i == 0u) { return 0.0; }
  return a[placeOf(i - 1u, column)];
}
fn addend(i: u32, column: u32) -> f32 { return gradient[placeOf(i, column)]; }
fn start(column: u32) -> f32 { return 0.0; }
fn finish(i: u32, column: u32, v: f32) {
${db === null ? '' : '  db[placeOf(i, column)] = v;'}
  if (i + 1u == params.steps) {
${da === null ? '' : `    da[placeOf(i, column)] = ${inputs.initial === null ? '0.0' : 'v * initial[column]'};`}
${dInitial === null ? '' : '    dInitial[column] = v * a[placeOf(i, column)];'}
    return;
  }
${da === null ? '' : '  da[placeOf(i, column)] = v * h[placeOf(i + 1u, column)];'}
}`;
      if (size > 0) {
        run(
          spec,
          `linearScan backward ${reverse} ${inputs.initial !== null} ${da !== null} ${db !== null} ${dInitial !== null}`,
          'linearScan.backward',
          [
            [reads('a', 'f32'), inputs.a],
            [reads('gradient', 'f32'), gradients.h],
            [reads('h', 'f32'), da === null ? null : outputs.h],
            [reads('initial', 'f32'), da === null ? null : inputs.initial],
            [writes('da', 'f32'), da],
            [writes('db', 'f32'), db],
            [writes('dInitial', 'f32'), dInitial],
          ],
          functions,
        );
      } else if (dInitial !== null) {
        fill(runtime, dInitial, 0);
      }
      return { a: da, b: db, initial: dInitial };
    },
  };
}
