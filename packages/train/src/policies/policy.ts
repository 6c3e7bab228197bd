import { ArgumentError, checkValue, is, reshape, ShapeError, tidy, type State, type Tensor } from '@timestep/core';
import { show } from '@timestep/core/extend';
import { Module, type Lengths, type Linear, type Recurrent } from '@timestep/layers';

/** The answer of a policy to an observation. */
export interface Decision {
  /** `[N, A]`: logits of the discrete actions, or the means of the continuous ones. */
  readonly output: Tensor;
  /** The state to pass to the next step; null for a policy without memory. */
  readonly state: State | null;
}

/**
 * The base class of policies. A policy acts step by step in an episode, and learns from whole episodes.
 *
 * @example
 * ```ts
 * const policy: Policy = new RecurrentPolicy(gru, head);
 * const { output, state } = policy.step(observation, null); // observation: [N, D], output: [N, A]
 * ```
 */
export abstract class Policy extends Module {
  /** @param observation `[N, D]`, one row for each episode */
  abstract step(observation: Tensor, state: State | null): Decision;

  /**
   * @param observations `[T, N, D]`
   * @returns `[T, N, A]`
   */
  abstract forward(observations: Tensor, lengths: Lengths): Tensor;
}

/**
 * A policy with memory: a recurrent layer with a linear head.
 *
 * @example
 * ```ts
 * const policy = new RecurrentPolicy(
 *   new GRU({ backend, inputSize: 4, hiddenSize: 16 }),
 *   new Linear({ backend, inputSize: 16, outputSize: 2 }),
 * );
 * ```
 */
export class RecurrentPolicy<S extends State> extends Policy {
  readonly layer: Recurrent<S>;
  readonly head: Linear;

  /**
   * @param layer the recurrent layer, not bidirectional: its step would need the future
   * @param head maps the layer's output to the A outputs of the policy
   * @throws ArgumentError for anything else, ShapeError where the head does not take the layer's output
   */
  constructor(layer: Recurrent<S>, head: Linear) {
    super();
    checkValue('RecurrentPolicy', 'layer', layer, is.like('a recurrent layer', 'step', 'cells', 'outputSize'));
    checkValue('RecurrentPolicy', 'head', head, is.like('a Linear', 'forward', 'inputSize', 'outputSize'));
    if (layer.outputSize !== head.inputSize)
      throw new ShapeError(
        `[RecurrentPolicy] expected a head with inputSize ${layer.outputSize}, the layer's output, got ${head.inputSize}`,
      );
    if (layer.bidirectional)
      throw new ArgumentError(
        '[RecurrentPolicy] expected a layer in one direction, got a bidirectional one, which needs future steps; build it with bidirectional: false',
      );
    this.layer = layer;
    this.head = head;
  }

  override step(observation: Tensor, state: State | null): Decision {
    // The state is what this method returned for the step before.
    const result = this.layer.step(observation, state as S | null);
    return { output: this.head.forward(result.output), state: result.state };
  }

  override forward(observations: Tensor, lengths: Lengths): Tensor {
    return tidy(observations.backend, () => this.head.forward(this.layer.forward(observations, { lengths }).output));
  }
}

/**
 * A policy without memory: any module with `forward`, such as a Sequential, applied to single observations.
 *
 * @throws ArgumentError for anything but a module, ShapeError for observations of another rank
 * @example
 * ```ts
 * const policy = new MemorylessPolicy(new Linear({ backend, inputSize: 4, outputSize: 2 }));
 * ```
 */
export class MemorylessPolicy extends Policy {
  readonly network: Module & { forward(x: Tensor): Tensor };

  /**
   * @param network maps observations `[N, D]` to outputs `[N, A]`
   * @throws ArgumentError for anything but a module with `forward`
   */
  constructor(network: Module & { forward(x: Tensor): Tensor }) {
    super();
    checkValue('MemorylessPolicy', 'network', network, is.like('a module with forward(x)', 'forward', 'parameters'));
    this.network = network;
  }

  override step(observation: Tensor): Decision {
    return { output: this.network.forward(observation), state: null };
  }

  override forward(observations: Tensor): Tensor {
    if (observations.rank !== 3)
      throw new ShapeError(
        `[MemorylessPolicy] expected observations of shape [T, N, D], got ${show(observations.shape)}`,
      );
    const [steps, batch, features] = observations.shape as [number, number, number];
    return tidy(observations.backend, () => {
      const output = this.network.forward(reshape(observations, [steps * batch, features]));
      return reshape(output, [steps, batch, output.shape[1]!]);
    });
  }
}
