import { Generator, type Backend, type Tensor } from '@timestep/core';
import { Embedding, GRU, LayerNorm, Linear, LSTM, Module } from '@timestep/layers';

/** The model of `tooling/fixtures/interop_pytorch.py`, under the same names. */
export class Tagger extends Module {
  embedding: Embedding;
  lstm: LSTM;
  gru: GRU;
  norm: LayerNorm;
  head: Linear;

  constructor(backend: Backend) {
    super();
    const generator = new Generator(1);
    this.embedding = new Embedding({ backend, generator, numEmbeddings: 9, embeddingSize: 5 });
    this.lstm = new LSTM({ backend, generator, inputSize: 5, hiddenSize: 4, numLayers: 2, bidirectional: true });
    this.gru = new GRU({ backend, generator, inputSize: 8, hiddenSize: 3 });
    this.norm = new LayerNorm({ backend, size: 3 });
    this.head = new Linear({ backend, generator, inputSize: 3, outputSize: 4 });
  }

  forward(tokens: Tensor): Tensor {
    return this.head.forward(
      this.norm.forward(this.gru.forward(this.lstm.forward(this.embedding.forward(tokens)).output).output),
    );
  }
}
