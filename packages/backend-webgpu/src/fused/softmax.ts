import type { SoftmaxOp } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { numerics } from '../wgsl/numerics.ts';
import { overRow, rowBlocks, rowFunctions, rowLanes, rowStart, rowWorkgroup } from '../wgsl/row.ts';
import { keepOrFree } from './saved.ts';

const parameters = { rows: 'u32', columns: 'u32' } as const;
const lowest = '-3.4028234e38';

/** Softmax over the last axis, or its logarithm, a workgroup for each row. */
export function softmaxOp(runtime: Runtime, logarithm: boolean): SoftmaxOp {
  const name = logarithm ? 'logSoftmax' : 'softmax';
  const forwardValue = logarithm ? 'x[place] - peak - logOf(total)' : 'expFinite(x[place] - peak) / total';
  const backwardTerm = logarithm ? 'dy[place]' : 'dy[place] * y[place]';
  const backwardValue = logarithm ? 'dy[place] - expFinite(y[place]) * total' : 'y[place] * (dy[place] - total)';
  return {
    supports: () => true,
    forward({ rows, classes, needsSaved }, { x }) {
      const y = runtime.alloc('f32', rows * classes);
      const lanes = rowLanes(classes);
      const kernel = runtime.kernel(`${name} forward ${lanes}`, () => ({
        name: `${name}.forward`,
        bindings: [reads('x', 'f32'), writes('y', 'f32')],
        parameters,
        workgroupSize: rowWorkgroup(lanes),
        declarations: numerics + rowFunctions(lanes),
        body: `${rowStart(lanes)}
  var most = ${lowest};
${overRow(lanes, 'most = larger(most, x[place]);')}
  let peak = rowMax(lane, most);
  var sum = 0.0;
${overRow(lanes, 'sum += expFinite(x[place] - peak);')}
  let total = rowSum(lane, sum);
${overRow(lanes, `y[place] = ${forwardValue};`)}`,
      }));
      if (y.length > 0) runtime.run(kernel, [x, y], { rows, columns: classes }, rowBlocks(lanes, rows), y.length * 32);
      return { outputs: { y }, saved: keepOrFree(runtime, needsSaved, {}) };
    },
    backward({ rows, classes }, { outputs, gradients, wanted }) {
      if (!wanted.x) return { x: null };
      const x = runtime.alloc('f32', rows * classes);
      const lanes = rowLanes(classes);
      const kernel = runtime.kernel(`${name} backward ${lanes}`, () => ({
        name: `${name}.backward`,
        bindings: [reads('y', 'f32'), reads('dy', 'f32'), writes('dx', 'f32')],
        parameters,
        workgroupSize: rowWorkgroup(lanes),
        declarations: numerics + rowFunctions(lanes),
        body: `${rowStart(lanes)}
  var sum = 0.0;
${overRow(lanes, `sum += ${backwardTerm};`)}
  let total = rowSum(lane, sum);
${overRow(lanes, `dx[place] = ${backwardValue};`)}`,
      }));
      if (x.length > 0)
        runtime.run(
          kernel,
          [outputs.y, gradients.y, x],
          { rows, columns: classes },
          rowBlocks(lanes, rows),
          x.length * 24,
        );
      return { x };
    },
  };
}
