import type { DeviceBuffer, LayerNormOp } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { reduce } from '../ops/reduce.ts';
import { overRow, rowBlocks, rowFunctions, rowLanes, rowStart, rowWorkgroup } from '../wgsl/row.ts';
import type { SavedBuffers } from './saved.ts';
import { keepOrFree } from './saved.ts';

/** Rows whose share of the weight's gradient one invocation sums. */
const rowsEach = 64;

/** Layer normalisation. Saved of each row: its mean and 1/√(variance + ε). */
export function layerNormOp(runtime: Runtime): LayerNormOp {
  return {
    supports: () => true,
    forward({ rows, columns, epsilon, needsSaved }, { x, weight, bias }) {
      const y = runtime.alloc('f32', rows * columns);
      const moments = runtime.alloc('f32', 2 * rows);
      const lanes = rowLanes(columns);
      const kernel = runtime.kernel(`layerNorm forward ${lanes} ${weight !== null} ${bias !== null}`, () => ({
        name: 'layerNorm.forward',
        bindings: [
          reads('x', 'f32'),
          ...(weight === null ? [] : [reads('weight', 'f32')]),
          ...(bias === null ? [] : [reads('bias', 'f32')]),
          writes('y', 'f32'),
          writes('moments', 'f32'),
        ],
        parameters: { rows: 'u32', columns: 'u32', epsilon: 'f32' },
        workgroupSize: rowWorkgroup(lanes),
        declarations: rowFunctions(lanes),
        body: `${rowStart(lanes)}
  var sum = 0.0;
${overRow(lanes, 'sum += x[place];')}
  let mean = rowSum(lane, sum) / f32(params.columns);
  var squares = 0.0;
${overRow(lanes, 'squares += (x[place] - mean) * (x[place] - mean);')}
  let scale = 1.0 / sqrt(rowSum(lane, squares) / f32(params.columns) + params.epsilon);
${overRow(lanes, `y[place] = (x[place] - mean) * scale${weight === null ? '' : ' * weight[column]'}${bias === null ? '' : ' + bias[column]'};`)}
  if (first == 0u) { moments[2u * row] = mean; moments[2u * row + 1u] = scale; }`,
      }));
      const buffers = [x, ...(weight === null ? [] : [weight]), ...(bias === null ? [] : [bias]), y, moments];
      if (y.length > 0) runtime.run(kernel, buffers, { rows, columns, epsilon }, rowBlocks(lanes, rows), y.length * 8);
      return { outputs: { y }, saved: keepOrFree(runtime, needsSaved, { moments }) };
    },
    backward({ rows, columns }, { inputs, saved, gradients, wanted }) {
      const { moments } = (saved as SavedBuffers<'moments'>).buffers;
      const dy = gradients.y;
      const x = wanted.x ? runtime.alloc('f32', rows * columns) : null;
      const weight = wanted.weight ? runtime.alloc('f32', columns) : null;
      const bias = wanted.bias ? runtime.alloc('f32', columns) : null;
      if (x !== null && x.length > 0) inputGradient(runtime, inputs, moments, dy, x, rows, columns);
      if (weight !== null) weightGradient(runtime, inputs.x, moments, dy, weight, rows);
      if (bias !== null) reduce(runtime, 'sum', dy, bias, { outer: 1, length: rows, inner: columns });
      return { x, weight, bias };
    },
  };
}

/** dx = scale·(g − mean(g) − x̂·mean(g∘x̂)) with g = dy∘weight. */
function inputGradient(
  runtime: Runtime,
  inputs: { readonly x: DeviceBuffer; readonly weight: DeviceBuffer | null },
  moments: DeviceBuffer,
  dy: DeviceBuffer,
  dx: DeviceBuffer,
  rows: number,
  columns: number,
): void {
  const lanes = rowLanes(columns);
  const { x, weight } = inputs;
  const kernel = runtime.kernel(`layerNorm backward ${lanes} ${weight !== null}`, () => ({
    name: 'layerNorm.backward',
    bindings: [
      reads('x', 'f32'),
      ...(weight === null ? [] : [reads('weight', 'f32')]),
      reads('moments', 'f32'),
      reads('dy', 'f32'),
      writes('dx', 'f32'),
    ],
    parameters: { rows: 'u32', columns: 'u32' },
    workgroupSize: rowWorkgroup(lanes),
    declarations: `${rowFunctions(lanes)}
fn upstream(place: u32, column: u32) -> f32 { return dy[place]${weight === null ? '' : ' * weight[column]'}; }`,
    body: `${rowStart(lanes)}
  let mean = moments[2u * row];
  let scale = moments[2u * row + 1u];
  var plain = 0.0;
  var along = 0.0;
${overRow(lanes, 'plain += upstream(place, column); along += upstream(place, column) * (x[place] - mean) * scale;')}
  let meanPlain = rowSum(lane, plain) / f32(params.columns);
  let meanAlong = rowSum(lane, along) / f32(params.columns);
${overRow(lanes, 'dx[place] = scale * (upstream(place, column) - meanPlain - (x[place] - mean) * scale * meanAlong);')}`,
  }));
  const buffers = [x, ...(weight === null ? [] : [weight]), moments, dy, dx];
  runtime.run(kernel, buffers, { rows, columns }, rowBlocks(lanes, rows), dx.length * 16);
}

/** Σ over rows of dy∘x̂: sums of `rowsEach` rows first, then those. */
function weightGradient(
  runtime: Runtime,
  x: DeviceBuffer,
  moments: DeviceBuffer,
  dy: DeviceBuffer,
  out: DeviceBuffer,
  rows: number,
): void {
  const columns = out.length;
  const chunks = Math.ceil(rows / rowsEach);
  const partial = runtime.alloc('f32', chunks * columns);
  const kernel = runtime.kernel('layerNorm weight', () => ({
    name: 'layerNorm.weight',
    bindings: [reads('x', 'f32'), reads('moments', 'f32'), reads('dy', 'f32'), writes('partial', 'f32')],
    parameters: { size: 'u32', rows: 'u32', columns: 'u32' },
    workgroupSize: 64,
    body: `  if (thread >= params.size) { return; }
  let column = thread % params.columns;
  let first = thread / params.columns * ${rowsEach}u;
  var sum = 0.0;
  for (var row = first; row < min(first + ${rowsEach}u, params.rows); row = row + 1u) {
    let place = row * params.columns + column;
    sum += dy[place] * (x[place] - moments[2u * row]) * moments[2u * row + 1u];
  }
  partial[thread] = sum;`,
  }));
  const size = partial.length;
  if (size > 0)
    runtime.run(kernel, [x, moments, dy, partial], { size, rows, columns }, Math.ceil(size / 64), x.length * 6);
  reduce(runtime, 'sum', partial, out, { outer: 1, length: chunks, inner: columns });
  runtime.free(partial);
}
