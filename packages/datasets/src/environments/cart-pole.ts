import { ArgumentError, checkValue } from '@timestep/core';
import { isNumbers, isRandom } from '../checks.ts';
import type { RandomSource } from '../random-source.ts';
import { checkEnvironment, type Environment, type EnvironmentOptions, type Transition } from './environment.ts';

const gravity = 9.8;
const cartMass = 1;
const poleMass = 0.1;
/** Half the length of the pole, in metres. */
const poleLength = 0.5;
const force = 10;
/** Seconds of a step. */
const interval = 0.02;
const trackLimit = 2.4;
const angleLimit = (12 * Math.PI) / 180;

/**
 * Creates the cart-pole task: balance a pole on a cart by pushing the cart left (0) or right (1) with 10 N, 50 times a
 * second. The equations and constants are those of Barto, Sutton and Anderson (1983), integrated with Euler's method.
 * The reward of each step is 1. The episode ends when the pole leans by more than 12°, when the cart is 2.4 m from the
 * middle, or after 500 steps.
 *
 * Observations are the position x/2.4 m and the angle θ/12°; with velocities x/2.4, ẋ, θ/12°, θ̇ (metres and radians per
 * second).
 *
 * @throws ArgumentError for wrong options; `step` throws it for a wrong action and before `reset`
 * @example
 * const environment = cartPole({ velocities: false });
 * let observation = environment.reset(new Generator(1));       // [x, θ]
 * const { reward, done } = environment.step([1]);
 */
export function cartPole(options: EnvironmentOptions = {}): Environment {
  checkEnvironment('cartPole', options);
  const { velocities = true, maxSteps = 500 } = options;
  let [x, speed, angle, turn] = [0, 0, 0, 0];
  let steps = -1;
  const observe = (): Float32Array =>
    velocities
      ? Float32Array.of(x / trackLimit, speed, angle / angleLimit, turn)
      : Float32Array.of(x / trackLimit, angle / angleLimit);
  return {
    observationSize: velocities ? 4 : 2,
    actions: { kind: 'discrete', count: 2 },
    maxSteps,
    reset(random: RandomSource) {
      checkValue('cartPole.reset', 'random', random, isRandom);
      [x, speed, angle, turn] = [
        random.uniform(-0.05, 0.05),
        random.uniform(-0.05, 0.05),
        random.uniform(-0.05, 0.05),
        random.uniform(-0.05, 0.05),
      ];
      steps = 0;
      return observe();
    },
    step(action): Transition {
      checkValue('cartPole.step', 'action', action, isNumbers);
      if (steps < 0) throw new ArgumentError('[cartPole] no episode has been started; call reset() first');
      if (action.length !== 1 || (action[0] !== 0 && action[0] !== 1))
        throw new ArgumentError(
          `[cartPole] expected the action [0] (left) or [1] (right), got [${Array.from(action).join(', ')}]`,
        );
      const push = action[0] === 1 ? force : -force;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const mass = cartMass + poleMass;
      const pull = (push + poleMass * poleLength * turn * turn * sin) / mass;
      const turnRate = (gravity * sin - cos * pull) / (poleLength * (4 / 3 - (poleMass * cos * cos) / mass));
      const acceleration = pull - (poleMass * poleLength * turnRate * cos) / mass;
      x += interval * speed;
      speed += interval * acceleration;
      angle += interval * turn;
      turn += interval * turnRate;
      steps++;
      const done = steps >= maxSteps || Math.abs(x) > trackLimit || Math.abs(angle) > angleLimit;
      if (done) steps = -1;
      return { observation: observe(), reward: 1, done };
    },
  };
}
