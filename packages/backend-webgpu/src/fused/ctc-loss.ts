import type { CtcLossOp, CtcSpec, DeviceBuffer } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';
import { alphaBody, ctcFunctions, ctcParameters, logProbability, occupancyBody } from '../wgsl/ctc.ts';
import { numerics } from '../wgsl/numerics.ts';
import { overRow, rowBlocks, rowFunctions, rowLanes, rowStart, rowWorkgroup } from '../wgsl/row.ts';
import { ctcPlan, firstFlag } from './ctc-plan.ts';
import type { SavedBuffers } from './saved.ts';
import { keepOrFree } from './saved.ts';

/** α of every frame and state, the plan of the targets, each row's normalisers, each sequence's ln p. */
type CtcSaved = 'alpha' | 'plan' | 'normalisers' | 'totals';

/** Invocations over the states of a sequence. */
function lanesFor(states: number): number {
  return Math.min(256, Math.max(4, 2 ** Math.ceil(Math.log2(states))));
}

function parametersOf({ steps, batch, classes, blank, zeroInfinity }: CtcSpec, states: number) {
  return { steps, batch, states, classes, blank, zeroInfinity: Number(zeroInfinity) };
}

/**
 * Graves et al. (2006) in logarithms: a workgroup walks all frames of a sequence, its invocations over the states. The
 * backward pass is exact: softmax − occupancy, the occupancies of equal labels added along chains made on the host.
 */
