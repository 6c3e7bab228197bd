import {
  checkOptions,
  createScope,
  is,
  ShapeError,
  tensor,
  type Backend,
  type Generator,
  type HostArray,
  type OptionRules,
  type State,
} from '@timestep/core';
import { show, unowned } from '@timestep/core/extend';
import { disposeState } from '../dispose-state.ts';
import { checkPlay } from './check-play.ts';
import type { PolicyEnvironment } from './policy-environment.ts';
import type { Policy } from './policy.ts';

/** Options of {@link rollOut}. */
export interface RollOutOptions {
  /** What episodes begin with, and what sampled actions are drawn from. */
  readonly random: Generator;
  /**
   * `best`: the likeliest action or the mean. `sample`: by the softmax of the logits, or normal around the mean. `best`
   * by default.
   */
  readonly choose?: 'best' | 'sample' | undefined;
  /** Of sampled continuous actions; 0.5 by default. */
  readonly deviation?: number | undefined;
}

const rules: OptionRules<RollOutOptions> = {
  random: is.like('a Generator', 'uniform', 'fork'),
  choose: is.optional(is.oneOf('best', 'sample')),
  deviation: is.optional(is.number({ above: 0 })),
};

/** Episodes side by side, time first; 0 past an episode's end. */
export interface Episodes {
  /** T of the longest, N, D */
  readonly shape: readonly [steps: number, episodes: number, features: number];
  /** `[T, N, D]`: what was seen before each action. */
  readonly observations: Float32Array;
  /**
   * `[T, N, A]`: the index of a discrete action (A = 1), or the numbers drawn, before they were clipped to their range.
   */
  readonly actions: Float32Array;
  /** `[T, N]` */
  readonly rewards: Float32Array;
  /** `[N]` */
  readonly lengths: Int32Array;
  /** `[N]`: the sum of each episode's rewards. */
  readonly returns: Float64Array;
}

/**
 * Lets a policy act in several environments at once, each a row of its batch, until every episode is over. No gradient
 * is recorded.
 *
 * @throws ShapeError where the policy's outputs are not one for each action; ArgumentError for anything but a policy and
 *   environments
 * @example
 * ```ts
 * const { returns } = await rollOut(policy, Array.from({ length: 100 }, () => cartPole({ velocities: false })), {
 * random: new Generator(1) });
 * ```
 */
export async function rollOut(
  policy: Policy,
  environments: readonly PolicyEnvironment[],
  options: RollOutOptions,
): Promise<Episodes> {
  checkOptions('rollOut', options, rules);
  checkPlay('rollOut', policy, environments);
  const first = environments[0]!;
  const { random, choose = 'best', deviation = 0.5 } = options;
  const count = environments.length;
  const features = first.observationSize;
  const width = first.actions.kind === 'discrete' ? 1 : first.actions.size;
  const { backend } = policy.parameters()[0]!;
  const observations: Float32Array[] = [];
  const actions: Float32Array[] = [];
  const rewards: Float32Array[] = [];
  const lengths = new Int32Array(count);
  const running = new Set(environments.keys());
  let current = new Float32Array(count * features);
  environments.forEach((environment, row) =>
    current.set(environment.reset(random.fork(`episode ${row}`)), row * features),
  );
  let state: State | null = null;
  try {
    while (running.size > 0) {
      const decision = await decide(backend, policy, current, [count, features], state);
      state = decision.state;
      const taken = new Float32Array(count * width);
      const earned = new Float32Array(count);
      const next = new Float32Array(count * features);
      const outputs = decision.output.length / count;
      for (const row of running) {
        const action = chooseAction(first, decision.output.subarray(row * outputs, (row + 1) * outputs), {
          random,
          choose,
          deviation,
        });
        taken.set(action, row * width);
        const { observation, reward, done } = environments[row]!.step(clipped(first, action));
        earned[row] = reward;
        lengths[row]!++;
        if (done) running.delete(row);
        else next.set(observation, row * features);
      }
      observations.push(current);
      actions.push(taken);
      rewards.push(earned);
      current = next;
    }
  } finally {
    disposeState(state);
  }
  const returns = Float64Array.from({ length: count }, (_, row) =>
    rewards.reduce((sum, earned) => sum + earned[row]!, 0),
  );
  return {
    shape: [observations.length, count, features],
    observations: joined(observations),
    actions: joined(actions),
    rewards: joined(rewards),
    lengths,
    returns,
  };
}

/** One step of the policy; the state before is disposed, the one after is the caller's. */
async function decide(
  backend: Backend,
  policy: Policy,
  observation: Float32Array,
  shape: readonly [number, number],
  state: State | null,
): Promise<{ readonly output: HostArray; readonly state: State | null }> {
  using scope = createScope(backend, { gradient: false });
  const result = scope.run(() => policy.step(tensor(backend, observation, { shape }), state));
  if (result.output.rank !== 2 || result.output.shape[0] !== shape[0])
    throw new ShapeError(`[rollOut] expected an output of shape [${shape[0]}, A], got ${show(result.output.shape)}`);
  for (const part of Object.values(result.state ?? {})) unowned(part);
  if (state !== result.state) disposeState(state);
  return { output: await result.output.data(), state: result.state };
}

function chooseAction(
  { actions }: PolicyEnvironment,
  output: HostArray,
  {
    random,
    choose,
    deviation,
  }: { readonly random: Generator; readonly choose: 'best' | 'sample'; readonly deviation: number },
): Float32Array {
  const expected = actions.kind === 'discrete' ? actions.count : actions.size;
  if (output.length !== expected)
    throw new ShapeError(
      `[rollOut] expected ${expected} outputs of the policy, one for each action, got ${output.length}; give its head outputSize: ${expected}`,
    );
  if (actions.kind === 'continuous')
    return Float32Array.from(output, (mean) => (choose === 'best' ? mean : random.normal(mean, deviation)));
  let best = 0;
  for (let index = 1; index < output.length; index++) if (output[index]! > output[best]!) best = index;
  if (choose === 'best') return Float32Array.of(best);
  const odds = Float64Array.from(output, (logit) => Math.exp(logit - output[best]!));
  let left = random.uniform() * odds.reduce((sum, one) => sum + one, 0);
  const drawn = odds.findIndex((one) => (left -= one) < 0);
  return Float32Array.of(drawn < 0 ? best : drawn);
}

function clipped({ actions }: PolicyEnvironment, action: Float32Array): Float32Array {
  return actions.kind === 'discrete'
    ? action
    : action.map((value) => Math.min(actions.high, Math.max(actions.low, value)));
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.length * (parts[0]?.length ?? 0));
  parts.forEach((part, index) => out.set(part, index * part.length));
  return out;
}
