import {
  add,
  checkOptions,
  concat,
  full,
  gather,
  gatherRows,
  type Initializer,
  is,
  type OptionRules,
  reshape,
  select,
  ShapeError,
  slice,
  subtract,
  sum,
  tensor,
  type Tensor,
  tidy,
  transpose,
  uniform,
  unstack,
  zeros,
} from '@timestep/core';
import { checkLengths, hidePadding, show } from '@timestep/core/extend';
import { expectDType, expectSequence } from '../checks.ts';
import { type LengthsOption, stepMask } from '../lengths.ts';
import { Module } from '../module.ts';
import { generatorOrFresh, initializerRule, type LayerOptions, layerRules, lengthsRules } from '../options.ts';
import { Parameter } from '../parameter.ts';
import { someSteps } from '../pooling/over-steps.ts';
import { logSumExp } from './log-sum-exp.ts';
import { bestPath, type TagPath } from './viterbi.ts';

/** Options of {@link CRF}. */
export interface CRFOptions extends LayerOptions {
  /** K: tags are 0 … K − 1 */
  readonly tags: number;
  /** Draws all three parameters; uniform ±0.1 by default. */
  readonly initializer?: Initializer | undefined;
}

const rules: OptionRules<CRFOptions> = { ...layerRules, tags: is.size(), initializer: initializerRule };

/**
 * A linear-chain conditional random field (Lafferty, McCallum and Pereira 2001) over the scores of a network, for
 * tagging: p(y | x) = e^s(x, y)/Σ e^s(x, y') with
 * s(x, y) = start[y₀] + Σ emissions[t, yₜ] + Σ transitions[yₜ₋₁, yₜ] + end[y_last]. Parameters:
 * `transitions [K, K]` (row: from, column: to), `start_transitions [K]` and `end_transitions [K]`.
 *
 * A transition of −∞ or −1e4 forbids a pair of tags.
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const crf = new CRF({ backend, tags: 5 });
 * const losses = crf.forward(emissions, tags, { lengths }); // [T, N, 5], i32 [T, N] → [N]
 * const paths = await crf.decode(emissions, { lengths }); // [{ tags: [0, 3, …], score: 12.7 }, …]
 * ```
 */
export class CRF extends Module {
  readonly tags: number;
  transitions: Parameter;
  start_transitions: Parameter;
  end_transitions: Parameter;

  override get typeName(): string {
    return 'CRF';
  }

  constructor(options: CRFOptions) {
    super();
    checkOptions('CRF', options, rules);
    const { backend, tags, initializer = uniform(-0.1, 0.1) } = options;
    this.tags = tags;
    const generator = generatorOrFresh(options.generator);
    const draw = (...shape: number[]) => Parameter.draw(backend, shape, initializer, generator);
    this.transitions = draw(tags, tags);
    this.start_transitions = draw(tags);
    this.end_transitions = draw(tags);
  }

