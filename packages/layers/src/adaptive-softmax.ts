import {
  add,
  ArgumentError,
  checkOptions,
  concat,
  crossEntropyRows,
  describe,
  gatherRows,
  is,
  logSoftmax,
  type OptionRules,
  reshape,
  ShapeError,
  slice,
  tensor,
  type Tensor,
  tidy,
  zeros,
} from '@timestep/core';
import { expectDType, isTensor, show } from '@timestep/core/extend';
import { expectFeatures } from './checks.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh } from './options.ts';
import { Sequential } from './sequential.ts';

/** Options of {@link AdaptiveSoftmax}. */
export interface AdaptiveSoftmaxOptions extends FusedLayerOptions {
  readonly inputSize: number;
  /** C: classes are 0 … C − 1, the most frequent first. */
  readonly classes: number;
  /** Where the clusters begin, in rising order, such as [2000, 6000]: classes below the first are in the head. */
  readonly cutoffs: readonly number[];
  /** Cluster i has inputSize/divValueⁱ features, i from 1; 4 by default. */
  readonly divValue?: number | undefined;
  /** Give the head a bias; false by default. */
  readonly headBias?: boolean | undefined;
}

const rules: OptionRules<AdaptiveSoftmaxOptions> = {
  ...fusedLayerRules,
  inputSize: is.size(),
  classes: is.size(2),
  cutoffs: is.arrayOf(is.size(), 'an array of whole numbers'),
  divValue: is.optional(is.number({ min: 1 })),
  headBias: is.optional(is.boolean),
};

/** Targets of this value have loss 0 and gradient 0, as in `crossEntropyRows`. */
const ignoreIndex = -100;

/**
 * The adaptive softmax for large vocabularies (Grave et al. 2017), as `torch.nn.AdaptiveLogSoftmaxWithLoss`. The head
 * scores the frequent classes and one entry for each cluster of rarer ones:
 * log p(class) = log p(cluster | x) + log p(class | cluster, x). A cluster is computed for the rows alone whose target
 * lies in it, with fewer features the rarer it is. Parameters: `head.weight`, optional `head.bias`, and
 * `tail.i.0.weight`, `tail.i.1.weight` for cluster i.
 *
 * @throws ArgumentError for an unknown option or a wrong value, such as cutoffs that do not rise
 * @example
 * ```ts
 * const softmax = new AdaptiveSoftmax({ backend, inputSize: 256, classes: 10000, cutoffs: [1000, 4000] });
 * const loss = mean(softmax.forward(hidden, targets)); // hidden: [T, N, 256], targets: i32 [T, N]
 * ```
 */
export class AdaptiveSoftmax extends Module {
  readonly inputSize: number;
  readonly classes: number;
  readonly cutoffs: readonly number[];
  readonly head: Linear;
  readonly tail: readonly Sequential[];

  override get typeName(): string {
    return 'AdaptiveSoftmax';
  }

