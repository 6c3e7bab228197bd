import type { Backend } from '@timestep/backend-api';
import { openScope, tensor, type Tensor } from '@timestep/core';
import { Embedding, Linear, LSTM, Module } from '@timestep/layers';
import { Adam, clipGradientNorm, crossEntropyLoss } from '@timestep/train';
import type { CharacterModelCase } from '../../src/case.ts';
import { fillValues, seedOf, value } from '../../src/values.ts';
import type { Work } from '../serve.ts';
import { digestOf, settle } from './tensors.ts';

class CharacterModel extends Module {
  readonly embedding: Embedding;
  readonly lstm: LSTM;
  readonly head: Linear;

  constructor(backend: Backend, { vocabulary, embedding, hiddenSize }: CharacterModelCase) {
    super();
    this.embedding = new Embedding({ backend, numEmbeddings: vocabulary, embeddingSize: embedding });
    this.lstm = new LSTM({ backend, inputSize: embedding, hiddenSize });
    this.head = new Linear({ backend, inputSize: hiddenSize, outputSize: vocabulary });
  }

  forward(characters: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(this.embedding.forward(characters)).output);
  }
}

/** Steps whose parameters the contestants compare. */
const comparedSteps = 3;

export function characterModel(backend: Backend, work: CharacterModelCase): Work {
  const model = new CharacterModel(backend, work);
  for (const [key, parameter] of model.namedParameters())
    parameter.assign(fillValues(new Float32Array(parameter.size), seedOf(key), 0.2));
  const optimizer = new Adam(model.namedParameters(), { learningRate: 1e-3 });
  const count = work.steps * work.batch;
  const characters = (seed: number): Tensor =>
    tensor(
      backend,
      Int32Array.from({ length: count }, (_, i) => Math.floor((value(i, seed) + 0.5) * work.vocabulary)),
      { shape: [work.steps, work.batch] },
    );
  const [inputs, targets] = [characters(21), characters(22)];
  const step = (): Tensor => {
    const loss = crossEntropyLoss(model.forward(inputs), targets);
    loss.backward();
    const { factor } = clipGradientNorm(optimizer.gradients, 1);
    optimizer.step(factor);
    model.zeroGrad();
    return loss;
  };
  return {
    async result() {
      using _scope = openScope(backend);
      let loss = step();
      for (let k = 1; k < comparedSteps; k++) loss = step();
      return await digestOf({ loss, ...Object.fromEntries(model.namedParameters()) });
    },
    async run() {
      using _scope = openScope(backend);
      step();
      await settle(backend);
    },
    dispose() {
      model.dispose();
      optimizer.dispose();
      inputs.dispose();
      targets.dispose();
    },
  };
}
