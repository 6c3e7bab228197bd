import { UsageError } from '@timestep/app-shared';
import { defaultFeatures, type FeatureOptions } from '../data/features.ts';

/** Everything that a saved model needs besides its numbers; the JSON file beside the weights. */
export interface ModelConfig {
  readonly format: 'timestep-speech';
  readonly version: 1;
  readonly features: FeatureOptions;
  /** The convolution that makes the network's steps out of several frames */
  readonly convolution: { readonly size: number; readonly kernel: number; readonly stride: number };
  readonly hiddenSize: number;
  readonly layers: number;
  readonly dropout: number;
}

export const defaultConfig: ModelConfig = {
  format: 'timestep-speech',
  version: 1,
  features: defaultFeatures,
  convolution: { size: 128, kernel: 5, stride: 3 },
  hiddenSize: 128,
  layers: 2,
  dropout: 0.3,
};

/** Each number of a configuration: where it is and what it may be. */
const numbers: readonly (readonly [path: string, least: number, most: number])[] = [
  ['features.sampleRate', 1000, 200_000],
  ['features.bands', 1, 512],
  ['features.windowSeconds', 0.001, 1],
  ['features.hopSeconds', 0.001, 1],
  ['convolution.size', 1, 8192],
  ['convolution.kernel', 1, 64],
  ['convolution.stride', 1, 64],
  ['hiddenSize', 1, 8192],
  ['layers', 1, 16],
  ['dropout', 0, 0.99],
];

/**
 * Reads a model's configuration.
 *
 * @throws UsageError that names the file and the first field at fault
 */
export function parseConfig(text: string, file: string): ModelConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`[model] ${file} is not JSON (${(error as Error).message}); train or copy the model again`, { cause: error });
  }
  const field = (path: string): unknown => path.split('.').reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined), value);
  if (field('format') !== 'timestep-speech' || field('version') !== 1) {
    throw new UsageError(`[model] ${file} does not describe a model of this app: expected "format": "timestep-speech" and "version": 1; pass --model a file that the train command wrote`);
  }
  for (const [path, least, most] of numbers) {
    const number = field(path);
    if (typeof number !== 'number' || !(number >= least && number <= most)) throw new UsageError(`[model] ${file}: expected "${path}" to be a number in ${least}…${most}, got ${JSON.stringify(number)}; train or copy the model again`);
  }
  return value as ModelConfig;
}
