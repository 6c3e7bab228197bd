import {
  add,
  type Backend,
  checkOptions,
  checkValue,
  createScope,
  type Generator,
  is,
  type OptionRules,
  reshape,
  ShapeError,
  tanh,
  tensor,
  type Tensor,
  tidy,
  transpose,
} from '@timestep/core';
import { hidePadding } from '@timestep/core/extend';
import { Embedding, Linear, LSTM, Module } from '@timestep/layers';
import { checkBlank, logSoftmaxRow } from '../emissions.ts';
import { labelsRule } from '../loss.ts';
import type { TransducerSteps } from './decode.ts';
import { transducerLoss, type TransducerLossOptions } from './loss.ts';

/** Options of `Transducer`. */
export interface TransducerOptions {
  readonly backend: Backend;
  /** E, the number of features in the encoder's output */
  readonly encoderSize: number;
  /** C, the number of classes, including the blank */
  readonly classes: number;
  /** H, the hidden size of the prediction network's LSTM, 128 by default */
  readonly predictionSize?: number | undefined;
  /** The size of a label's embedding, 64 by default */
  readonly embeddingSize?: number | undefined;
  /** J, the hidden size of the joint network, 128 by default */
  readonly jointSize?: number | undefined;
  /** Index of the blank class, 0 by default */
  readonly blank?: number | undefined;
  readonly generator?: Generator | undefined;
}

const rules: OptionRules<TransducerOptions> = {
  backend: is.like('a backend, such as await createCpuBackend()', 'specVersion', 'alloc'),
  encoderSize: is.size(),
  classes: is.size(),
  predictionSize: is.optional(is.size()),
  embeddingSize: is.optional(is.size()),
  jointSize: is.optional(is.size()),
  blank: is.optional(is.integer()),
  generator: is.optional(is.like('a Generator, such as new Generator(seed)', 'uniform', 'permutation')),
};

/** The state of the prediction network: `h` and `c` of its LSTM, and its share of the joint network's input. */
export interface PredictionState {
  readonly h: Float32Array;
  readonly c: Float32Array;
  readonly joined: Float32Array;
}

const predictionRule = is.like('a state that start or extend returned (await it)', 'h', 'c', 'joined');

/**
 * The prediction network and the joint network of a transducer (Graves 2012). The encoder is separate. The prediction
 * network is an LSTM over the labels so far; the joint network is
 *
 * logits = W·tanh(A·encoded + B·predicted) + b
 *
 * @throws ArgumentError if an option is invalid; `INVALID_BLANK`
 * @example
 * ```ts
 * const transducer = new Transducer({ backend, encoderSize: 32, classes: 10 });
 * const encoded = randn(backend, [50, 1, 32]); // the encoder's output, [T, N, E]
 * transducer.loss(encoded, [[3, 1, 4]]).backward();
 * const results = await transducerBeamDecode(await transducer.steps(encoded));
 * ```
 */
export class Transducer extends Module {
  readonly embedding: Embedding;
  readonly prediction: LSTM;
  readonly encoderJoint: Linear;
  readonly predictionJoint: Linear;
  readonly output: Linear;
  readonly #classes: number;
  readonly #blank: number;

  override get typeName(): string {
    return 'Transducer';
  }

  constructor(options: TransducerOptions) {
    super();
    checkOptions('Transducer', options, rules);
    const {
      backend,
      encoderSize,
      classes,
      predictionSize = 128,
      embeddingSize = 64,
      jointSize = 128,
      blank = 0,
      generator,
    } = options;
    checkBlank('Transducer', blank, classes);
    this.#classes = classes;
    this.#blank = blank;
    // The embedding of the blank represents the beginning.
    this.embedding = new Embedding({ backend, numEmbeddings: classes, embeddingSize, generator });
    this.prediction = new LSTM({ backend, inputSize: embeddingSize, hiddenSize: predictionSize, generator });
    this.encoderJoint = new Linear({ backend, inputSize: encoderSize, outputSize: jointSize, generator });
    this.predictionJoint = new Linear({
      backend,
      inputSize: predictionSize,
      outputSize: jointSize,
      bias: false,
      generator,
    });
    this.output = new Linear({ backend, inputSize: jointSize, outputSize: classes, generator });
  }

