import { affine, clamp, full, greaterEqual, multiply, negative, relu, select, softmax, subtract } from '@timestep/core';
import * as v from 'valibot';
import { activationOf, elu, leakyRelu } from '../activations.ts';
import { KerasParameters, type LayerSource } from '../layer.ts';
import { asFloat, ignoreTraining } from './core.ts';
import { axisOf } from './axes.ts';
import { pointwise, whole } from './unary.ts';

function rectifier({ config }: LayerSource) {
  const limit = config.get('max_value', v.nullable(v.number()), null);
  const [slope, threshold] = [config.number('negative_slope', 0), config.number('threshold', 0)];
  return pointwise((given) => {
    const x = asFloat(given);
    // x where x ≥ threshold, else slope·(x − threshold).
    const made = select(greaterEqual(x, full(x.backend, [], threshold)), x, affine(x, slope, -slope * threshold));
    return limit === null ? made : clamp(made, -Infinity, limit);
  });
}

function parametric(source: LayerSource) {
  const { config, weights, builder } = source;
  ignoreTraining(source, 'alpha');
  config.get('shared_axes', v.nullable(v.array(v.number())), null);
  const shape = weights.shapeOf('vars/0');
  const parameters = builder.own(new KerasParameters(builder.backend, { alpha: weights.take('vars/0', shape) }));
  return whole((x) => subtract(relu(x), multiply(parameters.get('alpha'), relu(negative(x)))), {
    module: parameters,
    keepsMask: true,
  });
}

function softmaxLayer({ config, where }: LayerSource) {
  const axes = [config.get('axis', v.union([v.number(), v.array(v.number())]), -1)].flat();
  const axis = axisOf(axes, where);
  return axis === -1 ? pointwise((x) => softmax(x)) : whole((x) => softmax(x, axis), { keepsMask: true });
}

export const activationLayers = {
  Activation: (source: LayerSource) => {
    const activation = activationOf(source);
    return pointwise((x) => activation(asFloat(x)));
  },
  ReLU: rectifier,
  LeakyReLU: ({ config }: LayerSource) => {
    const slope = config.number('negative_slope', 0.3);
    return pointwise((x) => leakyRelu(x, slope));
  },
  ELU: ({ config }: LayerSource) => {
    const alpha = config.number('alpha', 1);
    return pointwise((x) => elu(x, alpha));
  },
  PReLU: parametric,
  Softmax: softmaxLayer,
};
