import { cast, full, max, notEqual, type Tensor } from '@timestep/core';
import { Dropout, Embedding, Linear } from '@timestep/layers';
import { transposed } from '../../onnx/gates.ts';
import { activationOf } from '../activations.ts';
import type { KerasLayer, LayerSource } from '../layer.ts';
import { Value, zeroWhereMasked } from '../value.ts';
import type { WeightReader } from '../weight-reader.ts';
import { pointwise, unary } from './unary.ts';

/** Options that only training uses, for `kernel`, `bias` and so on. */
export function ignoreTraining({ config }: LayerSource, ...parts: readonly string[]): void {
  config.ignore(...parts.flatMap((part) => [`${part}_initializer`, `${part}_regularizer`, `${part}_constraint`]));
  config.ignore('activity_regularizer');
}

/** Zeros instead of random numbers, because the weights come from the file. */
export const zeroed = (shape: readonly number[]): Float32Array =>
  new Float32Array(shape.reduce((product, length) => product * length, 1));

/** A Linear from a kernel `[D, P]` and a bias `[P]`. */
export function linearFrom(
  weights: WeightReader,
  { builder, config }: Pick<LayerSource, 'builder' | 'config'>,
  units: number,
): Linear {
  const bias = config.flag('use_bias', true) ? weights.take('vars/1', [units]).data : null;
  const { shape, data } = weights.take('vars/0', [null, units]);
  const inputSize = shape[0]!;
  const linear = builder.own(
    new Linear({
      backend: builder.backend,
      inputSize,
      outputSize: units,
      bias: bias !== null,
      initializer: zeroed,
    }),
  );
  linear.weight.assign(transposed(data, inputSize, units));
  if (bias) linear.bias!.assign(bias);
  return linear;
}

function dense(source: LayerSource): KerasLayer {
  const { config, weights } = source;
  ignoreTraining(source, 'kernel', 'bias');
  config.only('quantization_config', null);
  config.only('lora_rank', null);
  const activation = activationOf(source);
  const linear = linearFrom(weights, source, config.size('units'));
  return pointwise((x) => activation(linear.forward(asFloat(x))), linear);
}

/** Numbers of any kind as f32. */
export function asFloat(x: Tensor): Tensor {
  return x.dtype === 'f32' ? x : cast(x, 'f32');
}

function embedding(source: LayerSource): KerasLayer {
  const { config, weights, builder } = source;
  ignoreTraining(source, 'embeddings');
  config.only('quantization_config', null);
  config.only('lora_rank', null);
  // Keras 3 reads the length of the sequences from the input.
  config.ignore('input_length');
  const maskZero = config.flag('mask_zero', false);
  const [numEmbeddings, embeddingSize] = [config.size('input_dim'), config.size('output_dim')];
  const { data } = weights.take('vars/0', [numEmbeddings, embeddingSize]);
  const table = builder.own(
    new Embedding({ backend: builder.backend, numEmbeddings, embeddingSize, initializer: zeroed }),
  );
  table.weight.assign(data);
  return unary((x, { masksFromData }) => {
    const rows = x.pointwise((tokens) => table.forward(tokens.dtype === 'i32' ? tokens : cast(tokens, 'i32')));
    if (!masksFromData || !maskZero) return maskZero ? rows : rows.masked(null);
    const tokens = x.tensor;
    const tensor = notEqual(tokens, full(tokens.backend, [], 0, { dtype: tokens.dtype }));
    return rows.masked({ tensor, lengths: null });
  }, table);
}

function masking({ config }: LayerSource): KerasLayer {
  const maskValue = config.number('mask_value', 0);
  return unary((x, { masksFromData }) => {
    // A step counts if it differs from the mask value in any feature.
    const given = asFloat(x.tensor);
    const differs = notEqual(given, full(given.backend, [], maskValue));
    const counts = max(differs, -1);
    const tensor = zeroWhereMasked(given, counts);
    return Value.of(tensor, masksFromData ? { tensor: counts, lengths: null } : x.mask);
  });
}

function dropout({ config, weights, builder }: LayerSource): KerasLayer {
  config.ignore('seed', 'noise_shape');
  weights.ignore('seed_generator');
  const layer = builder.own(new Dropout({ rate: config.number('rate') }));
  return pointwise((x) => layer.forward(x), layer);
}

function spatialDropout(source: LayerSource): KerasLayer {
  const { config, weights, builder } = source;
  config.ignore('seed', 'noise_shape', 'data_format');
  weights.ignore('seed_generator');
  // One mask for all steps, which are the first axis here.
  const layer = builder.own(new Dropout({ rate: config.number('rate'), locked: true }));
  return unary((x) => Value.ofTime(layer.forward(x.timeFirst), x.mask), layer);
}

/** Noise that is only added during training. */
function noise({ className, where, config, weights, builder }: LayerSource): KerasLayer {
  config.ignore('seed', 'rate', 'stddev', 'noise_shape', 'l1', 'l2');
  weights.ignore('seed_generator');
  builder.note(`${where} (${className})`);
  return pointwise((x) => x);
}

function input({ config }: LayerSource): KerasLayer {
  config.ignore('batch_shape', 'batch_input_shape', 'input_shape', 'dtype');
  for (const key of ['sparse', 'ragged', 'optional']) config.only(key, false);
  return pointwise((x) => x);
}

export const coreLayers = {
  InputLayer: input,
  Dense: dense,
  Embedding: embedding,
  Masking: masking,
  Dropout: dropout,
  SpatialDropout1D: spatialDropout,
  GaussianDropout: noise,
  GaussianNoise: noise,
  AlphaDropout: noise,
  ActivityRegularization: noise,
  Identity: () => pointwise((x) => x),
};
