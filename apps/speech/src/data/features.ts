import { createLogMel, normalizeFeatures, type Features, type LogMelVariation } from '@timestep/datasets';
import { sampleRate } from './recordings.ts';

/** How sound becomes the rows that the network reads; saved with a model, so that it is read the same way later. */
export interface FeatureOptions {
  readonly sampleRate: number;
  readonly bands: number;
  readonly windowSeconds: number;
  readonly hopSeconds: number;
}

export const defaultFeatures: FeatureOptions = { sampleRate, bands: 40, windowSeconds: 0.025, hopSeconds: 0.0125 };

/** How one utterance departs from its recording. */
export interface Variation extends LogMelVariation {
  /** `[bands]`, added to the log energies: the frequency response of another microphone, in nepers of power */
  readonly response?: Float32Array;
}

/** Log-mel energies `[T, bands]` of a whole utterance. */
export type Extractor = (samples: Float32Array, variation?: Variation) => Features;

/**
 * One mean is taken out of the whole utterance, and all is scaled to unit variance. A mean for each band would take out
 * the microphone too, and with it what tells one short word from another: on a speaker left out of training the error
 * was half as high again.
 */
export function createExtractor(options: FeatureOptions): Extractor {
  const logMel = createLogMel({ ...options, floor: 1e-7 });
  return (samples, { response, ...variation } = {}) => {
    const features = logMel(samples, variation);
    if (response) for (let i = 0; i < features.data.length; i++) features.data[i]! += response[i % features.size]!;
    return normalizeFeatures(features, { centre: 'all' });
  };
}
