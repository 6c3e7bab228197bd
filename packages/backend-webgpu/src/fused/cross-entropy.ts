import type { CrossEntropyOp } from '@timestep/backend-api';
import { faultsBinding, inRangeFunction } from '../device/index-faults.ts';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { numerics } from '../wgsl/numerics.ts';
import { overRow, rowBlocks, rowFunctions, rowLanes, rowStart, rowWorkgroup } from '../wgsl/row.ts';
import type { SavedBuffers } from './saved.ts';
import { keepOrFree } from './saved.ts';

const parameters = { rows: 'u32', columns: 'u32', ignore: 'i32', smoothing: 'f32' } as const;

/** Cross-entropy from logits. Saved of each row: its largest logit and ln Σ exp(logit − largest). */
export function crossEntropyOp(runtime: Runtime): CrossEntropyOp {
  return {
    supports: () => true,
    forward(spec, { logits, targets }) {
      const { rows, classes, needsSaved } = spec;
      const losses = runtime.alloc('f32', rows);
      const normalisers = runtime.alloc('f32', 2 * rows);
      const lanes = rowLanes(classes);
      const kernel = runtime.kernel(`crossEntropy forward ${lanes}`, () => ({
        name: 'crossEntropy.forward',
        bindings: [
          reads('x', 'f32'),
          reads('targets', 'i32'),
          writes('losses', 'f32'),
          writes('normalisers', 'f32'),
          faultsBinding,
        ],
        parameters,
        workgroupSize: rowWorkgroup(lanes),
        declarations: numerics + rowFunctions(lanes) + inRangeFunction('crossEntropy'),
        body: `${rowStart(lanes)}
  var most = -3.4028234e38;
${overRow(lanes, 'most = larger(most, x[place]);')}
  let peak = rowMax(lane, most);
  var sum = 0.0;
  var distance = 0.0;
${overRow(lanes, 'sum += expFinite(x[place] - peak); distance += peak - x[place];')}
  let logTotal = logOf(rowSum(lane, sum));
  let spread = rowSum(lane, distance);
  if (first != 0u) { return; }
  normalisers[2u * row] = peak;
  normalisers[2u * row + 1u] = logTotal;
  let target_ = targets[row];
  if (target_ == params.ignore || !inRange(target_, params.columns, row)) { losses[row] = 0.0; return; }
  var loss = logTotal + (1.0 - params.smoothing) * (peak - x[row * params.columns + u32(target_)]);
  // Without smoothing a logit of -inf elsewhere must not be multiplied in.
  if (params.smoothing > 0.0) { loss += params.smoothing / f32(params.columns) * spread; }
  losses[row] = loss;`,
      }));
      if (rows > 0) {
        const values = { rows, columns: classes, ignore: spec.ignoreIndex, smoothing: spec.labelSmoothing };
        runtime.runIndexed(
          kernel,
          [logits, targets, losses, normalisers],
          values,
          rowBlocks(lanes, rows),
          rows * classes * 32,
        );
      }
      return { outputs: { losses }, saved: keepOrFree(runtime, needsSaved, { normalisers }) };
    },
    backward(spec, { inputs, saved, gradients, wanted }) {
      if (!wanted.logits) return { logits: null };
      const { rows, classes } = spec;
      const { normalisers } = (saved as SavedBuffers<'normalisers'>).buffers;
      const logits = runtime.alloc('f32', rows * classes);
      const kernel = runtime.kernel('crossEntropy backward', () => ({
        name: 'crossEntropy.backward',
        bindings: [
          reads('x', 'f32'),
          reads('targets', 'i32'),
          reads('normalisers', 'f32'),
          reads('gradient', 'f32'),
          writes('dx', 'f32'),
          faultsBinding,
        ],
        parameters,
        workgroupSize: 256,
        declarations: numerics + inRangeFunction('crossEntropy'),
        body: `  if (thread >= params.rows * params.columns) { return; }
  let row = thread / params.columns;
  let target_ = targets[row];
  if (target_ == params.ignore || !inRange(target_, params.columns, row)) { dx[thread] = 0.0; return; }
  let probability = expFinite(x[thread] - normalisers[2u * row] - normalisers[2u * row + 1u]);
  let hit = select(0.0, 1.0 - params.smoothing, thread % params.columns == u32(target_));
  dx[thread] = (probability - hit - params.smoothing / f32(params.columns)) * gradient[row];`,
      }));
      if (logits.length > 0) {
        const values = { rows, columns: classes, ignore: spec.ignoreIndex, smoothing: spec.labelSmoothing };
        runtime.runIndexed(
          kernel,
          [inputs.logits, inputs.targets, normalisers, gradients.losses, logits],
          values,
          Math.ceil(logits.length / 256),
          logits.length * 24,
        );
      }
      return { logits };
    },
  };
}
