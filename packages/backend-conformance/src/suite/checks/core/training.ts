import type { Backend } from '@timestep/backend-api';
import { Generator, dropout, ones, tensor, zeros, type Tensor } from '@timestep/core';
import { adamStep, globalNorm, sgdStep, type AdamSettings, type SgdSettings } from '@timestep/core/extend';
import { exact, single } from '../../accuracy.ts';
import type { Check } from '../../check.ts';
import { TestRandom } from '../../random.ts';
import { coreChecks, plainCoreCheck, type CoreRecipe } from './side.ts';

const sizes = [5, 1, 130];

/** Parameters with a gradient each, and what clips them. */
function start(
  backend: Backend,
  maxNorm: number,
): { parameters: Tensor[]; gradients: Tensor[]; norm: Tensor; factor: Tensor } {
  const random = new TestRandom(141);
  const draw = () => sizes.map((size) => tensor(backend, random.floats(size, -2, 2)));
  const [parameters, gradients] = [draw(), draw()];
  return { parameters, gradients, ...globalNorm(gradients, maxNorm) };
}

function numbered(prefix: string, tensors: readonly Tensor[]): Record<string, Tensor> {
  return Object.fromEntries(tensors.map((made, n) => [`${prefix} ${n}`, made]));
}

const adam: AdamSettings = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  decoupled: true,
  step: 1,
};
const sgd: SgdSettings = {
  learningRate: 0.1,
  momentum: 0.9,
  dampening: 0,
  nesterov: true,
  weightDecay: 0.05,
  first: true,
};

function adamRecipe(maxNorm: number): CoreRecipe {
  return (backend) => {
    const { parameters, gradients, factor } = start(backend, maxNorm);
    const slots = parameters.map((parameter, n) => ({
      parameter,
      gradient: gradients[n]!,
      firstMoment: zeros(backend, parameter.shape),
      secondMoment: zeros(backend, parameter.shape),
    }));
    for (let step = 1; step <= 3; step++) adamStep(slots, { ...adam, step }, factor);
    return numbered('parameter', parameters);
  };
}

function sgdRecipe(maxNorm: number): CoreRecipe {
  return (backend) => {
    const { parameters, gradients, factor } = start(backend, maxNorm);
    const slots = parameters.map((parameter, n) => ({
      parameter,
      gradient: gradients[n]!,
      velocity: zeros(backend, parameter.shape),
    }));
    for (let step = 0; step < 3; step++) sgdStep(slots, { ...sgd, first: step === 0 }, factor);
    return numbered('parameter', parameters);
  };
}

function dropoutRecipe(rate: number, maskShape?: readonly number[]): CoreRecipe {
  return (backend) => {
    const generator = new Generator(77);
    const x = ones(backend, [7, 5, 9]);
    const options = maskShape ? { maskShape } : {};
    return { first: dropout(x, rate, generator, options), second: dropout(x, rate, generator, options) };
  };
}

/** The parts of a training step other than its gradients. */
export const coreTrainingChecks: readonly Check[] = [
  ...coreChecks(
    'globalNorm',
    'three gradients',
    () => (backend) => {
      const { norm, factor } = start(backend, 0.5);
      return { norm, factor };
    },
    () => single,
  ),
  ...coreChecks(
    'adamStep',
    'three clipped steps',
    () => adamRecipe(0.5),
    () => single,
  ),
  ...coreChecks(
    'sgdStep',
    'three clipped steps',
    () => sgdRecipe(0.5),
    () => single,
  ),
  plainCoreCheck('dropout: one seed gives one mask, bit for bit', dropoutRecipe(0.3), exact),
  plainCoreCheck('dropout: one mask for all steps, bit for bit', dropoutRecipe(0.5, [1, 5, 9]), exact),
];
