import {
  affine,
  checkOptions,
  is,
  multiply,
  sum,
  tensor,
  tidy,
  type Generator,
  type OptionRules,
  type Tensor,
} from '@timestep/core';
import type { DataSource } from '../data/data-source.ts';
import { generatedData } from '../data/generated-data.ts';
import { crossEntropyLoss } from '../losses/cross-entropy.ts';
import { mseLoss } from '../losses/regression.ts';
import { checkActions, checkPlay, checkPolicy } from './check-play.ts';
import type { PolicyEnvironment } from './policy-environment.ts';
import type { Policy } from './policy.ts';
import { rollOut, type Episodes } from './roll-out.ts';

/** Episodes with what each action turned out to be worth. */
export interface EpisodeBatch {
  readonly episodes: Episodes;
  /** `[T, N]`; 0 past an episode's end. */
  readonly advantages: Float32Array;
  readonly actions: PolicyEnvironment['actions'];
  /** Of sampled continuous actions. */
  readonly deviation: number;
}

/** Options of {@link episodeData}. */
export interface EpisodeDataOptions {
  readonly seed: number;
  /** γ, by which a reward counts less with every step that it lies ahead; 0.99 by default. */
  readonly discount?: number | undefined;
  /** Of sampled continuous actions; 0.5 by default. */
  readonly deviation?: number | undefined;
  /** Told the mean return of every batch. */
  readonly onReturn?: ((mean: number) => void) | undefined;
}

const batchRules: OptionRules<EpisodeBatch> = {
  episodes: is.like('episodes of rollOut', 'shape', 'observations', 'actions', 'rewards', 'lengths', 'returns'),
  advantages: is.instanceOf(Float32Array),
  actions: is.object,
  deviation: is.number({ above: 0 }),
};

const rules: OptionRules<EpisodeDataOptions> = {
  seed: is.size(0),
  discount: is.optional(is.number({ min: 0, max: 1 })),
  deviation: is.optional(is.number({ above: 0 })),
  onReturn: is.optional(is.function),
};

/**
 * Batches for REINFORCE: each time, the policy as it is plays one episode in each environment. The advantage of a step
 * is its discounted return-to-go minus the mean of all episodes at that step (those that are over count as 0), divided
 * by the deviation of all of them.
 *
 * @example
 * ```ts
 * const trainer = new Trainer({
 *   model: policy, loss: reinforceLoss, optimizer: new Adam(policy.namedParameters(), { learningRate: 0.01 }),
 *   data: episodeData(policy, Array.from({ length: 32 }, () => cartPole({ velocities: false })), { seed: 1 }),
 * });
 * ```
 */
export function episodeData(
  policy: Policy,
  environments: readonly PolicyEnvironment[],
  options: EpisodeDataOptions,
): DataSource<EpisodeBatch> {
  checkPlay('episodeData', policy, environments);
  checkOptions('episodeData', options, rules);
  const { seed, discount = 0.99, deviation = 0.5 } = options;
  const play = async (_: number, random: Generator): Promise<EpisodeBatch> => {
    const episodes = await rollOut(policy, environments, { random, choose: 'sample', deviation });
    options.onReturn?.(episodes.returns.reduce((total, one) => total + one, 0) / episodes.returns.length);
    return { episodes, advantages: advantagesOf(episodes, discount), actions: environments[0]!.actions, deviation };
  };
  // A batch depends on the policy as it is, so the run's first one cannot be made again.
  const fingerprint = () => ({ seed, discount, deviation, environments: environments.length });
  return { ...generatedData(play, { seed }), fingerprint };
}

function advantagesOf({ shape: [steps, count], rewards, lengths }: Episodes, discount: number): Float32Array {
  const ahead = new Float64Array(steps * count);
  for (let t = steps - 1; t >= 0; t--) {
    for (let n = 0; n < count; n++)
      ahead[t * count + n] = rewards[t * count + n]! + (t + 1 < steps ? discount * ahead[(t + 1) * count + n]! : 0);
  }
  const advantages = new Float32Array(steps * count);
  let squares = 0;
  for (let t = 0; t < steps; t++) {
    const row = ahead.subarray(t * count, (t + 1) * count);
    const mean = row.reduce((total, one) => total + one / count, 0);
    for (let n = 0; n < count; n++) {
      if (t >= lengths[n]!) continue;
      advantages[t * count + n] = row[n]! - mean;
      squares += (row[n]! - mean) ** 2;
    }
  }
  const deviation = Math.sqrt(squares / lengths.reduce((total, one) => total + one, 0));
  return advantages.map((one) => one / (deviation + 1e-8));
}

/**
 * The loss of REINFORCE (Williams 1992): the mean over all steps of −A·ln π(action), whose gradient is the
 * policy gradient's estimate. Gradients flow through the policy's memory, over whole episodes.
 *
 * @example
 * ```ts
 * const trainer = new Trainer({ model: policy, loss: reinforceLoss, optimizer, data: episodeData(policy, environments, { seed: 1 }) });
 * ```
 */
export function reinforceLoss(policy: Policy, batch: EpisodeBatch): Tensor {
  checkPolicy('reinforceLoss', policy);
  checkOptions('reinforceLoss', batch, batchRules);
  const { episodes, advantages, actions, deviation } = batch;
  checkActions('reinforceLoss', 'actions', actions);
  const { shape, lengths } = episodes;
  const [steps, count] = shape;
  const { backend } = policy.parameters()[0]!;
  const perStep = 1 / lengths.reduce((total, one) => total + one, 0);
  return tidy(backend, () => {
    const output = policy.forward(tensor(backend, episodes.observations, { shape: [...shape] }), lengths);
    const weights = tensor(backend, advantages, { shape: [steps, count] });
    if (actions.kind === 'discrete') {
      const surprise = crossEntropyLoss(
        output,
        tensor(backend, Int32Array.from(episodes.actions), { shape: [steps, count] }),
        { reduction: 'none' },
      );
      return affine(sum(multiply(surprise, weights)), perStep);
    }
    const squares = mseLoss(output, tensor(backend, episodes.actions, { shape: [steps, count, actions.size] }), {
      reduction: 'none',
    });
    return affine(sum(multiply(sum(squares, 2), weights)), perStep / (2 * deviation * deviation));
  });
}
