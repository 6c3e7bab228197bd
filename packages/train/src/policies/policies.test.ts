import { Generator, openScope, tanh, tensor, type Backend } from '@timestep/core';
import { cartPole, pendulum } from '@timestep/datasets';
import { GRU, Linear, LSTM, Sequential } from '@timestep/layers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  episodeData,
  evolve,
  MemorylessPolicy,
  openES,
  parameterVector,
  RecurrentPolicy,
  reinforceLoss,
  rollOut,
  SGD,
  Trainer,
  type PolicyEnvironment,
} from '../index.ts';
import { backends } from '../test-support/backends.ts';

/** Episodes of one step, in which every arm has its price. */
function bandit(prices: readonly number[]): PolicyEnvironment {
  return {
    observationSize: 1,
    actions: { kind: 'discrete', count: prices.length },
    reset: () => Float32Array.of(1),
    step: ([arm]) => ({ observation: Float32Array.of(1), reward: prices[arm!]!, done: true }),
  };
}

/** Episodes of one step: the closer to 0.7 the better. */
const guess: PolicyEnvironment = {
  observationSize: 1,
  actions: { kind: 'continuous', size: 1, low: -1, high: 1 },
  reset: () => Float32Array.of(1),
  step: ([x]) => ({ observation: Float32Array.of(1), reward: -((x! - 0.7) ** 2), done: true }),
};

/** It tells its number and counts: `[number, t]`; its episodes end after `number + 1` steps. */
function counter(number: number): PolicyEnvironment {
  let t = 0;
  return {
    observationSize: 2,
    actions: { kind: 'discrete', count: 2 },
    reset: () => Float32Array.of(number, (t = 0)),
    step: ([action]) => ({
      observation: Float32Array.of(number, ++t),
      reward: 10 * number + action!,
      done: t > number,
    }),
  };
}

