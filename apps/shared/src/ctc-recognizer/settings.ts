import { AdamW, oneCycle, type Optimizer, type Schedule } from '@timestep/train';
import * as v from 'valibot';
import { between, setting, whole } from '../app/settings.ts';
import type { CTCRecognizer } from './network.ts';

/** The sizes that an app starts from. */
export interface RecognizerSizes {
  readonly convolutionSize: number;
  readonly convolutionKernel: number;
  readonly convolutionStride: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly dropout: number;
}

/** The settings of a recogniser and its training, for the `config` of an app. */
export function recognizerConfig(initial: RecognizerSizes) {
  return v.strictObject({
    convolutionSize: setting(whole(1, 8192), initial.convolutionSize, 'channels of the convolution'),
    convolutionKernel: setting(whole(1, 64), initial.convolutionKernel, 'frames that the convolution looks at'),
    convolutionStride: setting(whole(1, 64), initial.convolutionStride, 'frames that become one step'),
    hiddenSize: setting(whole(1, 8192), initial.hiddenSize, 'units of each direction of a layer'),
    layers: setting(whole(1, 16), initial.layers, 'recurrent layers'),
    dropout: setting(between(0, 0.99), initial.dropout, 'the share of units that are dropped in training'),
    batchSize: setting(whole(1, 4096), 32, 'sequences of an update'),
    learningRate: setting(between(0, 1), 4e-3, 'the highest learning rate'),
    weightDecay: setting(between(0, 1), 0.02, 'decay of the weights'),
    clipNorm: setting(between(0, 1e6), 5, 'the largest norm of a gradient'),
  });
}

/** How a trained recogniser finds the labels, for the `inference` of an app. */
export const searchSettings = v.strictObject({
  beam: setting(
    whole(0, 100_000),
    0,
    'search for the most probable text with this many hypotheses, instead of the best class of each step',
  ),
  lm: setting(v.string(), '', 'a file with an n-gram model of the characters (ARPA) for the search; implies --beam 32'),
});
export type SearchSettings = v.InferOutput<typeof searchSettings>;

/** AdamW with one cycle, which decays neither biases nor the scales of the normalisation. */
export function recognizerOptimizer({
  model,
  config: { learningRate, weightDecay },
  steps,
}: {
  readonly model: CTCRecognizer;
  readonly config: { readonly learningRate: number; readonly weightDecay: number };
  readonly steps: number;
}): { readonly optimizer: Optimizer; readonly schedule: Schedule } {
  const named = model.namedParameters();
  const weights = named.filter(([name]) => /weight/u.test(name) && !name.startsWith('norm'));
  const others = named.filter((entry) => !weights.includes(entry));
  return {
    optimizer: new AdamW([{ parameters: weights }, { parameters: others, weightDecay: 0 }], {
      learningRate,
      beta2: 0.98,
      weightDecay,
    }),
    schedule: oneCycle({ steps: Math.max(2, steps), rise: 0.2 }),
  };
}