  constructor(options: AdaptiveSoftmaxOptions) {
    super();
    checkOptions('AdaptiveSoftmax', options, rules);
    const { backend, inputSize, classes, fused, divValue = 4, headBias = false } = options;
    const generator = generatorOrFresh(options.generator);
    this.inputSize = inputSize;
    this.classes = classes;
    this.cutoffs = [...options.cutoffs];
    if (this.cutoffs.length === 0 || this.cutoffs.some((cutoff, k) => cutoff >= (this.cutoffs[k + 1] ?? classes)))
      throw new ArgumentError(
        `[AdaptiveSoftmax] expected cutoffs that rise and stay below classes ${classes}, got ${show(this.cutoffs)}`,
      );
    const shared = { backend, generator, fused };
    const headSize = this.cutoffs[0]! + this.cutoffs.length;
    this.head = new Linear({ ...shared, inputSize, outputSize: headSize, bias: headBias });
    this.tail = this.cutoffs.map((from, k) => {
      const size = Math.floor(inputSize / divValue ** (k + 1));
      if (size < 1)
        throw new ArgumentError(
          `[AdaptiveSoftmax] cluster ${k + 1} would have no features: inputSize ${inputSize} divided by ${divValue}^${k + 1}; use a smaller divValue or fewer cutoffs`,
        );
      return new Sequential(
        new Linear({ ...shared, inputSize, outputSize: size, bias: false }),
        new Linear({ ...shared, inputSize: size, outputSize: this.#end(k) - from, bias: false }),
      );
    });
  }

  /**
   * The negative log probability of each target.
   *
   * @param x f32 `[…, inputSize]`
   * @param targets `[…]`, each in 0…C − 1, or −100 for a row that does not count: an i32 tensor whose memory is the
   *   host's, or numbers in row-major order
   * @returns `[…]`; 0 for a target of −100
   * @throws ShapeError for another number of targets; ArgumentError for a target out of range, or for a tensor on a
   *   device that the host cannot read at once, such as a GPU
   */
  forward(x: Tensor, targets: Tensor | ArrayLike<number>): Tensor {
    expectFeatures('AdaptiveSoftmax', x, this.inputSize);
    const lead = x.shape.slice(0, -1);
    const labels = this.#labels(targets, lead);
    const { backend } = x;
    return tidy(backend, () => {
      const rows = reshape(x, [labels.length, this.inputSize]);
      const inHead = labels.map((label) =>
        label < this.cutoffs[0]! ? label : this.cutoffs[0]! + this.#cluster(label),
      );
      const losses = crossEntropyRows(this.head.forward(rows), tensor(backend, inHead), { ignoreIndex });
      // Each row finds its cluster's loss by its place; place 0 is the loss of those that have none.
      const places = new Int32Array(labels.length);
      const parts = [zeros(backend, [1])];
      let place = 1;
      for (const [k, from] of this.cutoffs.entries()) {
        const own = Int32Array.from(labels.keys()).filter((row) => this.#cluster(labels[row]!) === k);
        if (own.length === 0) continue;
        for (const row of own) places[row] = place++;
        const logits = this.tail[k]!.forward(gatherRows(rows, tensor(backend, own)));
        parts.push(
          crossEntropyRows(
            logits,
            tensor(
              backend,
              own.map((row) => labels[row]! - from),
            ),
          ),
        );
      }
      const inTail = gatherRows(reshape(concat(parts), [place, 1]), tensor(backend, places));
      return reshape(add(losses, reshape(inTail, [labels.length])), lead);
    });
  }

  /**
   * The log probabilities of all classes.
   *
   * @param x f32 `[…, inputSize]`
   * @returns `[…, C]`
   * @throws ShapeError where x has another size
   */
  logProbabilities(x: Tensor): Tensor {
    expectFeatures('AdaptiveSoftmax', x, this.inputSize);
    return tidy(x.backend, () => {
      const head = logSoftmax(this.head.forward(x));
      const first = this.cutoffs[0]!;
      const clusters = this.tail.map((part, k) =>
        add(logSoftmax(part.forward(x)), slice(head, -1, first + k, first + k + 1)),
      );
      return concat([slice(head, -1, 0, first), ...clusters], -1);
    });
  }

  /** The class after the last one of a cluster. */
  #end(cluster: number): number {
    return this.cutoffs[cluster + 1] ?? this.classes;
  }

  /** The cluster of a class, from 0; −1 for one of the head, or none. */
  #cluster(label: number): number {
    return this.cutoffs.findLastIndex((cutoff) => label >= cutoff);
  }

  #labels(targets: Tensor | ArrayLike<number>, lead: readonly number[]): Int32Array {
    const count = lead.reduce((a, b) => a * b, 1);
    const labels = hostNumbers(targets);
    if (labels.length !== count)
      throw new ShapeError(
        `[AdaptiveSoftmax] expected ${count} targets, one for each row of x ${show([...lead, this.inputSize])}, got ${labels.length}`,
      );
    const wrong = Array.prototype.findIndex.call(
      labels,
      (label: unknown) =>
        label !== ignoreIndex && !(Number.isInteger(label) && Number(label) >= 0 && Number(label) < this.classes),
    );
    if (wrong >= 0)
      throw new ArgumentError(
        `[AdaptiveSoftmax] target ${wrong} is ${describe(labels[wrong])}, expected 0…${this.classes - 1} or ${ignoreIndex} for a row that does not count`,
      );
    return Int32Array.from(labels);
  }
}

function hostNumbers(targets: Tensor | ArrayLike<number>): ArrayLike<number> {
  if (isTensor(targets)) {
    expectDType('AdaptiveSoftmax', 'targets', targets, ['i32']);
    const view = targets.backend.hostView?.(targets.buffer);
    if (view) return view;
    throw new ArgumentError(
      `[AdaptiveSoftmax] targets decide which clusters are computed, and backend '${targets.backend.name}' keeps them where the host cannot read them at once; pass the numbers, such as an Int32Array`,
    );
  }
  if (Array.isArray(targets) || (ArrayBuffer.isView(targets) && !(targets instanceof DataView))) return targets;
  throw new ArgumentError(`[AdaptiveSoftmax] expected targets as an i32 tensor or an array, got ${describe(targets)}`);
}
