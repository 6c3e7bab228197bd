import { Generator, reshape, tensor, type Backend, type Tensor } from '@timestep/core';
import { Embedding, Linear, LSTM, Module } from '@timestep/layers';
import { AdamW, crossEntropyLoss, generatedData, Trainer, type TrainerOptions } from '@timestep/train';

export interface ModelSizes {
  readonly vocabulary: number;
  readonly embedding: number;
  readonly hiddenSize: number;
  readonly batch: number;
  readonly steps: number;
}

interface Batch {
  readonly x: Int32Array<ArrayBuffer>;
  readonly y: Int32Array<ArrayBuffer>;
}

/** Embedding, LSTM, Linear: the next symbol of each sequence. */
export class CharacterModel extends Module {
  readonly embedding: Embedding;
  readonly lstm: LSTM;
  readonly head: Linear;

  constructor(backend: Backend, { vocabulary, embedding, hiddenSize }: ModelSizes, seed = 1) {
    super();
    const generator = new Generator(seed);
    this.embedding = new Embedding({ backend, numEmbeddings: vocabulary, embeddingSize: embedding, generator });
    this.lstm = new LSTM({ backend, inputSize: embedding, hiddenSize, generator });
    this.head = new Linear({ backend, inputSize: hiddenSize, outputSize: vocabulary, generator });
  }

  forward(x: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(this.embedding.forward(x)).output);
  }
}

/** A trainer whose batches count upwards from a random symbol, so that there is something to learn. */
export function characterTrainer(
  backend: Backend,
  sizes: ModelSizes,
  options: Partial<
    Pick<TrainerOptions<CharacterModel, Batch>, 'readEvery' | 'storage' | 'checkpoints' | 'onProgress'>
  > = {},
): Trainer<CharacterModel, Batch> {
  const { vocabulary, batch, steps } = sizes;
  const model = new CharacterModel(backend, sizes);
  return new Trainer({
    model,
    loss: (each, { x, y }) => {
      const logits = each.forward(tensor(backend, x, { shape: [steps, batch] }));
      return crossEntropyLoss(
        reshape(logits, [steps * batch, vocabulary]),
        tensor(backend, y, { shape: [steps * batch] }),
      );
    },
    optimizer: new AdamW(model.namedParameters(), { learningRate: 0.01 }),
    data: generatedData(
      (_, random) => {
        const x = new Int32Array(steps * batch);
        const y = new Int32Array(steps * batch);
        for (let n = 0; n < batch; n++) {
          const first = random.integer(vocabulary);
          for (let t = 0; t < steps; t++) {
            x[t * batch + n] = (first + t) % vocabulary;
            y[t * batch + n] = (first + t + 1) % vocabulary;
          }
        }
        return { x, y };
      },
      { seed: 3 },
    ),
    clipNorm: 1,
    ...options,
  });
}
