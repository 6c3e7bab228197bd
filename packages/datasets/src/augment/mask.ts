import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isRandom } from '../checks.ts';
import { checkFeatures, type Features } from '../features.ts';
import type { RandomSource } from '../random-source.ts';

export interface MaskOptions {
  /** How many masks */
  readonly count: number;
  /** Each is 0 … maxWidth wide, uniformly */
  readonly maxWidth: number;
  /** What stands in the masked places; 0, the mean of normalised features, by default */
  readonly value?: number | undefined;
}

const maskRules: OptionRules<MaskOptions> = {
  count: is.integer(0),
  maxWidth: is.integer(0),
  value: is.optional(is.number()),
};

/**
 * Hides whole steps: SpecAugment's time masks (Park et al. 2019). A mask covers at most half of the sequence.
 *
 * @returns new features `[T, D]`
 * @throws ArgumentError
 */
export function maskTime(features: Features, options: MaskOptions, random: RandomSource): Features {
  checkFeatures('maskTime', features);
  return mask(
    'maskTime',
    features,
    options,
    random,
    Math.floor(features.steps / 2),
    features.steps,
    (data, start, width, value) => data.fill(value, start * features.size, (start + width) * features.size),
  );
}

/**
 * Hides neighbouring features in every step: SpecAugment's frequency masks (Park et al. 2019). A mask covers at most
 * half of them.
 *
 * @returns new features `[T, D]`
 * @throws ArgumentError
 */
export function maskFrequency(features: Features, options: MaskOptions, random: RandomSource): Features {
  checkFeatures('maskFrequency', features);
  return mask(
    'maskFrequency',
    features,
    options,
    random,
    Math.floor(features.size / 2),
    features.size,
    (data, start, width, value) => {
      for (let step = 0; step < features.steps; step++)
        data.fill(value, step * features.size + start, step * features.size + start + width);
    },
  );
}

function mask(
  where: string,
  features: Features,
  options: MaskOptions,
  random: RandomSource,
  limit: number,
  extent: number,
  hide: (data: Float32Array, start: number, width: number, value: number) => void,
): Features {
  checkOptions(where, options, maskRules);
  checkValue(where, 'random', random, isRandom);
  const { count, maxWidth, value = 0 } = options;
  const data = features.data.slice();
  for (let i = 0; i < count; i++) {
    const width = Math.min(limit, random.integer(maxWidth + 1));
    hide(data, random.integer(extent - width + 1), width, value);
  }
  return { ...features, data };
}
