import { createScope, crossEntropyRows, inScope, mean, softmax, tensor, zeros, type Tensor } from '@timestep/core';
import { adamStep, unowned } from '@timestep/core/extend';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import type { LayerOptions } from '../options.ts';
import type { Parameter } from '../parameter.ts';
import { LSTM } from '../recurrent/lstm.ts';
import { mapState } from '../recurrent/cell.ts';
import type { LSTMState } from '../recurrent/lstm-cell.ts';

export interface CompressorLevelOptions extends LayerOptions {
  /** S, how many different symbols there are */
  readonly symbols: number;
  /** H of the level's LSTM */
  readonly hiddenSize: number;
  /** The learning rate of Adam */
  readonly learningRate: number;
  /** A symbol counts as predicted if its probability was above this. */
  readonly threshold: number;
  /** The number of recent inputs that a level learns from */
  readonly window: number;
}

/** The report of one level about one symbol. */
export interface LevelReport {
  /** The predicted probability of the symbol; 0 for the first. */
  readonly probability: number;
  /** The most likely symbol of the prediction; −1 for the first. */
  readonly expected: number;
  /** Whether the level predicted the symbol, so that it goes no further. */
  readonly predicted: boolean;
}

/** One input of the recent past, with the state before it. */
interface Moment {
  readonly symbol: number;
  readonly input: Float32Array;
  readonly before: LSTMState | null;
}

/** A predictor of the next symbol that learns while it reads. */
export class CompressorLevel extends Module {
  readonly lstm: LSTM;
  readonly head: Linear;
  readonly #options: CompressorLevelOptions;
  readonly #slots: readonly {
    readonly parameter: Parameter;
    readonly firstMoment: Tensor;
    readonly secondMoment: Tensor;
  }[];
  #moments: Moment[] = [];
  #state: LSTMState | null = null;
  #prediction: ArrayLike<number> | null = null;
  #updates = 0;

  override get typeName(): string {
    return 'CompressorLevel';
  }

  constructor(options: CompressorLevelOptions) {
    super();
    this.#options = options;
    const { backend, generator, symbols, hiddenSize } = options;
    this.lstm = new LSTM({ backend, generator, inputSize: symbols + 1, hiddenSize });
    this.head = new Linear({ backend, generator, inputSize: hiddenSize, outputSize: symbols });
    this.#slots = this.parameters().map((parameter) => ({
      parameter,
      firstMoment: unowned(zeros(backend, parameter.shape)),
      secondMoment: unowned(zeros(backend, parameter.shape)),
    }));
  }

  /**
   * Compares the symbol with the prediction, learns if the prediction failed, and predicts the next symbol.
   *
   * @param gap steps of the stream since the last symbol that came here
   */
  async observe(symbol: number, gap: number): Promise<LevelReport> {
    const probability = this.#prediction?.[symbol] ?? 0;
    const expected = this.#prediction ? indexOfLargest(this.#prediction) : -1;
    const predicted = probability > this.#options.threshold;
    if (!predicted && this.#moments.length > 0) this.#learn(symbol);
    this.#remember(symbol, gap);
    await this.#predict();
    return { probability, expected, predicted };
  }

  /** Forgets its inputs but keeps its weights. */
  reset(): void {
    for (const { before } of this.#moments) disposeState(before);
    disposeState(this.#state);
    this.#moments = [];
    this.#state = null;
    this.#prediction = null;
  }

  override dispose(): void {
    this.reset();
    for (const { firstMoment, secondMoment } of this.#slots)
      for (const moment of [firstMoment, secondMoment]) moment.dispose();
    super.dispose();
  }

  /** One step of Adam on the window that ends with `next`. */
  #learn(next: number): void {
    const { backend, symbols, learningRate } = this.#options;
    const count = this.#moments.length;
    const inputs = new Float32Array(count * (symbols + 1));
    this.#moments.forEach(({ input }, k) => inputs.set(input, k * (symbols + 1)));
    const targets = Int32Array.from({ length: count }, (_, k) => this.#moments[k + 1]?.symbol ?? next);
    inScope(backend, { gradient: true }, () => {
      const { output } = this.lstm.forward(tensor(backend, inputs, { shape: [count, 1, symbols + 1] }), {
        state: this.#moments[0]!.before,
      });
      mean(crossEntropyRows(this.head.forward(output), tensor(backend, targets, { shape: [count, 1] }))).backward();
    });
    const settings = {
      learningRate,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      decoupled: false,
      step: ++this.#updates,
    };
    adamStep(
      this.#slots.map((slot) => ({ ...slot, gradient: slot.parameter.grad! })),
      settings,
    );
    this.zeroGrad();
  }

  #remember(symbol: number, gap: number): void {
    const input = new Float32Array(this.#options.symbols + 1);
    input[symbol] = 1;
    input[this.#options.symbols] = Math.log(gap) / 10;
    this.#moments.push({ symbol, input, before: this.#state });
    if (this.#moments.length > this.#options.window) disposeState(this.#moments.shift()!.before);
  }

  async #predict(): Promise<void> {
    const { backend } = this.#options;
    using scope = createScope(backend, { gradient: false });
    const probabilities = scope.run(() => {
      const { input, before } = this.#moments.at(-1)!;
      const { output, state } = this.lstm.step(tensor(backend, input, { shape: [1, input.length] }), before);
      this.#state = mapState(state, unowned);
      return softmax(this.head.forward(output));
    });
    this.#prediction = await probabilities.data();
  }
}

function disposeState(state: LSTMState | null): void {
  if (state) for (const part of Object.values(state)) part.dispose();
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k]! > values[best]!) best = k;
  return best;
}