export function ctcLossOp(runtime: Runtime): CtcLossOp {
  return {
    supports({ steps, batch, maxTargetLength }) {
      const bytes = 4 * steps * batch * (2 * maxTargetLength + 1);
      if (bytes <= runtime.pool.maxBytes) return true;
      return `its alignments take ${bytes} bytes in one buffer, and this adapter's buffers hold at most ${runtime.pool.maxBytes}`;
    },
    forward(spec, { logits }) {
      const { steps, batch } = spec;
      const { plan: planned, states } = ctcPlan(spec);
      const plan = runtime.alloc('i32', planned.length);
      runtime.write(plan, planned);
      const normalisers = normalise(runtime, spec, logits);
      // Kept to one element: a kernel takes no empty buffer, and without frames the loss is still to be told.
      const alpha = runtime.alloc('f32', Math.max(1, steps * batch * states));
      const totals = runtime.alloc('f32', batch);
      const losses = runtime.alloc('f32', batch);
      const lanes = lanesFor(states);
      const kernel = runtime.kernel(`ctc alpha ${lanes}`, () => ({
        name: 'ctc.alpha',
        bindings: [
          reads('plan', 'i32'),
          reads('x', 'f32'),
          reads('normalisers', 'f32'),
          writes('alpha', 'f32'),
          writes('totals', 'f32'),
          writes('losses', 'u32'),
        ],
        parameters: ctcParameters,
        workgroupSize: lanes,
        declarations: ctcFunctions + logProbability,
        body: alphaBody(lanes),
      }));
      if (batch > 0) {
        // Without frames no logit is read and no buffer of logits exists: bind any other buffer.
        const buffers = [plan, steps === 0 ? normalisers : logits, normalisers, alpha, totals, losses];
        runtime.run(kernel, buffers, parametersOf(spec, states), batch, steps * batch * states * 60);
      }
      return {
        outputs: { losses },
        saved: keepOrFree<CtcSaved>(runtime, spec.needsSaved, { alpha, plan, normalisers, totals }),
      };
    },
    backward(spec, { inputs, saved, gradients, wanted }) {
      if (!wanted.logits) return { logits: null };
      const { steps, batch, classes, maxTargetLength } = spec;
      const { alpha, plan, normalisers, totals } = (saved as SavedBuffers<CtcSaved>).buffers;
      const states = 2 * maxTargetLength + 1;
      const logits = runtime.alloc('f32', inputs.logits.length);
      if (logits.length === 0) return { logits };
      const parameters = parametersOf(spec, states);
      const size = steps * batch * states;

      const lanes = lanesFor(states);
      const leaving = runtime.alloc('f32', 2 * batch * states);
      const occupancy = runtime.kernel(`ctc occupancy ${lanes}`, () => ({
        name: 'ctc.occupancy',
        bindings: [
          reads('plan', 'i32'),
          reads('x', 'f32'),
          reads('normalisers', 'f32'),
          reads('totals', 'f32'),
          writes('alpha', 'f32'),
          writes('leaving', 'f32'),
        ],
        parameters: ctcParameters,
        workgroupSize: lanes,
        declarations: ctcFunctions + logProbability,
        body: occupancyBody(lanes),
      }));
      runtime.run(occupancy, [plan, inputs.logits, normalisers, totals, alpha, leaving], parameters, batch, size * 80);
      runtime.free(leaving);

      const softmax = runtime.kernel('ctc softmax', () => ({
        name: 'ctc.softmax',
        bindings: [
          reads('plan', 'i32'),
          reads('x', 'f32'),
          reads('normalisers', 'f32'),
          reads('totals', 'f32'),
          reads('gradient', 'f32'),
          writes('dx', 'f32'),
        ],
        parameters: ctcParameters,
        workgroupSize: 256,
        declarations: ctcFunctions,
        body: `  if (thread >= params.steps * params.batch * params.classes) { return; }
  let row = thread / params.classes;
  let n = row % params.batch;
  if (row / params.batch >= framesOf(n) || !isFeasible(totals[n])) { dx[thread] = 0.0; return; }
  // The loss is NaN: so is its derivative by every logit, those of the other frames included.
  if (isNan(bitcast<u32>(totals[n]))) { dx[thread] = totals[n]; return; }
  dx[thread] = gradient[n] * expFinite(x[thread] - normalisers[2u * row] - normalisers[2u * row + 1u]);`,
      }));
      const elements = steps * batch * classes;
      runtime.run(
        softmax,
        [plan, inputs.logits, normalisers, totals, gradients.losses, logits],
        parameters,
        Math.ceil(elements / 256),
        elements * 24,
      );

      const subtract = runtime.kernel('ctc subtract', () => ({
        name: 'ctc.subtract',
        bindings: [
          reads('plan', 'i32'),
          reads('occupancy', 'f32'),
          reads('totals', 'f32'),
          reads('gradient', 'f32'),
          writes('dx', 'f32'),
        ],
        parameters: ctcParameters,
        workgroupSize: 64,
        declarations: ctcFunctions,
        body: `  if (thread >= params.steps * params.batch * params.states) { return; }
  let row = thread / params.states;
  let n = row % params.batch;
  var s = thread % params.states;
  let states = statesOf(n);
  if (s >= states || row / params.batch >= framesOf(n) || !isFeasible(totals[n])) { return; }
  if ((linkOf(n, s) & ${firstFlag}) == 0) { return; }
  let place = row * params.classes + u32(labelOf(n, s));
  var sum = 0.0;
  while (s < states) {
    sum += occupancy[row * params.states + s];
    s = u32(linkOf(n, s) & ${firstFlag - 1});
  }
  dx[place] = dx[place] - gradient[n] * sum;`,
      }));
      runtime.run(
        subtract,
        [plan, alpha, totals, gradients.losses, logits],
        parameters,
        Math.ceil(size / 64),
        size * 16,
      );
      return { logits };
    },
  };
}

/** Each row's largest logit and ln Σ exp(logit − largest); one pair of anything where there are no rows. */
function normalise(runtime: Runtime, { steps, batch, classes }: CtcSpec, logits: DeviceBuffer): DeviceBuffer {
  const rows = steps * batch;
  const out = runtime.alloc('f32', Math.max(1, 2 * rows));
  const lanes = rowLanes(classes);
  const kernel = runtime.kernel(`ctc normalise ${lanes}`, () => ({
    name: 'ctc.normalise',
    bindings: [reads('x', 'f32'), writes('out', 'f32')],
    parameters: { rows: 'u32', columns: 'u32' },
    workgroupSize: rowWorkgroup(lanes),
    declarations: numerics + rowFunctions(lanes),
    body: `${rowStart(lanes)}
  var most = -3.4028234e38;
${overRow(lanes, 'most = larger(most, x[place]);')}
  let peak = rowMax(lane, most);
  var sum = 0.0;
${overRow(lanes, 'sum += expFinite(x[place] - peak);')}
  let logTotal = logOf(rowSum(lane, sum));
  if (first != 0u) { return; }
  out[2u * row] = peak;
  out[2u * row + 1u] = logTotal;`,
  }));
  if (rows > 0)
    runtime.run(kernel, [logits, out], { rows, columns: classes }, rowBlocks(lanes, rows), rows * classes * 24);
  return out;
}
