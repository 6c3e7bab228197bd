import { type Backend, concat, type Generator, ones, reshape, type Tensor } from '@timestep/core';
import { BahdanauAttention, Dropout, GlobalMaxPool1d, LSTM, Module } from '@timestep/layers';
import type { HashedText, HashSizes } from './hashed-text.ts';
import { TextEncoder } from './text-encoder.ts';

/** Options of {@link TextReader}. */
export interface TextReaderOptions {
  readonly backend: Backend;
  readonly sizes: HashSizes;
  /** Features of a unit, and as many of its parts. */
  readonly features: number;
  readonly hiddenSize: number;
  readonly numLayers: number;
  /** Before and after the LSTM. */
  readonly dropout: number;
  /** The share of units that training hides. */
  readonly hide: number;
  readonly generator: Generator;
}

/** The result of a {@link TextReader} for a batch of texts. */
export interface ReadTexts {
  /** `[T, N, 2·hiddenSize]`, the LSTM's outputs */
  readonly output: Tensor;
  /** `[T, N, …]`, the vectors that the LSTM read */
  readonly inputs: Tensor;
  /** `[N, 4·hiddenSize]`: what attention picks, beside the maximum over all units */
  readonly pooled: Tensor;
  /** `[1, N, T]`, the attention weights */
  readonly weights: Tensor;
  readonly lengths: Int32Array;
}

/** A bidirectional LSTM over hashed texts, pooled by additive attention and by the maximum. */
export class TextReader extends Module {
  readonly encoder: TextEncoder;
  readonly drop: Dropout;
  readonly recurrent: LSTM;
  readonly attention: BahdanauAttention;
  readonly #pool = new GlobalMaxPool1d();

  override get typeName(): string {
    return 'TextReader';
  }

  constructor({ backend, sizes, features, hiddenSize, numLayers, dropout, hide, generator }: TextReaderOptions) {
    super();
    const shared = { backend, generator };
    this.encoder = new TextEncoder({ ...shared, sizes, features: [features, features], hide });
    this.drop = new Dropout({ rate: dropout, generator });
    this.recurrent = new LSTM({
      ...shared,
      inputSize: this.encoder.outputSize,
      hiddenSize,
      numLayers,
      dropout: numLayers > 1 ? dropout : 0,
      bidirectional: true,
    });
    const valueSize = this.recurrent.outputSize;
    this.attention = new BahdanauAttention({ ...shared, querySize: 1, valueSize, attentionSize: hiddenSize });
  }

  forward(texts: readonly HashedText[]): ReadTexts {
    const { backend } = this.encoder.own.weight;
    const lengths = Int32Array.from(texts, ({ own }) => own.length);
    const x = this.drop.forward(this.encoder.forward(texts));
    const output = this.drop.forward(this.recurrent.forward(x, { lengths }).output);
    const memory = this.attention.remember(output, lengths);
    // The query is the same for all: attention learns which units matter.
    const { context, weights } = this.attention.forward(ones(backend, [1, texts.length, 1]), memory);
    const pooled = concat([reshape(context, context.shape.slice(1)), this.#pool.forward(output, { lengths })], 1);
    return { inputs: x, output, pooled: this.drop.forward(pooled), weights, lengths };
  }
}
