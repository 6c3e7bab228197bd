import {
  add,
  type Backend,
  gatherRows,
  type Generator,
  linear,
  reshape,
  tensor,
  type Tensor,
  tidy,
  uniform,
} from '@timestep/core';
import {
  Dropout,
  Embedding,
  LSTM,
  type LSTMState,
  Module,
  Parameter,
  type RecurrentInput,
  type Recurrence,
} from '@timestep/layers';
import type { Candidates } from './candidates.ts';

export interface NetworkOptions {
  readonly backend: Backend;
  /** V: the number of symbols */
  readonly symbols: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly dropout: number;
  readonly generator: Generator;
}

/**
 * An LSTM language model whose output layer uses the embedding's table (Inan et al. 2017; Press and Wolf 2017), with the
 * same dropout mask at all steps of a window (Gal and Ghahramani 2016).
 */
export class LanguageNetwork extends Module {
  readonly embedding: Embedding;
  readonly drop: Dropout;
  readonly recurrent: LSTM;
  readonly bias: Parameter;

  constructor({ backend, symbols, hiddenSize, layers, dropout, generator }: NetworkOptions) {
    super();
    this.embedding = new Embedding({
      backend,
      numEmbeddings: symbols,
      embeddingSize: hiddenSize,
      initializer: uniform(-0.1, 0.1),
      generator,
    });
    this.drop = new Dropout({ rate: dropout, locked: true, generator });
    this.recurrent = new LSTM({
      backend,
      inputSize: hiddenSize,
      hiddenSize,
      numLayers: layers,
      dropout: layers > 1 ? dropout : 0,
      generator,
    });
    this.bias = new Parameter(backend, [symbols], new Float32Array(symbols));
  }

  /** @param tokens i32 `[T, N]` → logits `[T, N, V]` and the state after them */
  forward(tokens: Tensor, options: RecurrentInput<LSTMState> = {}): Recurrence<LSTMState> {
    const { output, state } = this.features(tokens, options);
    return { output: this.logits(output), state };
  }

  /** @param tokens i32 `[N]` → logits `[N, V]` and the state after them */
  step(tokens: Tensor, state: LSTMState | null = null): Recurrence<LSTMState> {
    const result = this.recurrent.step(this.embedding.forward(tokens), state);
    return { output: this.logits(result.output), state: result.state };
  }

  /** @param tokens i32 `[T, N]` → the output of the recurrent layer `[T, N, H]` and the state after them */
  features(tokens: Tensor, options: RecurrentInput<LSTMState> = {}): Recurrence<LSTMState> {
    const { output, state } = this.recurrent.forward(this.drop.forward(this.embedding.forward(tokens)), options);
    return { output: this.drop.forward(output), state };
  }

  /** @param x `[…, H]` → the scores of all symbols `[…, V]` */
  logits(x: Tensor): Tensor {
    return linear(x, this.embedding.weight, this.bias);
  }

  /** @param x `[…, H]` → the scores of some symbols `[…, S]` */
  logitsOf(x: Tensor, { symbols, offsets }: Candidates): Tensor {
    const { backend } = x;
    return tidy(backend, () => {
      const rows = tensor(backend, symbols);
      const bias = reshape(gatherRows(reshape(this.bias, [this.bias.size, 1]), rows), [symbols.length]);
      return linear(x, gatherRows(this.embedding.weight, rows), add(bias, tensor(backend, offsets)));
    });
  }
}
