import { type HashedText, type ReadTexts, TextReader, type TextReaderOptions } from '@timestep/app-shared';
import type { Tensor } from '@timestep/core';
import { CRF, Linear, Module } from '@timestep/layers';

export interface NetworkOptions extends TextReaderOptions {
  readonly intents: number;
  /** 0 where the data have no slots */
  readonly tags: number;
}

/** The answers for a batch. */
export interface Answers extends ReadTexts {
  /** `[N, intents]` */
  readonly intents: Tensor;
  /** `[T, N, tags]`, the scores that the CRF takes; null without slots */
  readonly emissions: Tensor | null;
}

/** Intent and slots from one network: pooled outputs decide the intent, and a CRF over the words decides the slots. */
export class IntentTagger extends Module {
  readonly reader: TextReader;
  readonly intentHead: Linear;
  readonly slotHead: Linear | null;
  readonly crf: CRF | null;

  constructor(options: NetworkOptions) {
    super();
    const { backend, generator, hiddenSize, tags } = options;
    const shared = { backend, generator };
    this.reader = new TextReader(options);
    this.intentHead = new Linear({ ...shared, inputSize: 4 * hiddenSize, outputSize: options.intents });
    this.slotHead = tags > 0 ? new Linear({ ...shared, inputSize: 2 * hiddenSize, outputSize: tags }) : null;
    this.crf = tags > 0 ? new CRF({ ...shared, tags }) : null;
  }

  forward(texts: readonly HashedText[]): Answers {
    const read = this.reader.forward(texts);
    return {
      ...read,
      intents: this.intentHead.forward(read.pooled),
      emissions: this.slotHead?.forward(read.output) ?? null,
    };
  }
}