describe.each(backends)('policies on $name', ({ create }) => {
  let backend: Backend;
  let before = 0;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());
  beforeEach(() => void (before = backend.memory().buffers));

  const linear = (inputSize: number, outputSize: number, seed = 1): Linear =>
    new Linear({ backend, inputSize, outputSize, generator: new Generator(seed) });

  it('are rolled out in several environments at once, each to its own end', async () => {
    const policy = new MemorylessPolicy(linear(2, 2));
    policy.network.parameters()[0]!.assign([0, 0, 0, 0]);
    policy.network.parameters()[1]!.assign([0, 1]);
    const episodes = await rollOut(policy, [counter(1), counter(0), counter(2)], { random: new Generator(1) });
    expect(episodes.shape).toEqual([3, 3, 2]);
    expect([...episodes.lengths]).toEqual([2, 1, 3]);
    expect([...episodes.observations]).toEqual([1, 0, 0, 0, 2, 0, 1, 1, 0, 0, 2, 1, 0, 0, 0, 0, 2, 2]);
    expect([...episodes.actions]).toEqual([1, 1, 1, 1, 0, 1, 0, 0, 1]);
    expect([...episodes.rewards]).toEqual([11, 1, 21, 11, 0, 21, 0, 0, 21]);
    expect([...episodes.returns]).toEqual([22, 1, 63]);
    policy.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('say step by step what they say over whole episodes', async () => {
    const lstm = new LSTM({ backend, inputSize: 2, hiddenSize: 5, numLayers: 2, generator: new Generator(2) });
    const policy = new RecurrentPolicy(lstm, linear(5, 2));
    const { observations, shape, lengths, actions } = await rollOut(
      policy,
      [cartPole({ velocities: false }), cartPole({ velocities: false })],
      { random: new Generator(3) },
    );
    {
      using _scope = openScope(backend);
      const outputs = await policy.forward(tensor(backend, observations, { shape: [...shape] }), lengths).data();
      const best = Float32Array.from({ length: outputs.length / 2 }, (_, i) =>
        outputs[2 * i + 1]! > outputs[2 * i]! ? 1 : 0,
      );
      const inside = best.map((_, i) => (Math.floor(i / 2) < lengths[i % 2]! ? 1 : 0));
      expect([...actions].map((one, i) => one * inside[i]!)).toEqual([...best].map((one, i) => one * inside[i]!));
      expect(new Set(actions).size).toBe(2);
    }
    policy.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('sample by their probabilities', async () => {
    const policy = new MemorylessPolicy(linear(1, 3));
    policy.network.parameters()[0]!.assign([Math.log(0.2), Math.log(0.5), Math.log(0.3)]);
    policy.network.parameters()[1]!.assign([0, 0, 0]);
    const { actions } = await rollOut(
      policy,
      Array.from({ length: 4000 }, () => bandit([0, 0, 0])),
      { random: new Generator(5), choose: 'sample' },
    );
    // Four standard errors of a share of 4,000 draws are at most 4·√(0.25/4000) = 0.032.
    [0.2, 0.5, 0.3].forEach((share, arm) =>
      expect(Math.abs(actions.filter((one) => one === arm).length / 4000 - share)).toBeLessThan(0.032),
    );
    policy.dispose();
  });

  it('REINFORCE follows the gradient of the expected reward', async () => {
    const prices = [1, 3, 2, -2];
    const policy = new MemorylessPolicy(linear(1, 4));
    const logits = [0.3, -0.2, 0.5, 0.1];
    policy.network.parameters()[0]!.assign(logits);
    policy.network.parameters()[1]!.assign([0, 0, 0, 0]);
    const data = episodeData(
      policy,
      Array.from({ length: 6000 }, () => bandit(prices)),
      { seed: 2 },
    );
    const batch = (await data.next())!;
    {
      using _scope = openScope(backend);
      reinforceLoss(policy, batch).backward();
    }
    const gradient = await policy.network.parameters()[1]!.grad!.data();
    // ∂E[r]/∂logit_k = p_k(r_k − Σ p r); advantages are divided by the deviation of the rewards.
    const odds = logits.map(Math.exp);
    const p = odds.map((one) => one / odds.reduce((sum, other) => sum + other));
    const mean = p.reduce((sum, one, k) => sum + one * prices[k]!, 0);
    const deviation = Math.sqrt(p.reduce((sum, one, k) => sum + one * (prices[k]! - mean) ** 2, 0));
    // An advantage is at most about 2 and so is a score; four standard errors: 4·2/√6000 ≈ 0.1.
    p.forEach((one, k) => expect(Math.abs(-gradient[k]! - (one * (prices[k]! - mean)) / deviation)).toBeLessThan(0.1));
    policy.network.zeroGrad();
    policy.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('REINFORCE finds the mean of a continuous action, and evolution does', async () => {
    const bias = async (policy: MemorylessPolicy): Promise<number> => {
      const [weight, offset] = await Promise.all(policy.network.parameters().map((one) => one.item()));
      return weight! + offset!;
    };
    const learner = new MemorylessPolicy(linear(1, 1));
    const returns: number[] = [];
    const trainer = new Trainer({
      model: learner,
      loss: reinforceLoss,
      optimizer: new SGD(learner.namedParameters(), { learningRate: 0.05 }),
      data: episodeData(
        learner,
        Array.from({ length: 64 }, () => guess),
        { seed: 1, deviation: 0.3, onReturn: (one) => returns.push(one) },
      ),
    });
    await trainer.fit({ steps: 80 });
    expect(Math.abs((await bias(learner)) - 0.7)).toBeLessThan(0.1);
    expect(returns).toHaveLength(80);
    const evolved = new MemorylessPolicy(linear(1, 1));
    const strategy = openES(await parameterVector(evolved).read(), { seed: 1, populationSize: 16 });
    const heard: number[] = [];
    await evolve({
      model: evolved,
      strategy,
      generations: 60,
      fitness: async (policy, generation) =>
        (await rollOut(policy, [guess], { random: new Generator(generation) })).returns[0]!,
      onGeneration: (fitness, generation) => (heard.push(generation), fitness.length === 16 && generation === 50),
    });
    expect(Math.abs((await bias(evolved)) - 0.7)).toBeLessThan(0.1);
    expect(heard).toHaveLength(50);
    trainer.dispose();
    learner.dispose();
    evolved.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('take the environments of @timestep/datasets', async () => {
    const policy = new RecurrentPolicy(
      new GRU({ backend, inputSize: 2, hiddenSize: 3, generator: new Generator(1) }),
      linear(3, 1),
    );
    const { shape, returns, rewards } = await rollOut(policy, [pendulum({ velocities: false, maxSteps: 20 })], {
      random: new Generator(1),
      choose: 'sample',
    });
    expect(shape).toEqual([20, 1, 2]);
    expect(returns[0]).toBeCloseTo(
      rewards.reduce((sum, one) => sum + one, 0),
      4,
    );
    policy.dispose();
  });

  it('refuse what does not fit', async () => {
    const policy = new MemorylessPolicy(linear(2, 3));
    await expect(rollOut(policy, [cartPole({ velocities: false })], { random: new Generator(1) })).rejects.toThrow(
      /expected 2 outputs of the policy.*got 3/,
    );
    await expect(rollOut(policy, [], { random: new Generator(1) })).rejects.toThrow(/at least one environment/);
    expect(
      () => new RecurrentPolicy(new GRU({ backend, inputSize: 1, hiddenSize: 1, bidirectional: true }), linear(2, 2)),
    ).toThrow(/future/);
    expect(() => episodeData(policy, [cartPole()], { seed: 1, discount: 2 })).toThrow(/discount/);
    const strategy = openES([0], { seed: 1 });
    await expect(evolve({ model: policy, strategy, generations: 1, fitness: () => 0 })).rejects.toThrow(
      /over 1 numbers, the model has 9/,
    );
    expect(() => parameterVector(policy).write([1])).toThrow(/expected 9 numbers, got 1/);
    policy.dispose();
  });

  it('Sequential is a memoryless network', async () => {
    const policy = new MemorylessPolicy(new Sequential(linear(4, 4), tanh, linear(4, 2)));
    const { lengths } = await rollOut(policy, [cartPole()], { random: new Generator(1) });
    expect(lengths[0]).toBeGreaterThan(5);
    policy.dispose();
  });
});
