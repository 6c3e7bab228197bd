import { ArgumentError, checkValue } from '@timestep/core';
import { isNumbers, isRandom } from '../checks.ts';
import type { RandomSource } from '../random-source.ts';
import { checkEnvironment, type Environment, type EnvironmentOptions, type Transition } from './environment.ts';

const gravity = 10;
const [mass, length] = [1, 1];
const interval = 0.05;
const topSpeed = 8;
const topTorque = 2;

/**
 * Creates the pendulum task: swing up a rod with a motor that is too weak to lift it directly, and balance it. The action
 * is a torque u in [−2, 2] N·m, 20 times a second. The equation is θ̈ = 3g/(2l)·sin θ + 3/(ml²)·u with g = 10,
 * m = l = 1 and θ = 0 upright; the speed is clipped to ±8 rad/s (the constants of Gym's Pendulum-v1). The reward of a
 * step is −(θ² + 0.1·θ̇² + 0.001·u²). An episode has 200 steps.
 *
 * Observations are cos θ, sin θ and, with velocities, θ̇/8.
 *
 * @throws ArgumentError for wrong options; `step` throws it for a wrong action and before `reset`
 * @example
 * const environment = pendulum({ velocities: false });
 * let observation = environment.reset(new Generator(1));       // [cos θ, sin θ]
 * const { reward } = environment.step([-0.5]);
 */
export function pendulum(options: EnvironmentOptions = {}): Environment {
  checkEnvironment('pendulum', options);
  const { velocities = true, maxSteps = 200 } = options;
  let [angle, turn] = [0, 0];
  let steps = -1;
  const observe = (): Float32Array =>
    velocities
      ? Float32Array.of(Math.cos(angle), Math.sin(angle), turn / topSpeed)
      : Float32Array.of(Math.cos(angle), Math.sin(angle));
  return {
    observationSize: velocities ? 3 : 2,
    actions: { kind: 'continuous', size: 1, low: -topTorque, high: topTorque },
    maxSteps,
    reset(random: RandomSource) {
      checkValue('pendulum.reset', 'random', random, isRandom);
      [angle, turn] = [random.uniform(-Math.PI, Math.PI), random.uniform(-1, 1)];
      steps = 0;
      return observe();
    },
    step(action): Transition {
      checkValue('pendulum.step', 'action', action, isNumbers);
      if (steps < 0) throw new ArgumentError('[pendulum] no episode has been started; call reset() first');
      const torque = action[0];
      if (action.length !== 1 || torque === undefined || !(Math.abs(torque) <= topTorque))
        throw new ArgumentError(`[pendulum] expected one torque in −2…2, got [${Array.from(action).join(', ')}]`);
      const upright = angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
      const cost = upright ** 2 + 0.1 * turn ** 2 + 0.001 * torque ** 2;
      const acceleration = ((3 * gravity) / (2 * length)) * Math.sin(angle) + (3 / (mass * length ** 2)) * torque;
      turn = Math.min(topSpeed, Math.max(-topSpeed, turn + acceleration * interval));
      angle += turn * interval;
      steps++;
      const done = steps >= maxSteps;
      if (done) steps = -1;
      return { observation: observe(), reward: -cost, done };
    },
  };
}
