import { type Backend, type Generator, tensor, type Tensor } from '@timestep/core';
import { batchTokens, type SentencePair } from '@timestep/datasets';
import { EncoderDecoder } from '@timestep/layers';
import { crossEntropyLoss } from '@timestep/train';
import type { Units } from './units.ts';

/** Sizes of the network. */
export interface NetworkConfig {
  readonly embeddingSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly dropout: number;
}

/** Sentence pairs side by side, as unit numbers. */
export interface TranslationBatch {
  readonly sources: readonly Int32Array[];
  /** Each ends with the end symbol. */
  readonly targets: readonly Int32Array[];
  readonly labelSmoothing: number;
}

/** Padding of targets that the loss leaves out. */
const ignored = -100;

/** An encoder-decoder with Luong's attention. Where the sizes agree, the head is tied to the target embedding. */
export function buildNetwork(
  backend: Backend,
  units: Units,
  { embeddingSize, hiddenSize, layers, dropout }: NetworkConfig,
  generator: Generator,
): EncoderDecoder {
  const model = new EncoderDecoder({
    backend,
    generator,
    sourceSymbols: units.source.size,
    targetSymbols: units.target.size,
    start: units.start,
    end: units.end,
    embeddingSize,
    hiddenSize,
    numLayers: layers,
    attention: 'luong',
    dropout,
  });
  if (embeddingSize === hiddenSize) {
    // Tied weights (Press and Wolf 2017) are at the scale of the head, not of the embedding.
    model.targetEmbedding.weight.dispose();
    model.targetEmbedding.weight = model.head.weight;
  }
  return model;
}

/** i32 `[T, N]` with lengths. */
export function sourceTensors(
  backend: Backend,
  sources: readonly Int32Array[],
): { tokens: Tensor; lengths: Int32Array } {
  const { tokens, shape, lengths } = batchTokens(sources);
  return { tokens: tensor(backend, tokens, { shape }), lengths };
}

/** The pair's unit numbers, with the end symbol behind the target. */
export function encodePair(units: Units, { source, target }: SentencePair): { source: Int32Array; target: Int32Array } {
  return { source: units.encodeSource(source), target: Int32Array.of(...units.encodeTarget(target), units.end) };
}

/** Mean cross-entropy of a unit, given the true units before it. */
export function translationLoss(model: EncoderDecoder, batch: TranslationBatch): Tensor {
  const { backend } = model.head.weight;
  const steps = Math.max(...batch.targets.map(({ length }) => length));
  const count = batch.targets.length;
  const given = new Int32Array(steps * count).fill(model.end);
  const wanted = new Int32Array(steps * count).fill(ignored);
  batch.targets.forEach((target, n) =>
    target.forEach((token, t) => {
      given[t * count + n] = token;
      wanted[t * count + n] = token;
    }),
  );
  const shape = [steps, count] as const;
  const { logits } = model.forward(sourceTensors(backend, batch.sources), tensor(backend, given, { shape }));
  return crossEntropyLoss(logits, tensor(backend, wanted, { shape }), {
    ignoreIndex: ignored,
    labelSmoothing: model.training ? batch.labelSmoothing : 0,
  });
}
