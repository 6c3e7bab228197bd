import { type ModelConfig, parseConfig } from '@timestep/app-shared';
import { defaultFeatures, type FeatureOptions } from '../data/features.ts';

/** Class 0 is CTC's blank, class d + 1 the digit d. */
export const classes = 11;

/** Everything that a saved model needs besides its numbers; the JSON file beside the weights. */
export interface SpeechConfig extends ModelConfig {
  readonly features: FeatureOptions;
}

const format = 'timestep-speech';

export const defaultConfig: SpeechConfig = {
  format,
  version: 1,
  features: defaultFeatures,
  inputSize: defaultFeatures.bands,
  classes,
  convolution: { size: 128, kernel: 5, stride: 3 },
  hiddenSize: 128,
  layers: 2,
  dropout: 0.3,
};

/** @throws UsageError that names the file and the first field at fault */
export function parseSpeechConfig(text: string, file: string): SpeechConfig {
  return parseConfig(text, file, format, [
    ['features.sampleRate', 1000, 200_000],
    ['features.bands', 1, 512],
    ['features.windowSeconds', 0.001, 1],
    ['features.hopSeconds', 0.001, 1],
  ]) as SpeechConfig;
}
