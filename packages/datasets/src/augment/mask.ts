import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { isRandom } from '../checks.ts';
import { checkFeatures, type Features } from '../features.ts';
import type { RandomSource } from '../random-source.ts';

/** The options of `maskTime` and `maskFrequency`. */
export interface MaskOptions {
  /** The number of masks */
  readonly count: number;
  /** The width of each mask is drawn uniformly from 0 … maxWidth */
  readonly maxWidth: number;
  /** The value of masked elements. 0 by default, the mean of normalised features */
  readonly value?: number | undefined;
}

const maskRules: OptionRules<MaskOptions> = {
  count: is.integer(0),
  maxWidth: is.integer(0),
  value: is.optional(is.number()),
};

/**
 * Masks whole steps, like SpecAugment's time masks (Park et al. 2019). A mask covers at most half of the sequence.
 *
 * @returns new features `[T, D]`
 * @throws ArgumentError for wrong features or options
 * @example
 * maskTime(features, { count: 2, maxWidth: 10 }, new Generator(1));
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
 * Masks neighbouring features in every step, like SpecAugment's frequency masks (Park et al. 2019). A mask covers at
 * most half of the features.
 *
 * @returns new features `[T, D]`
 * @throws ArgumentError for wrong features or options
 * @example
 * maskFrequency(features, { count: 1, maxWidth: 8 }, new Generator(1));
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
