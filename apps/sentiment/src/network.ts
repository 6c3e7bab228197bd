import { type HashedText, TextReader, type TextReaderOptions } from '@timestep/app-shared';
import { concat, type Tensor } from '@timestep/core';
import { GlobalAvgPool1d, Linear, Module } from '@timestep/layers';

/**
 * A text reader and two logits, negative and positive. The mean of the input vectors goes to them too, past the LSTM: which
 * words there are tells much already.
 */
export class SentimentNetwork extends Module {
  readonly reader: TextReader;
  readonly head: Linear;
  readonly #mean = new GlobalAvgPool1d();

  constructor(options: TextReaderOptions) {
    super();
    const { backend, generator, hiddenSize } = options;
    this.reader = new TextReader(options);
    const inputSize = 4 * hiddenSize + this.reader.encoder.outputSize;
    this.head = new Linear({ backend, generator, inputSize, outputSize: 2 });
  }

  /** `[N, 2]` */
  forward(texts: readonly HashedText[]): Tensor {
    const { inputs, pooled, lengths } = this.reader.forward(texts);
    return this.head.forward(concat([pooled, this.#mean.forward(inputs, { lengths })], 1));
  }
}
