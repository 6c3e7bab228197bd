import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { cartPole, pendulum, type Environment } from '../index.ts';

/** The number of steps until the episode ends under a policy. */
function lengthOf(environment: Environment, seed: number, act: (observation: Float32Array) => number): number {
  let observation = environment.reset(new Generator(seed));
  for (let steps = 1; ; steps++) {
    const transition = environment.step([act(observation)]);
    if (transition.done) return steps;
    ({ observation } = transition);
  }
}

const atRest = { uniform: () => 0, normal: () => 0, integer: () => 0, permutation: () => [] };

describe('cart-pole', () => {
  it('moves as its equations say', () => {
    const environment = cartPole();
    expect([...environment.reset(atRest)]).toEqual([0, 0, 0, 0]);
    // From rest and upright: θ̈ = −F/M/(l(4/3 − m/M)) and ẍ = F/M − m·l·θ̈/M, and positions follow one step later.
    const turnRate = -(10 / 1.1) / (0.5 * (4 / 3 - 0.1 / 1.1));
    const acceleration = 10 / 1.1 - (0.1 * 0.5 * turnRate) / 1.1;
    const [x, speed, angle, turn] = environment.step([1]).observation;
    expect([x, angle]).toEqual([0, 0]);
    expect(speed).toBeCloseTo(0.02 * acceleration, 6);
    expect(turn).toBeCloseTo(0.02 * turnRate, 6);
    const second = environment.step([0]).observation;
    expect(second[0]).toBeCloseTo((0.02 * 0.02 * acceleration) / 2.4, 7);
    expect(second[2]).toBeCloseTo((0.02 * 0.02 * turnRate) / ((12 * Math.PI) / 180), 7);
  });

  it('mirrors: the same pushes the other way move it the other way', () => {
    const [one, other] = [cartPole(), cartPole()];
    one.reset(atRest);
    other.reset(atRest);
    for (let step = 0; step < 8; step++) {
      const push = step % 3 === 0 ? 1 : 0;
      const [left, right] = [one.step([push]).observation, other.step([1 - push]).observation];
      for (let i = 0; i < 4; i++) expect(right[i]).toBeCloseTo(-left[i]!, 6);
    }
  });

  it('falls soon without control, and balances for 500 steps under a policy that sees everything', () => {
    expect(lengthOf(cartPole(), 1, () => 1)).toBeLessThan(12);
    const mean = Array.from({ length: 20 }, (_, seed) =>
      lengthOf(cartPole(), seed, ([x, speed, angle, turn]) => (0.2 * x! + 0.2 * speed! + angle! + turn! > 0 ? 1 : 0)),
    ).reduce((sum, steps) => sum + steps / 20, 0);
    expect(mean).toBe(500);
  });

  it('hides its velocities on request', () => {
    const [whole, partial] = [cartPole(), cartPole({ velocities: false })];
    whole.reset(new Generator(4));
    const first = partial.reset(new Generator(4));
    expect(first).toHaveLength(2);
    const [x, , angle] = whole.step([1]).observation;
    expect([...partial.step([1]).observation]).toEqual([x, angle]);
    // Leaning on the angle alone, the best that a memoryless linear policy can do, does not hold it for long.
    expect(lengthOf(partial, 3, ([, lean]) => (lean! > 0 ? 1 : 0))).toBeLessThan(100);
  });

  it('refuses wrong actions, and steps outside an episode', () => {
    const environment = cartPole({ maxSteps: 1 });
    expect(() => environment.step([0])).toThrow(/call reset/);
    environment.reset(atRest);
    for (const action of [[2], [0.5], [], [0, 1], [NaN]])
      expect(() => environment.step(action)).toThrow(/expected the action/);
    expect(environment.step([0]).done).toBe(true);
    expect(() => environment.step([0])).toThrow(/call reset/);
    expect(() => cartPole({ maxSteps: 0 })).toThrow(/maxSteps/);
  });
});

describe('the pendulum', () => {
  it('keeps its energy up to the error of its integrator, and hangs at the bottom', () => {
    const environment = pendulum();
    // Released near the bottom: θ = π − 0.01. Its small swings have period 2π/√(3g/2l) ≈ 1.62 s.
    const nearBottom = { ...atRest, uniform: (low = 0) => (low < -2 ? Math.PI - 0.01 : 0) };
    environment.reset(nearBottom);
    const sides = Array.from({ length: 200 }, () => environment.step([0]).observation[1]!);
    const crossings = sides.filter((side, step) => step > 0 && side > 0 !== sides[step - 1]! > 0).length;
    expect(crossings).toBeGreaterThanOrEqual(11);
    expect(crossings).toBeLessThanOrEqual(13);
    expect(Math.max(...sides.map(Math.abs))).toBeLessThan(0.02);
  });

  it('costs what its paper says', () => {
    const environment = pendulum({ velocities: false });
    expect([...environment.reset(atRest)]).toEqual([1, 0]);
    expect(environment.step([2]).reward).toBeCloseTo(-0.004, 12);
    // θ̇ = 0.05·3·2 = 0.3 and θ = 0.015 now.
    expect(environment.step([0]).reward).toBeCloseTo(-(0.015 ** 2 + 0.1 * 0.09), 12);
    expect(() => environment.step([2.1])).toThrow(/torque in −2…2/);
    expect(() => environment.step([NaN])).toThrow(/torque/);
  });

  it('ends after 200 steps', () => {
    expect(lengthOf(pendulum(), 1, () => 0)).toBe(200);
  });
});
