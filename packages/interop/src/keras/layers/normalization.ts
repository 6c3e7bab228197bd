import {
  add,
  affine,
  divide,
  maximum,
  mean,
  multiply,
  reshape,
  rsqrt,
  sqrt,
  square,
  subtract,
  sum,
  type Tensor,
} from '@timestep/core';
import { LayerNorm } from '@timestep/layers';
import * as v from 'valibot';
import { ensure } from '../../errors.ts';
import { KerasParameters, type KerasLayer, type LayerSource } from '../layer.ts';
import { axisOf, fromFront } from './axes.ts';
import { ignoreTraining } from './core.ts';
import { pointwise, whole } from './unary.ts';

const axes = v.union([v.number(), v.array(v.number())]);

/** A vector in the place of one axis of x. */
function along(vector: Tensor, x: Tensor, axis: number): Tensor {
  return reshape(
    vector,
    x.shape.map((_, other) => (other === axis ? vector.size : 1)),
  );
}

function batchNormalization(source: LayerSource): KerasLayer {
  const { config, weights, builder, where } = source;
  ignoreTraining(source, 'beta', 'gamma');
  config.ignore('moving_mean_initializer', 'moving_variance_initializer', 'momentum', 'synchronized');
  // Renormalisation changes training alone.
  config.ignore('renorm', 'renorm_clipping', 'renorm_momentum');
  const axis = axisOf([config.get('axis', axes, -1)].flat(), where);
  const epsilon = config.number('epsilon', 1e-3);
  const [scale, center] = [config.flag('scale', true), config.flag('center', true)];
  const [size] = weights.shapeOf('vars/0') as [number];
  let place = 0;
  const next = () => weights.take(`vars/${place++}`, [size]);
  const [gamma, beta] = [scale ? next() : null, center ? next() : null];
  const parameters = builder.own(
    new KerasParameters(builder.backend, { gamma, beta }, { moving_mean: next(), moving_variance: next() }),
  );
  if (config.has('renorm') && config.flag('renorm', false)) weights.ignore('vars');
  builder.note(`${where} (BatchNormalization, which uses its moving mean and variance)`);
  return whole(
    (x) => {
      const at = fromFront(axis, x.rank, where);
      ensure(
        x.shape[at] === size,
        'INVALID_TENSOR',
        () => `[keras] ${where} has ${size} features, its input [${x.shape.join(', ')}]`,
      );
      const inverse = rsqrt(affine(parameters.get('moving_variance'), 1, epsilon));
      const factor = scale ? multiply(inverse, parameters.get('gamma')) : inverse;
      const centred = multiply(subtract(x, along(parameters.get('moving_mean'), x, at)), along(factor, x, at));
      return center ? add(centred, along(parameters.get('beta'), x, at)) : centred;
    },
    { module: parameters, keepsMask: true },
  );
}

/** gamma and beta of a norm, and how they are applied over its axes. */
function affineOf(source: LayerSource, scale: boolean, center: boolean) {
  const { weights, builder } = source;
  const shape = scale || center ? weights.shapeOf('vars/0') : [];
  const gamma = scale ? weights.take('vars/0', shape) : null;
  const beta = center ? weights.take(`vars/${scale ? 1 : 0}`, shape) : null;
  const parameters = builder.own(new KerasParameters(builder.backend, { gamma, beta }));
  const apply = (x: Tensor, places: readonly number[]): Tensor => {
    const wide = (parameter: Tensor) =>
      reshape(
        parameter,
        x.shape.map((length, axis) => (places.includes(axis) ? length : 1)),
      );
    const scaled = scale ? multiply(x, wide(parameters.get('gamma'))) : x;
    return center ? add(scaled, wide(parameters.get('beta'))) : scaled;
  };
  return { parameters, apply };
}

