import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator } from '@timestep/core';
import { expect, it } from 'vitest';
import * as layers from './index.ts';

/** Draws nothing: a layer that is too large must be refused before it would. */
class Unused extends Generator {
  override uniform(): number {
    throw new Error('drew from the generator');
  }
  override normal(): number {
    return this.uniform();
  }
}

const backend = createReferenceBackend();
const generator = new Unused(0);
const huge: Readonly<Record<string, (size: number) => unknown>> = {
  RNN: (hiddenSize) => new layers.RNN({ backend, generator, inputSize: 4, hiddenSize }),
  LSTM: (hiddenSize) => new layers.LSTM({ backend, generator, inputSize: 4, hiddenSize }),
  GRU: (hiddenSize) => new layers.GRU({ backend, generator, inputSize: 4, hiddenSize, numLayers: 2 }),
  Linear: (outputSize) => new layers.Linear({ backend, generator, inputSize: 100_000, outputSize }),
  Embedding: (numEmbeddings) => new layers.Embedding({ backend, generator, embeddingSize: 100_000, numEmbeddings }),
  Conv1d: (outputSize) => new layers.Conv1d({ backend, generator, inputSize: 100_000, outputSize, kernelSize: 3 }),
  LayerNorm: (size) => new layers.LayerNorm({ backend, generator, size: Math.min(size ** 2, 2 ** 52) }),
};

it.each(Object.entries(huge))('a %s that no buffer holds is an OUT_OF_MEMORY before anything is made', (_, make) => {
  for (const size of [100_000, 2 ** 31, 2 ** 40, 2 ** 52]) {
    let error: unknown;
    try {
      make(size);
    } catch (caught) {
      error = caught;
    }
    expect(error, `size ${size}`).toMatchObject({ code: 'OUT_OF_MEMORY' });
  }
  expect(backend.memory().buffers).toBe(0);
});
