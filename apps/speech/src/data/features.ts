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

/** Log-mel energies `[T, bands]` of a whole utterance, each band centred and all of them scaled to unit variance. */
export type Extractor = (samples: Float32Array, variation?: LogMelVariation) => Features;

export function createExtractor(options: FeatureOptions): Extractor {
  const logMel = createLogMel({ ...options, floor: 1e-7 });
  return (samples, variation) => normalizeFeatures(logMel(samples, variation));
}