  /** The backend of the parameters; `to` may have moved them. */
  get #backend(): Backend {
    return this.output.weight.backend;
  }

  /**
   * Computes the logits of every point of the lattice.
   *
   * @param encoded f32 `[T, N, E]`: the encoder's output
   * @param targets the labels of each of the N sequences, without blanks
   * @returns f32 `[T, N, U + 1, C]`, where U is the length of the longest target
   * @throws ShapeError if `encoded` does not have three axes
   */
  forward(encoded: Tensor, targets: readonly ArrayLike<number>[]): Tensor {
    checkEncoded('Transducer', encoded, targets);
    const [T, N] = encoded.shape as [number, number];
    const U1 = 1 + Math.max(0, ...targets.map(({ length }) => length));
    return tidy(this.#backend, () => {
      const labels = Int32Array.from({ length: U1 * N }, (_, k) => {
        const u = Math.floor(k / N);
        return u === 0 ? this.#blank : (targets[k % N]?.[u - 1] ?? this.#blank);
      });
      const { output } = this.prediction.forward(
        this.embedding.forward(tensor(this.#backend, labels, { shape: [U1, N] })),
      );
      const predicted = transpose(this.predictionJoint.forward(output), [1, 0, 2]);
      const joined = add(
        reshape(this.encoderJoint.forward(encoded), [T, N, 1, this.output.inputSize]),
        reshape(predicted, [1, N, U1, this.output.inputSize]),
      );
      return this.output.forward(tanh(joined));
    });
  }

  /**
   * Computes the transducer loss of a batch; see `transducerLoss`.
   *
   * @param encoded f32 `[T, N, E]`: the encoder's output
   * @param targets the labels of each of the N sequences, without blanks
   * @param inputLengths `[N]`: the number of frames of each sequence; T by default
   * @param reduction `mean` (default), `sum` or `none`
   * @returns a scalar, or `[N]` for the reduction `none`
   * @throws ShapeError, ArgumentError as `transducerLoss`
   */
  loss(
    encoded: Tensor,
    targets: readonly ArrayLike<number>[],
    inputLengths?: ArrayLike<number> | null,
    reduction?: TransducerLossOptions['reduction'],
  ): Tensor {
    checkEncoded('Transducer.loss', encoded, targets);
    return tidy(this.#backend, () =>
      // Hide the padding first: the joint network multiplies all frames, also those past a length.
      transducerLoss(this.forward(hidePadding(encoded, inputLengths ?? null), targets), {
        targets,
        inputLengths,
        blank: this.#blank,
        reduction,
      }),
    );
  }

  /**
   * Prepares one utterance for the decoders. The joint network runs on the host: a point of the lattice is one small
   * product, and reading each back from a device would take longer.
   *
   * @param encoded f32 `[T, 1, E]`: the encoder's output
   * @returns the argument of `transducerGreedyDecode` and `transducerBeamDecode`
   * @throws ShapeError if `encoded` holds more than one utterance
   */
  async steps(encoded: Tensor): Promise<TransducerSteps<PredictionState>> {
    checkEncoded('Transducer.steps', encoded, []);
    const [frames, batch] = encoded.shape as [number, number];
    if (encoded.rank !== 3 || batch !== 1)
      throw new ShapeError(
        `[Transducer.steps] expected one utterance, encoded as [T, 1, E], got [${encoded.shape.join(', ')}]; slice the batch`,
      );
    const J = this.output.inputSize;
    const C = this.#classes;
    using scope = createScope(this.#backend, { gradient: false });
    const [joined, weight, bias] = await Promise.all([
      scope.run(() => this.encoderJoint.forward(encoded)).data(),
      this.output.weight.data(),
      this.output.bias!.data(),
    ]);
    const sums = new Float64Array(J);
    const logits = new Float64Array(C);
    return {
      frames,
      blank: this.#blank,
      start: () => this.#step(this.#blank, null),
      extend: (state, token) => this.#step(token, state),
      logProbabilities: (t, state) => {
        checkValue('Transducer.steps', 'state', state, predictionRule);
        for (let j = 0; j < J; j++) sums[j] = Math.tanh(joined[t * J + j]! + state.joined[j]!);
        for (let c = 0; c < C; c++) {
          let total = bias[c]!;
          for (let j = 0; j < J; j++) total += weight[c * J + j]! * sums[j]!;
          logits[c] = total;
        }
        const out = new Float32Array(C);
        logSoftmaxRow(logits, 0, out, 0, C);
        return out;
      },
    };
  }

  async #step(token: number, state: PredictionState | null): Promise<PredictionState> {
    const backend = this.#backend;
    using scope = createScope(backend, { gradient: false });
    const H = this.prediction.hiddenSize;
    const [h, c, joined] = scope.run(() => {
      const restored = state
        ? { h: tensor(backend, state.h, { shape: [1, 1, H] }), c: tensor(backend, state.c, { shape: [1, 1, H] }) }
        : null;
      const x = this.embedding.forward(tensor(backend, Int32Array.of(token), { shape: [1, 1] }));
      const result = this.prediction.forward(x, { state: restored });
      return [result.state.h, result.state.c, this.predictionJoint.forward(result.output)];
    });
    const [hData, cData, joinedData] = await Promise.all([h.data(), c.data(), joined.data()]);
    return { h: Float32Array.from(hData), c: Float32Array.from(cData), joined: Float32Array.from(joinedData) };
  }
}

function checkEncoded(where: string, encoded: Tensor, targets: readonly ArrayLike<number>[]): void {
  const rule = is.like('a tensor (of a layer that returns { output }, its .output)', 'shape', 'dtype', 'buffer');
  checkValue(where, 'encoded', encoded, rule);
  checkValue(where, 'targets', targets, is.arrayOf(labelsRule, 'an array of the labels of each sequence'));
  if (encoded.rank !== 3)
    throw new ShapeError(`[${where}] expected encoded of shape [T, N, E], got [${encoded.shape.join(', ')}]`);
}