  /**
   * The negative log likelihood of each sequence: log Σ e^s(x, y') − s(x, y); 0 for a sequence of no steps.
   *
   * @param emissions f32 `[T, N, K]`, the score of each tag at each step
   * @param tags i32 `[T, N]`, each in 0…K − 1; any value after a length
   * @returns `[N]`
   * @throws ShapeError where the shapes do not fit; ArgumentError for a tag out of range or wrong lengths
   */
  forward(emissions: Tensor, tags: Tensor, options: LengthsOption = {}): Tensor {
    const lengths = this.#check(emissions, options);
    expectDType('CRF', tags, 'i32', 'tags');
    const [steps, batch] = emissions.shape as [number, number, number];
    if (show(tags.shape) !== show([steps, batch]))
      throw new ShapeError(`[CRF] expected tags of shape ${show([steps, batch])}, got ${show(tags.shape)}`);
    const { backend } = emissions;
    return tidy(backend, () => {
      const none = full(backend, [], 0);
      // Two steps at least, so that every parameter gets a gradient, 0 where none counts.
      const missing = Math.max(0, 2 - steps);
      const padded = (x: Tensor): Tensor =>
        hidePadding(
          missing > 0 ? concat([x, zeros(backend, [missing, ...x.shape.slice(1)], { dtype: x.dtype })]) : x,
          lengths,
        );
      const [scores, path] = [padded(emissions), padded(tags)];
      const likelihood = subtract(this.#logPartition(scores, lengths), this.#score(scores, path, lengths));
      return select(reshape(someSteps(backend, lengths), [batch]), likelihood, none);
    });
  }

  /**
   * The path of the highest score for each sequence, by the Viterbi algorithm on the host.
   *
   * @param emissions f32 `[T, N, K]`
   * @returns for each sequence its tags, one for each valid step, and their score
   * @throws ShapeError where the shapes do not fit; ArgumentError for wrong lengths
   */
  async decode(emissions: Tensor, options: LengthsOption = {}): Promise<TagPath[]> {
    const lengths = this.#check(emissions, options);
    const parameters = [this.transitions, this.start_transitions, this.end_transitions];
    const read = await emissions.backend.readMany([emissions, ...parameters].map(({ buffer }) => buffer));
    const [scores, transitions, start, end] = read as [Float32Array, Float32Array, Float32Array, Float32Array];
    const [batch, count] = [lengths.length, this.tags];
    return Array.from(lengths, (length, n) =>
      bestPath(length, (t, tag) => scores[(t * batch + n) * count + tag]!, { transitions, start, end }),
    );
  }

  #check(emissions: Tensor, options: LengthsOption): Int32Array {
    expectSequence('CRF', emissions, this.tags);
    checkOptions('CRF', options, lengthsRules);
    const [steps, batch] = emissions.shape as [number, number];
    return checkLengths('CRF', options.lengths, steps, batch) ?? new Int32Array(batch).fill(steps);
  }

  /** log Σ e^s over all paths, `[N]`: the forward algorithm in the log domain. */
  #logPartition(emissions: Tensor, lengths: Int32Array): Tensor {
    const { backend } = emissions;
    const [steps, batch, count] = emissions.shape as [number, number, number];
    const shortest = lengths.reduce((a, b) => Math.min(a, b), steps);
    // To the row's tag, from the column's: the sum over the tags before runs along the last axis.
    const into = transpose(this.transitions);
    const masks = shortest < steps ? unstack(stepMask(backend, lengths, steps)) : [];
    const [first, ...rest] = unstack(emissions);
    let alpha = add(first!, this.start_transitions);
    for (const [k, emission] of rest.entries()) {
      const t = k + 1;
      const next = add(logSumExp(add(reshape(alpha, [batch, 1, count]), into)), emission);
      alpha = t < shortest ? next : select(masks[t]!, next, alpha);
    }
    return logSumExp(add(alpha, this.end_transitions));
  }

  /** s(x, y), `[N]` */
  #score(emissions: Tensor, path: Tensor, lengths: Int32Array): Tensor {
    const { backend } = emissions;
    const [steps, batch, count] = emissions.shape as [number, number, number];
    const index = reshape(path, [steps, batch, 1]);
    const picked = gather(emissions, index);
    const own = sum(hidePadding(picked, lengths), [0, 2]);
    const rowOf = (parameter: Parameter, at: Tensor): Tensor =>
      reshape(gatherRows(reshape(parameter, [count, 1]), at), [batch]);
    const places = Int32Array.from(lengths, (length, n) => Math.max(0, length - 1) * batch + n);
    const last = reshape(gatherRows(reshape(path, [steps * batch, 1]), tensor(backend, places)), [batch]);
    const first = reshape(slice(path, 0, 0, 1), [batch]);
    const ends = add(rowOf(this.start_transitions, first), rowOf(this.end_transitions, last));
    const pairs = gather(gatherRows(this.transitions, slice(path, 0, 0, steps - 1)), slice(index, 0, 1));
    // The pair at place t is the step into t + 1, so that it counts where that step does.
    const between = hidePadding(
      pairs,
      Int32Array.from(lengths, (length) => Math.max(0, length - 1)),
    );
    return add(own, add(ends, sum(between, [0, 2])));
  }
}
