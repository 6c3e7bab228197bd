import { Generator, sum, tensor } from '@timestep/core';
import { GRU, IndRNN, LSTM, MGU, MinGRU, MinLSTM, RNN } from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import { subjects } from './subjects.ts';

const layers = { RNN, LSTM, GRU, MinGRU, MinLSTM, MGU, IndRNN };

// Saturated gates: quotients of two vanishing gates, and products of 0 and ∞, would show as NaN.
describe.each(subjects.map((subject) => [subject.name, subject] as const))('on %s', (_, subject) => {
  it.each(Object.keys(layers) as (keyof typeof layers)[])('%s is finite at ±3,000', async (name) => {
    const backend = await subject.create();
    if (!backend) return;
    const generator = new Generator(3);
    const layer = new layers[name]({ backend, inputSize: 3, hiddenSize: 5, generator });
    const values = Float32Array.from({ length: 4 * 2 * 3 }, () => 3000 * Math.sign(generator.normal()));
    const x = tensor(backend, values, { shape: [4, 2, 3], requiresGrad: true });
    const { output } = layer.forward(x);
    const seen = await output.data();
    sum(layer.forward(x).output).backward();
    const gradients = [x, ...layer.parameters()].map(({ grad }) => grad!);
    expect(seen.every(Number.isFinite)).toBe(true);
    for (const gradient of gradients) expect((await gradient.data()).every(Number.isFinite)).toBe(true);
    await backend.dispose();
  });
});
