import { expand, reshape, slice, transpose, type Tensor } from '@timestep/core';
import * as v from 'valibot';
import { ensure } from '../../errors.ts';
import type { KerasLayer, LayerSource } from '../layer.ts';
import { overSteps, single } from './convolution.ts';
import { whole } from './unary.ts';
import { padSteps } from './windows.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31 - 1));
const pair = v.pipe(
  v.union([count, v.pipe(v.array(count), v.length(2))]),
  v.transform((value): [number, number] => (Array.isArray(value) ? [value[0]!, value[1]!] : [value, value])),
);

function flatten({ config }: LayerSource): KerasLayer {
  const isLast = config.text('data_format', 'channels_last') !== 'channels_first';
  return whole((x) => {
    const moved = isLast || x.rank < 3 ? x : transpose(x, [0, ...x.shape.slice(2).map((_, k) => k + 2), 1]);
    return reshape(moved, [x.shape[0]!, x.shape.slice(1).reduce((product, length) => product * length, 1)]);
  });
}

function reshaped({ config, where }: LayerSource): KerasLayer {
  const target = config.get('target_shape', v.array(v.pipe(v.number(), v.integer(), v.minValue(-1))));
  return whole((x) => {
    const known = target.reduce((product, length) => (length === -1 ? product : product * length), 1);
    const given = x.shape.slice(1).reduce((product, length) => product * length, 1);
    const shape = target.map((length) => (length === -1 ? given / known : length));
    ensure(
      shape.reduce((product, length) => product * length, 1) === given && shape.every(Number.isInteger),
      'UNSUPPORTED_MODEL',
      () => `[keras] ${where} reshapes [${x.shape.slice(1).join(', ')}] to [${target.join(', ')}], which does not fit`,
    );
    return reshape(x, [x.shape[0]!, ...shape]);
  });
}

function permuted({ config, where }: LayerSource): KerasLayer {
  const order = config.get('dims', v.array(v.pipe(v.number(), v.integer())));
  ensure(
    [...order].sort((a, b) => a - b).every((axis, place) => axis === place + 1),
    'MALFORMED_FILE',
    () => `[keras] ${where} permutes the axes ${order.join(', ')}, expected each of 1 to ${order.length} once`,
  );
  return whole((x) => {
    ensure(
      x.rank === order.length + 1,
      'UNSUPPORTED_MODEL',
      () => `[keras] ${where} permutes ${order.length} axes, its input has ${x.rank - 1}`,
    );
    return transpose(x, [0, ...order]);
  });
}

/** Repeats each step a number of times. */
function repeatSteps(x: Tensor, times: number): Tensor {
  const [batch, steps, features] = x.shape as [number, number, number];
  return reshape(expand(reshape(x, [batch, steps, 1, features]), [batch, steps, times, features]), [
    batch,
    steps * times,
    features,
  ]);
}

function cropping({ config, where }: LayerSource): KerasLayer {
  const [before, after] = config.get('cropping', pair);
  return whole((x) => {
    const steps = x.shape[1]!;
    ensure(
      before + after < steps,
      'UNSUPPORTED_MODEL',
      () => `[keras] ${where} crops ${before} and ${after} steps of ${steps}`,
    );
    return slice(x, 1, before, steps - after);
  });
}

export const reshapingLayers = {
  Flatten: flatten,
  Reshape: reshaped,
  Permute: permuted,
  RepeatVector: ({ config }: LayerSource) => {
    const times = config.size('n');
    return whole((x) => expand(reshape(x, [x.shape[0]!, 1, x.shape[1]!]), [x.shape[0]!, times, x.shape[1]!]));
  },
  ZeroPadding1D: ({ config }: LayerSource) => {
    const padding = config.get('padding', pair);
    const isLast = config.text('data_format', 'channels_last') !== 'channels_first';
    return whole((x) => overSteps(x, isLast, (steps) => padSteps(steps, padding)));
  },
  Cropping1D: cropping,
  UpSampling1D: ({ config }: LayerSource) => {
    const times = config.get('size', single);
    return whole((x) => repeatSteps(x, times));
  },
};
