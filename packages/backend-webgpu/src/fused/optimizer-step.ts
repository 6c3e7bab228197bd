import type { AdamSettings, AdamStepOp, DeviceBuffer, SgdStepOp } from '@timestep/backend-api';
import { reads, writes } from '../device/kernel.ts';
import type { Runtime } from '../device/runtime.ts';

/** Every step starts with the clipped gradient, and ends there where the factor says that it is not finite. */
function beginning(hasFactor: boolean): string {
  return `  if (thread >= params.size) { return; }
${hasFactor ? '  if (factor[0] < 0.0) { return; }' : ''}
  let old = parameter[thread];
  var g = gradient[thread]${hasFactor ? ' * factor[0]' : ''};
`;
}

function adamValues(size: number, { learningRate, beta1, beta2, epsilon, weightDecay, step }: AdamSettings) {
  return {
    size,
    learningRate,
    beta1,
    beta2,
    // 1 − β in double precision: 1 − 0.999 in single loses two digits.
    rest1: 1 - beta1,
    rest2: 1 - beta2,
    epsilon,
    weightDecay,
    stepSize: learningRate / (1 - beta1 ** step),
    correction: 1 / Math.sqrt(1 - beta2 ** step),
  };
}

/** Adam and AdamW, one dispatch for each parameter. */
export function adamStepOp(runtime: Runtime): AdamStepOp {
  return {
    supports: () => true,
    run(slots, settings, factor) {
      const { decoupled } = settings;
      const kernel = runtime.kernel(`adamStep ${decoupled} ${factor !== null}`, () => ({
        name: 'adamStep',
        bindings: [
          writes('parameter', 'f32'),
          reads('gradient', 'f32'),
          writes('mean', 'f32'),
          writes('square', 'f32'),
          ...(factor === null ? [] : [reads('factor', 'f32')]),
        ],
        parameters: {
          size: 'u32',
          learningRate: 'f32',
          beta1: 'f32',
          beta2: 'f32',
          rest1: 'f32',
          rest2: 'f32',
          epsilon: 'f32',
          weightDecay: 'f32',
          stepSize: 'f32',
          correction: 'f32',
        },
        workgroupSize: 256,
        body: `${beginning(factor !== null)}
  let start = ${decoupled ? 'old - params.learningRate * params.weightDecay * old' : 'old'};
${decoupled ? '' : '  g += params.weightDecay * old;'}
  let m = params.beta1 * mean[thread] + params.rest1 * g;
  let v = params.beta2 * square[thread] + params.rest2 * g * g;
  mean[thread] = m;
  square[thread] = v;
  parameter[thread] = start - params.stepSize * m / (sqrt(v) * params.correction + params.epsilon);`,
      }));
      const last = factor === null ? [] : [factor];
      for (const { parameter, gradient, firstMoment, secondMoment } of slots) {
        const size = parameter.length;
        if (size === 0) continue;
        runtime.run(
          kernel,
          [parameter, gradient, firstMoment, secondMoment, ...last],
          adamValues(size, settings),
          Math.ceil(size / 256),
        );
      }
    },
  };
}

/** Stochastic gradient descent with momentum, one dispatch for each parameter. */
export function sgdStepOp(runtime: Runtime): SgdStepOp {
  return {
    supports: () => true,
    run(slots, settings, factor) {
      const { learningRate, momentum, dampening, nesterov, weightDecay, first } = settings;
      const last = factor === null ? [] : [factor];
      for (const { parameter, gradient, velocity } of slots) {
        const size = parameter.length;
        if (size === 0) continue;
        const kernel = runtime.kernel(`sgdStep ${velocity !== null} ${nesterov} ${factor !== null}`, () => ({
          name: 'sgdStep',
          bindings: [
            writes('parameter', 'f32'),
            reads('gradient', 'f32'),
            ...(velocity === null ? [] : [writes('velocity', 'f32')]),
            ...(factor === null ? [] : [reads('factor', 'f32')]),
          ],
          parameters: {
            size: 'u32',
            first: 'u32',
            learningRate: 'f32',
            momentum: 'f32',
            rest: 'f32',
            weightDecay: 'f32',
          },
          workgroupSize: 256,
          body: `${beginning(factor !== null)}
  g += params.weightDecay * old;
${velocity === null ? '' : momentumCode(nesterov)}
  parameter[thread] = old - params.learningRate * g;`,
        }));
        const buffers: DeviceBuffer[] = [parameter, gradient, ...(velocity === null ? [] : [velocity]), ...last];
        const values = { size, first: Number(first), learningRate, momentum, rest: 1 - dampening, weightDecay };
        runtime.run(kernel, buffers, values, Math.ceil(size / 256));
      }
    },
  };
}

/** In the first step the velocity is the gradient, and what the buffer held is not looked at. */
function momentumCode(nesterov: boolean): string {
  return `  var v = g;
  if (params.first == 0u) { v = params.momentum * velocity[thread] + params.rest * g; }
  velocity[thread] = v;
  g = ${nesterov ? 'g + params.momentum * v' : 'v'};`;
}
