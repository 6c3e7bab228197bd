import { type ModelConfig, parseConfig, UsageError } from '@timestep/app-shared';
import { featureCount } from '../ink/features.ts';

/** Everything that a saved model needs besides its numbers; the JSON file beside the weights. */
export interface HandwritingConfig extends ModelConfig {
  /** Class k + 1 is the character number k; class 0 is CTC's blank */
  readonly alphabet: readonly string[];
}

const format = 'timestep-handwriting';

export function configFor(alphabet: readonly string[]): HandwritingConfig {
  return {
    format,
    version: 1,
    alphabet,
    inputSize: featureCount,
    classes: alphabet.length + 1,
    convolution: { size: 96, kernel: 7, stride: 2 },
    hiddenSize: 96,
    layers: 2,
    dropout: 0.2,
  };
}

/** @throws UsageError that names the file and the first field at fault */
export function parseHandwritingConfig(text: string, file: string): HandwritingConfig {
  const config = parseConfig(text, file, format) as HandwritingConfig;
  const { alphabet, classes, inputSize } = config as { alphabet: unknown; classes: number; inputSize: number };
  if (
    !Array.isArray(alphabet) ||
    alphabet.length !== classes - 1 ||
    !alphabet.every((one) => typeof one === 'string' && one !== '')
  ) {
    throw new UsageError(
      `[model] ${file}: expected "alphabet" to be a list of ${classes - 1} characters; train or copy the model again`,
    );
  }
  if (inputSize !== featureCount)
    throw new UsageError(
      `[model] ${file}: expected "inputSize" to be ${featureCount}, got ${inputSize}; the model is of another version of this app, train it again`,
    );
  return config;
}
