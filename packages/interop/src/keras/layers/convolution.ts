import { add, concat, matmul, multiply, reshape, slice, transpose, type Tensor } from '@timestep/core';
import * as v from 'valibot';
import { ensure } from '../../errors.ts';
import { activationOf } from '../activations.ts';
import { KerasParameters, type KerasLayer, type LayerSource } from '../layer.ts';
import { ignoreTraining } from './core.ts';
import { whole } from './unary.ts';
import { padSteps, paddingOf, taps, type Windows } from './windows.ts';

const padding = v.picklist(['valid', 'same', 'causal']);
/** A number, or a list of one. */
export const single = v.pipe(
  v.union([v.number(), v.pipe(v.array(v.number()), v.length(1))]),
  v.transform((value) => [value].flat()[0]!),
  v.integer(),
  v.minValue(1),
  v.maxValue(2 ** 31 - 1),
);

/** The options that all one-dimensional convolutions share. */
function readWindows({ config }: LayerSource) {
  config.only('lora_rank', null);
  config.only('lora_alpha', null);
  config.only('rank', 1);
  config.only('quantization_config', null);
  return {
    windows: {
      size: config.get('kernel_size', single),
      stride: config.get('strides', single, 1),
      dilation: config.get('dilation_rate', single, 1),
    },
    kind: config.get('padding', padding, 'valid'),
    isLast: isChannelsLast(config.text('data_format', 'channels_last')),
    useBias: config.flag('use_bias', true),
  };
}

function isChannelsLast(format: string): boolean {
  return format !== 'channels_first';
}

/** Runs a body on `[N, T, C]`, whichever axis holds the channels. */
export function overSteps(x: Tensor, isLast: boolean, body: (x: Tensor) => Tensor): Tensor {
  return isLast ? body(x) : transpose(body(transpose(x, [0, 2, 1])), [0, 2, 1]);
}

/** `[N, T, C]` by a kernel `[size, C, P]`. */
function correlate(x: Tensor, kernel: Tensor, windows: Windows): Tensor {
  const [size, channels, filters] = kernel.shape as [number, number, number];
  return matmul(concat(taps(x, windows), 2), reshape(kernel, [size * channels, filters]));
}

/** `[N, T, C]` by a kernel `[size, C, M]` that doesn't mix the channels: `[N, T', C·M]`. */
function correlateEach(x: Tensor, kernel: Tensor, windows: Windows): Tensor {
  const [size, channels, multiplier] = kernel.shape as [number, number, number];
  const parts = taps(x, windows);
  const [batch, count] = parts[0]!.shape as [number, number];
  const products = parts.map((part, k) =>
    multiply(reshape(part, [batch, count, channels, 1]), reshape(slice(kernel, 0, k, k + 1), [channels, multiplier])),
  );
  ensure(size > 0, 'INVALID_TENSOR', () => '[keras] a kernel has no steps');
  return reshape(products.reduce(add), [batch, count, channels * multiplier]);
}

function conv1d(source: LayerSource): KerasLayer {
  const { config, weights, builder } = source;
  ignoreTraining(source, 'kernel', 'bias');
  const { windows, kind, isLast, useBias } = readWindows(source);
  const [filters, groups] = [config.size('filters'), config.get('groups', single, 1)];
  const activation = activationOf(source);
  const parameters = builder.own(
    new KerasParameters(builder.backend, {
      kernel: weights.take('vars/0', [windows.size, null, filters]),
      bias: useBias ? weights.take('vars/1', [filters]) : null,
    }),
  );
  return whole(
    (given) =>
      overSteps(given, isLast, (x) => {
        const kernel = parameters.get('kernel');
        const padded = padSteps(x, paddingOf(kind, x.shape[1]!, windows));
        const [inside, outside] = [kernel.shape[1]!, filters / groups];
        const parts = Array.from({ length: groups }, (_, group) =>
          groups === 1
            ? correlate(padded, kernel, windows)
            : correlate(
                slice(padded, 2, group * inside, (group + 1) * inside),
                slice(kernel, 2, group * outside, (group + 1) * outside),
                windows,
              ),
        );
        const made = parts.length === 1 ? parts[0]! : concat(parts, 2);
        const bias = parameters.find('bias');
        return activation(bias ? add(made, bias) : made);
      }),
    { module: parameters },
  );
}

function depthwise(source: LayerSource): KerasLayer {
  const { config, weights, builder } = source;
  ignoreTraining(source, 'kernel', 'bias', 'depthwise');
  config.ignore('filters', 'groups');
  const { windows, kind, isLast, useBias } = readWindows(source);
  const multiplier = config.get('depth_multiplier', single, 1);
  const activation = activationOf(source);
  const kernel = weights.take('vars/0', [windows.size, null, multiplier]);
  const bias = useBias ? weights.take('vars/1', [kernel.shape[1]! * multiplier]) : null;
  const parameters = builder.own(new KerasParameters(builder.backend, { kernel, bias }));
  return whole(
    (given) =>
      overSteps(given, isLast, (x) => {
        const padded = padSteps(x, paddingOf(kind, x.shape[1]!, windows));
        const made = correlateEach(padded, parameters.get('kernel'), windows);
        return activation(bias ? add(made, parameters.get('bias')) : made);
      }),
    { module: parameters },
  );
}

function separable(source: LayerSource): KerasLayer {
  const { config, weights, builder } = source;
  ignoreTraining(source, 'kernel', 'bias', 'depthwise', 'pointwise');
  config.ignore('groups');
  const { windows, kind, isLast, useBias } = readWindows(source);
  const [filters, multiplier] = [config.size('filters'), config.get('depth_multiplier', single, 1)];
  const activation = activationOf(source);
  const depth = weights.take('vars/0', [windows.size, null, multiplier]);
  const point = weights.take('vars/1', [1, depth.shape[1]! * multiplier, filters]);
  const bias = useBias ? weights.take('vars/2', [filters]) : null;
  const parameters = builder.own(
    new KerasParameters(builder.backend, { depthwise_kernel: depth, pointwise_kernel: point, bias }),
  );
  return whole(
    (given) =>
      overSteps(given, isLast, (x) => {
        const padded = padSteps(x, paddingOf(kind, x.shape[1]!, windows));
        const each = correlateEach(padded, parameters.get('depthwise_kernel'), windows);
        const pointwise = parameters.get('pointwise_kernel');
        const made = matmul(each, reshape(pointwise, pointwise.shape.slice(1)));
        return activation(bias ? add(made, parameters.get('bias')) : made);
      }),
    { module: parameters },
  );
}

export const convolutionLayers = {
  Conv1D: conv1d,
  DepthwiseConv1D: depthwise,
  SeparableConv1D: separable,
};
