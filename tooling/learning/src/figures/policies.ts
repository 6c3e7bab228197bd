import { Generator, tanh, type Backend } from '@timestep/core';
import { cartPole } from '@timestep/datasets';
import { GRU, Linear, Sequential } from '@timestep/layers';
import {
  Adam,
  cmaES,
  episodeData,
  type EvolutionStrategy,
  evolve,
  MemorylessPolicy,
  openES,
  parameterVector,
  type Policy,
  RecurrentPolicy,
  reinforceLoss,
  rollOut,
  Trainer,
} from '@timestep/train';

interface Outcome {
  /** Of 100 episodes that are not learned from */
  readonly mean: number;
  /** The number of episodes or evaluations for learning */
  readonly played: string;
}

const goal = 475;
/** The cart-pole that shows no velocities: only a memory tells which way the pole is falling. */
const carts = (count: number) => Array.from({ length: count }, () => cartPole({ velocities: false }));

async function meanOf(policy: Policy, episodes: number, seed: number): Promise<number> {
  const { returns } = await rollOut(policy, carts(episodes), { random: new Generator(seed) });
  return returns.reduce((total, one) => total + one / episodes, 0);
}

/** 32 episodes an update, until the goal is reached. */
async function reinforce(policy: Policy, updates: number): Promise<Outcome> {
  const trainer = new Trainer({
    model: policy,
    loss: reinforceLoss,
    optimizer: new Adam(policy.namedParameters(), { learningRate: 0.01 }),
    data: episodeData(policy, carts(32), { seed: 1, discount: 0.98 }),
    clipNorm: 1,
  });
  let [mean, steps] = [0, 0];
  while (steps < updates && mean < goal) {
    steps += 20;
    await trainer.fit({ steps });
    mean = await meanOf(policy, 100, 777);
  }
  trainer.dispose();
  return { mean, played: `${steps * 32} episodes` };
}

/** 8 episodes an evaluation, until a generation plays nearly to the end and the mean of the search reaches the goal. */
async function search(policy: Policy, strategy: EvolutionStrategy, generations: number): Promise<Outcome> {
  let mean = 0;
  await evolve({
    model: policy,
    strategy,
    generations,
    fitness: (candidate, generation) => meanOf(candidate, 8, generation),
    onGeneration: async (fitness) => {
      if (Math.max(...fitness) < 490) return false;
      mean = await meanOf(policy, 100, 777);
      return mean >= goal;
    },
  });
  const evaluations = strategy.generation * strategy.populationSize;
  return {
    mean: mean >= goal ? mean : await meanOf(policy, 100, 777),
    played: `${evaluations} evaluations of 8 episodes`,
  };
}

/** Every way of learning without labels with a policy that remembers and with one that does not. */
export async function policies(backend: Backend): Promise<void> {
  const recurrent = (hiddenSize: number): Policy => {
    const generator = new Generator(1);
    return new RecurrentPolicy(
      new GRU({ backend, inputSize: 2, hiddenSize, generator }),
      new Linear({ backend, inputSize: hiddenSize, outputSize: 2, generator }),
    );
  };
  const memoryless = (hiddenSize: number): Policy => {
    const generator = new Generator(1);
    return new MemorylessPolicy(
      new Sequential(
        new Linear({ backend, inputSize: 2, outputSize: hiddenSize, generator }),
        tanh,
        new Linear({ backend, inputSize: hiddenSize, outputSize: 2, generator }),
      ),
    );
  };
  const startOf = (policy: Policy): Promise<ArrayLike<number>> => parameterVector(policy).read();
  const ways: Readonly<Record<string, (policy: Policy) => Promise<Outcome>>> = {
    REINFORCE: (policy) => reinforce(policy, 300),
    'CMA-ES': async (policy) => search(policy, cmaES(await startOf(policy), { seed: 1 }), 200),
    'OpenAI-ES': async (policy) => search(policy, openES(await startOf(policy), { seed: 1, populationSize: 32 }), 200),
  };
  for (const [way, train] of Object.entries(ways)) {
    const sizes = way === 'REINFORCE' ? [16, 16] : [4, 8];
    for (const [kind, policy] of [
      ['GRU', recurrent(sizes[0]!)],
      ['memoryless', memoryless(sizes[1]!)],
    ] as const) {
      const { mean, played } = await train(policy);
      console.log(
        `cart-pole without velocities  ${way.padEnd(10)} ${kind.padEnd(10)} ${mean.toFixed(1)} of 500 over 100 episodes, after ${played}`,
      );
      policy.dispose();
    }
  }
}

/** How many evaluations CMA-ES needs for Rosenbrock's valley in 8 dimensions, down to 1e-9. */
export function rosenbrockValley(): void {
  const height = (x: Float64Array): number =>
    x.slice(1).reduce((total, value, i) => total + 100 * (value - x[i]! ** 2) ** 2 + (1 - x[i]!) ** 2, 0);
  const counts = [1, 2, 3, 4, 5].map((seed) => {
    const strategy = cmaES(new Float64Array(8).fill(-1), { seed });
    while (height(strategy.mean) > 1e-9 && strategy.generation < 3000)
      strategy.tell(strategy.ask().map((x) => -height(x)));
    return strategy.generation * strategy.populationSize;
  });
  console.log(`Rosenbrock’s valley, n = 8  CMA-ES: ${counts.join(', ')} evaluations with five seeds`);
}
