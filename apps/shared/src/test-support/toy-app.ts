import { argmax, noGrad, reshape, slice, tensor, type Tensor } from '@timestep/core';
import { GRU, Linear, Sequential } from '@timestep/layers';
import { crossEntropyLoss, generatedData } from '@timestep/train';
import * as v from 'valibot';
import { defineApp } from '../app/app.ts';
import { between, setting, whole } from '../app/settings.ts';
import { html } from '../report/html.ts';

/** Rows of numbers; the class is whether their sum is positive. */
export type ToyPart = readonly (readonly number[])[];

interface Batch {
  readonly rows: ToyPart;
}

const row = (random: () => number): number[] => Array.from({ length: 4 }, () => random() * 2 - 1);

/** The smallest app: it learns the sign of a sum, and answers lines of numbers. */
export const toyApp = defineApp({
  name: 'toy',
  summary: 'Learns the sign of a sum.',
  config: v.strictObject({
    hiddenSize: setting(whole(1, 64), 8, 'units of the network'),
    learningRate: setting(between(0, 1), 0.02, 'the highest learning rate'),
    bias: setting(v.boolean(), true, 'add a bias'),
  }),
  inference: v.strictObject({ loud: setting(v.boolean(), false, 'answer in capitals') }),
  steps: 60,
  decides: { metric: 'accuracy', mode: 'max' },
  shippedModel: new URL('toy.safetensors', import.meta.url),

  read: ({ folder }) => {
    let seed = 1;
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const part = (size: number): ToyPart => Array.from({ length: size }, () => row(random));
    const test = part(64);
    if (folder !== null) return Promise.resolve({ test, about: 'a folder' });
    return Promise.resolve({ train: part(256), validation: part(64), test, about: '256 sums' });
  },
  savedSchema: v.strictObject({ largest: v.number() }),
  prepare: (train) => ({ largest: Math.max(...train.flat()) }),
  build: ({ backend, config: { hiddenSize, bias }, generator }) =>
    new Sequential(
      new GRU({ backend, inputSize: 1, hiddenSize, generator }),
      new Linear({ backend, inputSize: hiddenSize, outputSize: 2, bias, generator }),
    ),
  batches: ({ part, seed }) =>
    generatedData<Batch>(
      (_, random) => ({ rows: Array.from({ length: 16 }, () => part[random.integer(part.length)]!) }),
      { seed },
    ),
  loss: (model, { rows }) => {
    const { backend } = model.parameters()[0]!;
    const labels = Int32Array.from(rows.flatMap(() => 0));
    rows.forEach((values, i) => (labels[i] = label(values)));
    return crossEntropyLoss(lastLogits(model, rows), tensor(backend, labels));
  },
  evaluate: async ({ model }, { part }) => {
    const labels = await classify(model, part);
    return { accuracy: part.filter((values, i) => labels[i] === label(values)).length / part.length };
  },
  async *predict({ model }, inputs, { loud }) {
    for await (const input of inputs) {
      const [answer] = await classify(model, [input.split(' ').map(Number)]);
      const word = answer === 1 ? 'positive' : 'negative';
      yield `${loud ? word.toUpperCase() : word}\n`;
    }
  },
  report: () => Promise.resolve({ sections: [{ heading: 'Sums', body: html`<p>A picture of sums.</p>` }] }),
});

const label = (values: readonly number[]): number => Number(values.reduce((sum, value) => sum + value, 0) > 0);

function lastLogits(model: Sequential, rows: ToyPart): Tensor {
  const { backend } = model.parameters()[0]!;
  const steps = rows[0]!.length;
  const x = Float32Array.from(
    { length: steps * rows.length },
    (_, i) => rows[i % rows.length]![Math.floor(i / rows.length)]!,
  );
  const logits = model.forward(tensor(backend, x, { shape: [steps, rows.length, 1] }));
  return reshape(slice(logits, 0, steps - 1, steps), [rows.length, 2]);
}

async function classify(model: Sequential, rows: ToyPart): Promise<readonly number[]> {
  const { backend } = model.parameters()[0]!;
  return Array.from(await noGrad(backend, () => argmax(lastLogits(model, rows))).data());
}
