import { createCpuBackend, type CpuBackend } from '@timestep/backend-cpu';
import { Generator, tensor, type Tensor } from '@timestep/core';
import { embeddedReber, oneHot, reberSymbols, scoreReber, type ReberBatch } from '@timestep/datasets';
import { Linear, LSTM, Sequential } from '@timestep/layers';
import { crossEntropyLoss } from '@timestep/train';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { learn } from './learn.ts';

describe('the embedded Reber grammar', () => {
  let backend: CpuBackend;
  const generator = new Generator(5);
  const held = embeddedReber(256, new Generator(1000));
  beforeAll(async () => {
    backend = await createCpuBackend({ threads: 1 });
  });
  afterAll(() => backend.dispose());

  const logits = (model: Sequential, batch: ReberBatch): Tensor => {
    const { data, shape, lengths } = oneHot(batch);
    return model.forward(tensor(backend, data, { shape }), { lengths });
  };
  const loss = (model: Sequential, batch: ReberBatch): Tensor => {
    const [, count] = batch.shape;
    // The last symbol has no successor.
    const targets = batch.targets.map((target, k) =>
      Math.floor(k / count) < batch.lengths[k % count]! - 1 ? target : -100,
    );
    return crossEntropyLoss(logits(model, batch), tensor(backend, targets, { shape: batch.shape }));
  };

  it('is learned by an LSTM: every prediction of every held-out string is legal', async () => {
    const model = new Sequential(
      new LSTM({ backend, inputSize: reberSymbols.length, hiddenSize: 16, generator }),
      new Linear({ backend, inputSize: 16, outputSize: reberSymbols.length, generator }),
    );
    const score = async () => scoreReber(await logits(model, held).data(), held);
    const { measured } = await learn(
      model,
      { learningRate: 0.01, steps: 10_000 },
      () => loss(model, embeddedReber(32, generator)),
      score,
      ({ sequences }) => sequences === 1,
    );
    expect(measured).toEqual({ sequences: 1, remembered: 1 });
  });
});
