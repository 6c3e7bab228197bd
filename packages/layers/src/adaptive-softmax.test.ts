import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend } from '@timestep/backend-cpu';
import { exp, Generator, sum, tensor } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { AdaptiveSoftmax } from './adaptive-softmax.ts';
import { Embedding } from './embedding.ts';
import { Linear } from './linear.ts';
import { LanguageModel } from './models/language-model.ts';
import { GRU } from './recurrent/gru.ts';
import { checkGradients, randomLeaf } from './test-support/gradients.ts';
import { leakChecked } from './test-support/leaks.ts';

const backend = createReferenceBackend();
const generator = new Generator(17);
const sizes = { backend, generator, inputSize: 8, classes: 11, cutoffs: [3, 6], divValue: 2 };

describe('AdaptiveSoftmax', () => {
  it('gives each target the loss that all log probabilities tell, and none to −100', () =>
    leakChecked(backend, async () => {
      using softmax = new AdaptiveSoftmax(sizes);
      const x = randomLeaf(backend, [3, 2, 8], generator);
      const targets = [0, 2, 3, 10, -100, 5];
      const losses = await softmax.forward(x, targets).data();
      const all = softmax.logProbabilities(x);
      for (const total of await sum(exp(all), -1).data()) expect(total).toBeCloseTo(1, 12);
      const logs = (await all.array()) as number[][][];
      targets.forEach((target, k) =>
        expect(losses[k]).toBeCloseTo(target < 0 ? 0 : -logs[Math.floor(k / 2)]![k % 2]![target]!, 12),
      );
      await checkGradients({ x, ...Object.fromEntries(softmax.namedParameters()) }, () => [
        softmax.forward(x, targets),
      ]);
    }));

  it('takes targets as a tensor where the host can read it', async () => {
    await using cpu = await createCpuBackend({ threads: 1 });
    using softmax = new AdaptiveSoftmax({ ...sizes, backend: cpu });
    const x = randomLeaf(cpu, [3, 8], generator);
    const targets = Int32Array.of(0, 10, -100);
    const expected = await softmax.forward(x, targets).data();
    expect(await softmax.forward(x, tensor(cpu, targets)).data()).toEqual(expected);
    const elsewhere = tensor(backend, targets);
    using other = new AdaptiveSoftmax(sizes);
    expect(() => other.forward(randomLeaf(backend, [3, 8], generator), elsewhere)).toThrow(
      "backend 'reference' keeps them where the host cannot read them at once; pass the numbers",
    );
  });

  it('says what does not fit', () => {
    using softmax = new AdaptiveSoftmax(sizes);
    const x = randomLeaf(backend, [2, 8], generator);
    expect(() => softmax.forward(x, [1])).toThrow('expected 2 targets, one for each row of x [2, 8], got 1');
    expect(() => softmax.forward(x, [1, 11])).toThrow('target 1 is 11, expected 0…10 or -100');
    expect(() => new AdaptiveSoftmax({ ...sizes, cutoffs: [3, 3] })).toThrow('expected cutoffs that rise');
    expect(() => new AdaptiveSoftmax({ ...sizes, cutoffs: [11] })).toThrow('stay below classes 11');
    expect(() => new AdaptiveSoftmax({ ...sizes, divValue: 4 })).toThrow('cluster 2 would have no features');
  });
});

describe('tied embeddings', () => {
  it('train one table from both ends', () =>
    leakChecked(backend, async () => {
      using embedding = new Embedding({ backend, generator, numEmbeddings: 5, embeddingSize: 3 });
      const head = new Linear({
        backend,
        generator,
        inputSize: 3,
        outputSize: 5,
        weight: embedding.weight,
        bias: false,
      });
      const tokens = tensor(backend, Int32Array.of(4, 0, 4));
      await checkGradients({ weight: embedding.weight }, () => [head.forward(embedding.forward(tokens))], 15);
    }));

  it('are saved once or twice and loaded from either name', () =>
    leakChecked(backend, async () => {
      const make = (seed: number) => {
        const shared = { backend, generator: new Generator(seed) };
        return new LanguageModel({
          ...shared,
          symbols: 6,
          layer: new GRU({ ...shared, inputSize: 4, hiddenSize: 4 }),
          tied: true,
        });
      };
      using model = make(1);
      using other = make(2);
      expect(model.head.weight).toBe(model.embedding.weight);
      expect(model.namedParameters().filter(([name]) => /head|embedding/.test(name))).toHaveLength(2);
      const saved = await model.stateDict();
      saved.delete('embedding.weight');
      other.loadStateDict(saved);
      expect(await other.stateDict()).toEqual(await model.stateDict());
    }));

  it('need one size', () => {
    const layer = new GRU({ backend, inputSize: 4, hiddenSize: 3 });
    expect(() => new LanguageModel({ backend, symbols: 6, layer, tied: true })).toThrow(
      '[LanguageModel] tied: true needs a layer whose inputSize and outputSize are equal, got 4 and 3',
    );
    const { weight } = new Embedding({ backend, numEmbeddings: 5, embeddingSize: 3 });
    expect(() => new Linear({ backend, inputSize: 5, outputSize: 3, weight })).toThrow(
      '[Linear] expected a weight of shape [3, 5], got [5, 3]',
    );
  });
});
