import { add, divide, max, maximum, mean, reshape, sum, tensor, cast, type Tensor } from '@timestep/core';
import * as v from 'valibot';
import { ensure } from '../../errors.ts';
import type { KerasLayer, LayerSource } from '../layer.ts';
import { zeroWhereMasked } from '../value.ts';
import { overSteps, single } from './convolution.ts';
import { whole } from './unary.ts';
import { countWindows, padSteps, paddingOf, taps, type Windows } from './windows.ts';

function readWindows({ config }: LayerSource) {
  const size = config.get('pool_size', single);
  const stride = config.get('strides', v.nullable(single), null) ?? size;
  const windows: Windows = { size, stride, dilation: 1 };
  return {
    windows,
    kind: config.get('padding', v.picklist(['valid', 'same']), 'valid'),
    isLast: config.text('data_format', 'channels_last') !== 'channels_first',
  };
}

function windowed(source: LayerSource, body: (padded: Tensor[], counts: Tensor) => Tensor, filler: number): KerasLayer {
  const { windows, kind, isLast } = readWindows(source);
  return whole((given) =>
    overSteps(given, isLast, (x) => {
      const steps = x.shape[1]!;
      const padding = paddingOf(kind, steps, windows);
      const count = countWindows(steps + padding[0] + padding[1], windows);
      ensure(
        count > 0,
        'UNSUPPORTED_MODEL',
        () => `[keras] ${source.where} pools ${windows.size} steps, its input has ${steps}`,
      );
      // The number of real steps in each window.
      const counts = Float32Array.from({ length: count }, (_, n) => {
        const from = n * windows.stride - padding[0];
        return Math.min(from + windows.size, steps) - Math.max(from, 0);
      });
      return body(taps(padSteps(x, padding, filler), windows), tensor(x.backend, counts, { shape: [1, count, 1] }));
    }),
  );
}

/** The position of the time axis, and whether the reduced axis is kept. */
function readGlobal({ config }: LayerSource) {
  const isLast = config.text('data_format', 'channels_last') !== 'channels_first';
  return { axis: isLast ? 1 : 2, isLast, keepAxes: config.flag('keepdims', false) };
}

export const poolingLayers = {
  MaxPooling1D: (source: LayerSource) => windowed(source, (parts) => parts.reduce(maximum), -Infinity),
  AveragePooling1D: (source: LayerSource) => windowed(source, (parts, counts) => divide(parts.reduce(add), counts), 0),
  GlobalMaxPooling1D: (source: LayerSource) => {
    const { axis, keepAxes } = readGlobal(source);
    return whole((x) => max(x, axis, { keepAxes }));
  },
  GlobalAveragePooling1D: (source: LayerSource) => {
    const { axis, isLast, keepAxes } = readGlobal(source);
    return whole((x, mask) => {
      if (!mask) return mean(x, axis, { keepAxes });
      const kept = overSteps(x, isLast, (steps) => zeroWhereMasked(steps, mask.tensor));
      const counts = sum(cast(mask.tensor, 'f32'), 1);
      const total = sum(kept, axis, { keepAxes });
      return divide(total, reshape(counts, [counts.size, ...total.shape.slice(1).map(() => 1)]));
    });
  },
};
