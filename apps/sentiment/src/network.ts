import { type HashedText, TextReader, type TextReaderOptions } from '@timestep/app-shared';
import type { Tensor } from '@timestep/core';
import { Linear, Module } from '@timestep/layers';

/** A text reader and two logits, negative and positive. */
export class SentimentNetwork extends Module {
  readonly reader: TextReader;
  readonly head: Linear;

  constructor(options: TextReaderOptions) {
    super();
    const { backend, generator, hiddenSize } = options;
    this.reader = new TextReader(options);
    this.head = new Linear({ backend, generator, inputSize: 4 * hiddenSize, outputSize: 2 });
  }

  /** `[N, 2]` */
  forward(texts: readonly HashedText[]): Tensor {
    return this.head.forward(this.reader.forward(texts).pooled);
  }
}
