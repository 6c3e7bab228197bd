import {
  add,
  and,
  full,
  matmul,
  multiply,
  reshape,
  select,
  softmax,
  sum,
  tanh,
  tensor,
  type Backend,
  type Tensor,
} from '@timestep/core';
import * as v from 'valibot';
import { ensure } from '../../errors.ts';
import type { CallReader } from '../call-reader.ts';
import { KerasParameters, type KerasLayer, type LayerSource } from '../layer.ts';
import type { Compute } from '../run.ts';
import { Value, zeroWhereMasked, type Mask } from '../value.ts';

/** Makes u32 `[1, T, S]`: 1 where step t may attend to step s, which is s ≤ t. */
export function causalMask(backend: Backend, queries: number, keys: number): Tensor {
  const allowed = Uint32Array.from({ length: queries * keys }, (_, n) => (n % keys <= Math.floor(n / keys) ? 1 : 0));
  return tensor(backend, allowed, { shape: [1, queries, keys] });
}

/** Replaces the values past the lengths by 0, so that NaN there times a weight of 0 is 0. */
export function readable(x: Tensor, mask: Mask | null): Tensor {
  return mask?.lengths ? zeroWhereMasked(x, mask.tensor) : x;
}

/** Computes the attention of a query `[N, T, D]` over a value and a key `[N, S, D]`, with a given scoring function. */
function attending(score: (query: Tensor, key: Tensor) => Tensor, call: CallReader, where: string): Compute {
  const sources = call.inputs(0, 'inputs');
  const withScores = call.flag(3, 'return_attention_scores');
  const causal = call.flag(4, 'use_causal_mask');
  call.end();
  ensure(
    sources.length === 2 || sources.length === 3,
    'UNSUPPORTED_MODEL',
    () => `[keras] ${where} expects a query, a value and optionally a key, got ${sources.length} inputs`,
  );
  return (run) => {
    const [query, value, key = value] = sources.map((source) => source(run)) as [Value, Value, Value?];
    const scores = score(query.tensor, readable(key.tensor, value.mask));
    const [batch, steps, places] = scores.shape as [number, number, number];
    const parts = [
      ...(causal ? [causalMask(run.backend, steps, places)] : []),
      ...(value.mask ? [reshape(value.mask.tensor, [batch, 1, places])] : []),
    ];
    const masked = parts.length === 0 ? scores : select(parts.reduce(and), scores, full(run.backend, [], -1e9));
    const weights = softmax(masked);
    const context = matmul(weights, readable(value.tensor, value.mask));
    const output = query.mask ? zeroWhereMasked(context, query.mask.tensor) : context;
    return [Value.of(output), ...(withScores ? [Value.of(weights)] : [])];
  };
}

/** tanh(q + k) for every pair of a query and a key: `[N, T, S, D]`. */
function pairs(query: Tensor, key: Tensor, scale: (x: Tensor) => Tensor = (x) => x): Tensor {
  const [batch, steps, size] = query.shape as [number, number, number];
  const wide = reshape(query, [batch, steps, 1, size]);
  return tanh(scale(add(wide, reshape(key, [batch, 1, key.shape[1]!, size]))));
}

function dotAttention(source: LayerSource): KerasLayer {
  const { config, weights, builder, where } = source;
  readDropout(source);
  const useScale = config.flag('use_scale', false);
  const mode = config.get('score_mode', v.picklist(['dot', 'concat']), 'dot');
  const scale = useScale ? weights.take('vars/0', []) : null;
  const concatenated = mode === 'concat' ? weights.take(`vars/${useScale ? 1 : 0}`, []) : null;
  const parameters = builder.own(new KerasParameters(builder.backend, { scale, concat_score_weight: concatenated }));
  const scaled = (x: Tensor) => (useScale ? multiply(x, parameters.get('scale')) : x);
  const score = (query: Tensor, key: Tensor) =>
    mode === 'dot'
      ? scaled(matmul(query, key, { transposeB: true }))
      : multiply(sum(pairs(query, key, scaled), -1), parameters.get('concat_score_weight'));
  return { module: parameters, bind: (call) => attending(score, call, where) };
}

function additiveAttention(source: LayerSource): KerasLayer {
  const { config, weights, builder, where } = source;
  readDropout(source);
  const useScale = config.flag('use_scale', true);
  const scale = useScale ? weights.take('vars/0', [null]) : null;
  const parameters = builder.own(new KerasParameters(builder.backend, { scale }));
  const score = (query: Tensor, key: Tensor) => {
    const each = pairs(query, key);
    return sum(useScale ? multiply(each, parameters.get('scale')) : each, -1);
  };
  return { module: parameters, bind: (call) => attending(score, call, where) };
}

/** Dropout of the weights. Keras applies it only during training. */
export function readDropout({ config, weights, builder, where }: LayerSource): void {
  config.ignore('seed');
  weights.ignore('seed_generator');
  if (config.number('dropout', 0) > 0) builder.note(`${where} (dropout of its attention)`);
}

export const attentionLayers = { Attention: dotAttention, AdditiveAttention: additiveAttention };
