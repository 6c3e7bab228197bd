import { negative, tanh, type Tensor } from '@timestep/core';
import {
  type Attention,
  BahdanauAttention,
  beamDecode,
  Conv1d,
  EncoderDecoder,
  greedyDecode,
  GRU,
  LanguageModel,
  Linear,
  LSTM,
  LuongAttention,
  ManyToMany,
  ManyToOne,
  maskSteps,
  Sequential,
} from '@timestep/layers';
import { recomputeFinalState, recomputeSequence, RecurrentPolicy } from '@timestep/train';
import type { Trial } from '../trial.ts';
import { covers, type EdgeCase } from './case.ts';
import { companionCases } from './companions.ts';

const [D, H] = [3, 4];

function layer({ backend, generator }: Trial, bidirectional = false): GRU {
  return new GRU({ backend, generator, inputSize: D, hiddenSize: H, bidirectional });
}

const attentions: Readonly<Record<string, (trial: Trial) => Attention>> = {
  BahdanauAttention: ({ backend, generator }) =>
    new BahdanauAttention({ backend, generator, querySize: D, valueSize: D, attentionSize: 4 }),
  LuongAttention: ({ backend, generator }) => new LuongAttention({ backend, generator, querySize: D, valueSize: D }),
  'LuongAttention, dot': ({ backend }) => new LuongAttention({ backend, querySize: D, valueSize: D, score: 'dot' }),
};

function encoderDecoder({ backend, generator }: Trial, attention: 'bahdanau' | 'luong' | 'none'): EncoderDecoder {
  const sizes = { sourceSymbols: 6, targetSymbols: 5, start: 0, end: 1, embeddingSize: 3, hiddenSize: 4 };
  return new EncoderDecoder({ backend, generator, attention, ...sizes });
}

/** The results of decoding, as numbers. */
function written(rows: readonly { tokens: readonly number[]; logProbability: number }[]): Record<string, number[]> {
  return Object.fromEntries(rows.map(({ tokens, logProbability }, n) => [`row ${n}`, [...tokens, logProbability]]));
}