function layerNormalization(source: LayerSource): KerasLayer {
  const { config, weights, builder, where } = source;
  ignoreTraining(source, 'beta', 'gamma');
  const given = [config.get('axis', axes, -1)].flat();
  const epsilon = config.number('epsilon', 1e-3);
  const [scale, center] = [config.flag('scale', true), config.flag('center', true)];
  const rms = config.flag('rms_scaling', false);
  if (given.length === 1 && given[0] === -1 && scale && center && !rms) {
    const weight = weights.take('vars/0', [null]);
    const size = weight.shape[0]!;
    const bias = weights.take('vars/1', [size]);
    const norm = builder.own(new LayerNorm({ backend: builder.backend, size, epsilon }));
    norm.weight!.assign(weight.data);
    norm.bias!.assign(bias.data);
    return pointwise((x) => norm.forward(x), norm);
  }
  const { parameters, apply } = affineOf(source, scale || rms, center && !rms);
  return whole(
    (x) => {
      const places = given.map((axis) => fromFront(axis, x.rank, where)).sort((a, b) => a - b);
      const centred = rms ? x : subtract(x, mean(x, places, { keepAxes: true }));
      // Keras scales by the variance, not by the mean of squares, under rms_scaling as well.
      const spread = rms ? subtract(x, mean(x, places, { keepAxes: true })) : centred;
      const inverse = rsqrt(affine(mean(square(spread), places, { keepAxes: true }), 1, epsilon));
      return apply(multiply(centred, inverse), places);
    },
    { module: parameters, keepsMask: true },
  );
}

function rmsNormalization(source: LayerSource): KerasLayer {
  const { config, where } = source;
  ignoreTraining(source, 'scale');
  const given = [config.get('axis', axes, -1)].flat();
  const epsilon = config.number('epsilon', 1e-6);
  const { parameters, apply } = affineOf(source, true, false);
  return whole(
    (x) => {
      const places = given.map((axis) => fromFront(axis, x.rank, where)).sort((a, b) => a - b);
      const inverse = rsqrt(affine(mean(square(x), places, { keepAxes: true }), 1, epsilon));
      return apply(multiply(x, inverse), places);
    },
    { module: parameters, keepsMask: false },
  );
}

function unitNormalization({ config, where }: LayerSource): KerasLayer {
  const given = [config.get('axis', axes, -1)].flat();
  return whole(
    (x) => {
      const places = given.map((axis) => fromFront(axis, x.rank, where)).sort((a, b) => a - b);
      const length = sqrt(sum(square(x), places, { keepAxes: true }));
      return divide(x, maximum(length, 1e-12));
    },
    { keepsMask: true },
  );
}

function groupNormalization(source: LayerSource): KerasLayer {
  const { config, where } = source;
  ignoreTraining(source, 'beta', 'gamma');
  const groups = config.get('groups', v.pipe(v.number(), v.integer()));
  const epsilon = config.number('epsilon', 1e-3);
  const axis = axisOf([config.get('axis', axes, -1)].flat(), where);
  const [scale, center] = [config.flag('scale', true), config.flag('center', true)];
  const { parameters, apply } = affineOf(source, scale, center);
  return whole(
    (x) => {
      const at = fromFront(axis, x.rank, where);
      const features = x.shape[at]!;
      const count = groups === -1 ? features : groups;
      ensure(
        count > 0 && features % count === 0,
        'UNSUPPORTED_MODEL',
        () => `[keras] ${where} has ${count} groups for ${features} features`,
      );
      const shape = [...x.shape.slice(0, at), count, features / count, ...x.shape.slice(at + 1)];
      const split = reshape(x, shape);
      const places = shape.map((_, place) => place).filter((place) => place !== 0 && place !== at);
      const centred = subtract(split, mean(split, places, { keepAxes: true }));
      const inverse = rsqrt(affine(mean(square(centred), places, { keepAxes: true }), 1, epsilon));
      return apply(reshape(multiply(centred, inverse), x.shape), [at]);
    },
    { module: parameters, keepsMask: true },
  );
}

export const normalizationLayers = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  UnitNormalization: unitNormalization,
  GroupNormalization: groupNormalization,
};
