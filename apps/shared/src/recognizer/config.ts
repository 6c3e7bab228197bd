import { UsageError } from '../errors.ts';
import type { NetworkConfig } from './network.ts';

/** The contents of the JSON file beside a model's weights; an app adds its own fields. */
export interface ModelConfig extends NetworkConfig {
  /** Which app's model it is */
  readonly format: string;
  readonly version: 1;
}

/** A number of a configuration: where it is and what it may be. */
export type NumberRule = readonly [path: string, least: number, most: number];

const networkRules: readonly NumberRule[] = [
  ['inputSize', 1, 8192],
  ['classes', 2, 65_536],
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
 * @param rules of the numbers that the app adds
 * @throws UsageError that names the file and the first field at fault
 */
export function parseConfig(text: string, file: string, format: string, rules: readonly NumberRule[] = []): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`[model] ${file} is not JSON (${(error as Error).message}); train or copy the model again`, {
      cause: error,
    });
  }
  const field = (path: string): unknown =>
    path
      .split('.')
      .reduce<unknown>(
        (at, name) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined),
        value,
      );
  if (field('format') !== format || field('version') !== 1) {
    throw new UsageError(
      `[model] ${file} does not describe a model of this app: expected "format": "${format}" and "version": 1; pass --model a file that the train command wrote`,
    );
  }
  for (const [path, least, most] of [...networkRules, ...rules]) {
    const number = field(path);
    if (typeof number !== 'number' || !(number >= least && number <= most)) {
      throw new UsageError(
        `[model] ${file}: expected "${path}" to be a number in ${least}…${most}, got ${JSON.stringify(number)}; train or copy the model again`,
      );
    }
  }
  return value;
}