export const modelCases: readonly EdgeCase[] = [
  ...companionCases,
  ...Object.entries(attentions).map(([title, make]): EdgeCase => ({
    title,
    covers: covers('layers', 'Attention', title.split(',')[0]!),
    run(trial) {
      const attention = make(trial);
      const memory = attention.remember(trial.sequence('outputs', D), trial.lengths);
      const { context, weights } = attention.forward(trial.whole('queries', 2, trial.batch, D), memory);
      return trial.found({ context, weights }, attention.namedParameters());
    },
  })),
  ...([{}, { stride: 2 }, { padding: 'same' }, { dilation: 2, padding: 3 }] as const).map((options): EdgeCase => ({
    title: `Conv1d ${JSON.stringify(options)}`,
    covers: covers('layers', 'Conv1d'),
    needsSteps: true,
    run(trial, fused) {
      const { backend, generator } = trial;
      const convolution = new Conv1d({
        ...{ backend, generator, fused, inputSize: D, outputSize: 2, kernelSize: 2 },
        ...options,
      });
      const output = convolution.forward(trial.sequence('x', D), { lengths: trial.lengths });
      return trial.found({ output }, convolution.namedParameters());
    },
  })),
  ...(['last', 'mean', 'max'] as const).map((pool): EdgeCase => ({
    title: `ManyToOne, ${pool}`,
    covers: covers('layers', 'ManyToOne'),
    run(trial) {
      const { backend, generator } = trial;
      const model = new ManyToOne({ backend, generator, layer: layer(trial, true), outputSize: 2, pool });
      const output = model.forward(trial.sequence('x', D), { lengths: trial.lengths });
      return trial.found({ output }, model.namedParameters());
    },
  })),
  {
    title: 'ManyToMany',
    covers: covers('layers', 'ManyToMany'),
    run(trial) {
      const { backend, generator } = trial;
      const model = new ManyToMany({ backend, generator, layer: layer(trial), outputSize: 2 });
      const { output, state } = model.forward(trial.sequence('x', D), { lengths: trial.lengths });
      return trial.found({ output, ...state }, model.namedParameters());
    },
  },
  {
    title: 'Sequential of a Linear, a function and an LSTM',
    covers: covers('layers', 'Sequential'),
    run(trial) {
      const { backend, generator } = trial;
      const model = new Sequential(
        new Linear({ backend, generator, inputSize: D, outputSize: 3 }),
        tanh,
        new LSTM({ backend, generator, inputSize: 3, hiddenSize: H }),
      );
      return trial.found(
        { output: model.forward(trial.sequence('x', D), { lengths: trial.lengths }) },
        model.namedParameters(),
        ['output'],
      );
    },
  },
  {
    title: 'LanguageModel',
    covers: covers('layers', 'LanguageModel'),
    run(trial) {
      const { backend, generator } = trial;
      const model = new LanguageModel({ backend, generator, symbols: 5, layer: layer(trial) });
      const { output, state } = model.forward(trial.symbols(5), { lengths: trial.lengths });
      return trial.found({ output, ...state }, model.namedParameters());
    },
  },
  ...(['bahdanau', 'luong', 'none'] as const).map((attention): EdgeCase => ({
    title: `EncoderDecoder, attention ${attention}`,
    covers: covers('layers', 'EncoderDecoder'),
    run(trial) {
      const model = encoderDecoder(trial, attention);
      const targets = trial.targets(3, 5);
      const { logits, weights } = model.forward({ tokens: trial.symbols(6), lengths: trial.lengths }, targets);
      return trial.found({ logits, ...(weights ? { weights } : {}) }, model.namedParameters());
    },
  })),
  {
    title: 'greedyDecode',
    covers: covers('layers', 'greedyDecode'),
    run: async (trial) =>
      written(
        await greedyDecode(
          encoderDecoder(trial, 'bahdanau'),
          { tokens: trial.symbols(6), lengths: trial.lengths },
          { maxLength: 4 },
        ),
      ),
  },
  {
    title: 'beamDecode',
    covers: covers('layers', 'beamDecode'),
    run: async (trial) => {
      const source = { tokens: trial.symbols(6), lengths: trial.lengths };
      const found = await beamDecode(encoderDecoder(trial, 'luong'), source, { maxLength: 4, beamWidth: 2 });
      return written(found.flat());
    },
  },
  {
    title: 'maskSteps',
    covers: covers('layers', 'maskSteps'),
    run: (trial) =>
      trial.found({ y: maskSteps(negative(trial.sequence('x', D)), Int32Array.from(trial.lengths)) }, [], ['y']),
  },
  {
    title: 'recomputeSequence',
    covers: covers('train', 'recomputeSequence'),
    run(trial) {
      const own = layer(trial);
      const { output, state } = recomputeSequence(own, trial.sequence('x', D), { lengths: trial.lengths, segment: 2 });
      return trial.found({ output, ...state }, own.namedParameters(), ['output']);
    },
  },
  {
    title: 'recomputeFinalState',
    covers: covers('train', 'recomputeFinalState'),
    run(trial) {
      const own = layer(trial);
      const state = recomputeFinalState(own, trial.sequence('x', D), { lengths: trial.lengths, segment: 2 });
      return trial.found({ ...state }, own.namedParameters());
    },
  },
  {
    title: 'RecurrentPolicy',
    covers: covers('train', 'Policy', 'RecurrentPolicy'),
    run(trial) {
      const { backend, generator } = trial;
      const head = new Linear({ backend, generator, inputSize: H, outputSize: 2 });
      const policy = new RecurrentPolicy(layer(trial), head);
      const output: Tensor = policy.forward(trial.sequence('x', D), trial.lengths);
      return trial.found({ output }, policy.namedParameters());
    },
  },
];
