import { tensor } from '@timestep/core';
import {
  AvgPool1d,
  BatchNorm,
  CRF,
  GlobalAvgPool1d,
  GlobalMaxPool1d,
  MaxPool1d,
  MultiHeadAttention,
} from '@timestep/layers';
import type { Trial } from '../trial.ts';
import { covers, type EdgeCase } from './case.ts';

const D = 3;

const pools = {
  'MaxPool1d 2': ['MaxPool1d', new MaxPool1d({ kernelSize: 2 })],
  'MaxPool1d 3, padded': ['MaxPool1d', new MaxPool1d({ kernelSize: 3, stride: 1, padding: 1 })],
  'AvgPool1d 2': ['AvgPool1d', new AvgPool1d({ kernelSize: 2, padding: 1 })],
  'AvgPool1d 2, without the padding': [
    'AvgPool1d',
    new AvgPool1d({ kernelSize: 2, padding: 1, countIncludePad: false }),
  ],
  GlobalMaxPool1d: ['GlobalMaxPool1d', new GlobalMaxPool1d()],
  GlobalAvgPool1d: ['GlobalAvgPool1d', new GlobalAvgPool1d()],
} as const;

/** Tags i32 `[T, N]` of the steps that count. Values past a length are not tags. */
function tagsOf({ backend, steps, batch, setting }: Trial, count: number) {
  const values = Int32Array.from({ length: steps * batch }, (_, frame) =>
    Math.floor(frame / batch) < setting.lengths[frame % batch]! ? frame % count : setting.symbolPadding,
  );
  return tensor(backend, values, { shape: [steps, batch] });
}

/** The companions of recurrent layers that take lengths. */
export const companionCases: readonly EdgeCase[] = [
  ...Object.entries(pools).map(([title, [name, pool]]): EdgeCase => ({
    title,
    covers: covers('layers', name),
    needsSteps: !name.startsWith('Global'),
    run: (trial) => trial.found({ output: pool.forward(trial.sequence('x', D), { lengths: trial.lengths }) }),
  })),
  ...([true, false] as const).map((training): EdgeCase => ({
    title: `BatchNorm in ${training ? 'training' : 'evaluation'}`,
    covers: covers('layers', 'BatchNorm'),
    async run(trial) {
      const norm = new BatchNorm({ backend: trial.backend, size: D }).train(training);
      const output = norm.forward(trial.sequence('x', D), { lengths: trial.lengths });
      const found = await trial.found({ output }, norm.namedParameters(), ['output']);
      const running = norm.namedBuffers().filter(([name]) => name.startsWith('running'));
      const read = await trial.backend.readMany(running.map(([, { buffer }]) => buffer));
      norm.dispose();
      // Without a step that counts nothing is tracked.
      return trial.lengths.some((length) => length > 0)
        ? { ...found, ...Object.fromEntries(running.map(([name], k) => [`row ${name}`, read[k]!])) }
        : found;
    },
  })),
  ...([false, true] as const).map((causal): EdgeCase => ({
    title: `MultiHeadAttention to itself${causal ? ', causal' : ''}`,
    covers: covers('layers', 'MultiHeadAttention'),
    run(trial) {
      const { backend, generator, lengths } = trial;
      const attention = new MultiHeadAttention({ backend, generator, size: 4, heads: 2 });
      const { context } = attention.forward(trial.sequence('x', 4), { lengths, causal });
      return trial.found({ output: context }, attention.namedParameters(), ['output']);
    },
  })),
  {
    title: 'MultiHeadAttention over keys',
    covers: covers('layers', 'MultiHeadAttention'),
    run(trial) {
      const { backend, generator, lengths } = trial;
      const attention = new MultiHeadAttention({ backend, generator, size: 4, heads: 2, keySize: D, valueSize: 2 });
      const keys = trial.sequence('keys', D);
      const values = trial.sequence('values', 2);
      const { context, weights } = attention.forward(trial.whole('x', 2, trial.batch, 4), { keys, values, lengths });
      return trial.found({ context, weights }, attention.namedParameters());
    },
  },
  {
    title: 'CRF',
    covers: covers('layers', 'CRF'),
    run(trial) {
      const { backend, generator, lengths } = trial;
      const crf = new CRF({ backend, generator, tags: D });
      const losses = crf.forward(trial.sequence('x', D), tagsOf(trial, D), { lengths });
      return trial.found({ losses }, crf.namedParameters());
    },
  },
  {
    title: 'CRF, the best path',
    covers: covers('layers', 'CRF'),
    run: async (trial) => {
      const { backend, generator, lengths } = trial;
      const crf = new CRF({ backend, generator, tags: D });
      const emissions = tensor(backend, trial.host(D), { shape: [trial.steps, trial.batch, D] });
      const paths = await crf.decode(emissions, { lengths });
      return Object.fromEntries(paths.map(({ tags, score }, n) => [`row ${n}`, [...tags, score]]));
    },
  },
];
