import {
  add,
  affine,
  and,
  full,
  matmul,
  multiply,
  notEqual,
  reshape,
  select,
  sigmoid,
  softmax,
  transpose,
  type Tensor,
} from '@timestep/core';
import * as v from 'valibot';
import { ensure } from '../../errors.ts';
import type { CallReader } from '../call-reader.ts';
import { KerasParameters, type KerasLayer, type LayerSource } from '../layer.ts';
import type { Compute } from '../run.ts';
import { Value, type Mask } from '../value.ts';
import { causalMask, readable, readDropout } from './attention.ts';
import { asFloat, ignoreTraining } from './core.ts';

const sizes = v.nullable(v.union([v.number(), v.array(v.number())]));

/** The heads of a projected `[N, T, H·K]`: `[N, H, T, K]`. */
function split(x: Tensor, heads: number): Tensor {
  const [batch, steps, width] = x.shape as [number, number, number];
  return transpose(reshape(x, [batch, steps, heads, width / heads]), [0, 2, 1, 3]);
}

function multiHeadAttention(source: LayerSource): KerasLayer {
  const { config, weights, builder, where } = source;
  ignoreTraining(source, 'kernel', 'bias');
  readDropout(source);
  config.only('sliding_window', null);
  config.only('attention_axes', null, [1], 1);
  config.ignore('flash_attention');
  const [heads, keySize] = [config.size('num_heads'), config.size('key_dim')];
  const valueSize = config.get('value_dim', v.nullable(v.number()), null) ?? keySize;
  const useBias = config.flag('use_bias', true);
  const useGate = config.flag('use_gate', false);
  const outputShape = [config.get('output_shape', sizes, null) ?? []].flat();
  ensure(
    outputShape.length <= 1,
    'UNSUPPORTED_MODEL',
    () => `[keras] ${where} has the output_shape [${outputShape.join(', ')}]; one axis can be read`,
  );
  const arrays = (name: string, shape: readonly (number | null)[], free: number) => {
    const kernel = weights.take(`${name}/vars/0`, shape);
    return {
      [`${name}.weight`]: kernel,
      [`${name}.bias`]: useBias ? weights.take(`${name}/vars/1`, kernel.shape.slice(free)) : null,
    };
  };
  const parameters = builder.own(
    new KerasParameters(builder.backend, {
      ...arrays('query_dense', [null, heads, keySize], 1),
      ...arrays('key_dense', [null, heads, keySize], 1),
      ...arrays('value_dense', [null, heads, valueSize], 1),
      ...arrays('output_dense', [heads, valueSize, outputShape[0] ?? null], 2),
      ...(useGate ? arrays('gate_dense', [null, heads, valueSize], 1) : {}),
    }),
  );
  const project = (name: string, x: Tensor): Tensor => {
    const kernel = parameters.get(`${name}.weight`);
    const inside = name === 'output_dense' ? heads * valueSize : kernel.shape[0]!;
    const made = matmul(x, reshape(kernel, [inside, kernel.size / inside]));
    const bias = parameters.find(`${name}.bias`);
    return bias ? add(made, reshape(bias, [bias.size])) : made;
  };
  const attend = (query: Value, value: Value, key: Value, mask: Tensor | null) => {
    const queries = split(project('query_dense', query.tensor), heads);
    const keys = split(project('key_dense', readable(key.tensor, key.mask)), heads);
    const values = split(project('value_dense', readable(value.tensor, value.mask)), heads);
    const scores = affine(matmul(queries, keys, { transposeB: true }), 1 / Math.sqrt(keySize));
    const none = (number: number) => full(scores.backend, [], number);
    // A row without any step that counts gives 0.
    const masked = mask ? select(mask, scores, none(-1e30)) : scores;
    const attention = mask ? select(mask, softmax(masked), none(0)) : softmax(masked);
    const [batch, steps] = query.shape as [number, number];
    const context = reshape(transpose(matmul(attention, values), [0, 2, 1, 3]), [batch, steps, heads * valueSize]);
    const gated = useGate ? multiply(context, sigmoid(project('gate_dense', query.tensor))) : context;
    return { output: project('output_dense', gated), attention };
  };
  return { module: parameters, bind: (call) => bound(call, attend) };
}

type Attend = (
  query: Value,
  value: Value,
  key: Value,
  mask: Tensor | null,
) => { readonly output: Tensor; readonly attention: Tensor };

function bound(call: CallReader, attend: Attend): Compute {
  const [queryOf, valueOf] = [call.tensor(0, 'query'), call.tensor(1, 'value')];
  const keyOf = call.optionalTensor(2, 'key');
  const maskOf = call.optionalTensor(6, 'attention_mask');
  const withScores = call.flag(7, 'return_attention_scores');
  const causal = call.flag(9, 'use_causal_mask');
  call.end();
  return (run) => {
    const [query, value] = [queryOf(run), valueOf(run)];
    const key = keyOf?.(run);
    const [, steps] = query.shape as [number, number];
    const places = value.shape[1]!;
    // Each `[…, T, S]`, with an axis for the heads.
    const ofKeys = (mask: Mask | null | undefined) =>
      mask ? [reshape(mask.tensor, [mask.tensor.shape[0]!, 1, 1, places])] : [];
    const parts = [
      ...(query.mask ? [reshape(query.mask.tensor, [query.mask.tensor.shape[0]!, 1, steps, 1])] : []),
      ...ofKeys(value.mask),
      ...ofKeys(key?.mask),
      ...(causal ? [causalMask(run.backend, steps, places)] : []),
      ...(maskOf ? [explicit(asFloat(maskOf(run).tensor))] : []),
    ];
    const mask = parts.length > 0 ? parts.reduce(and) : null;
    const { output, attention } = attend(query, value, key ?? value, mask);
    return [Value.of(output, query.mask), ...(withScores ? [Value.of(attention)] : [])];
  };
}

/** A mask that was given, `[T, S]`, `[N, T, S]` or with heads. */
function explicit(mask: Tensor): Tensor {
  const flags = notEqual(mask, full(mask.backend, [], 0));
  const [first, ...rest] = mask.shape as [number, ...number[]];
  return mask.rank === 3 ? reshape(flags, [first, 1, ...rest]) : flags;
}

export const multiHeadLayers = { MultiHeadAttention: multiHeadAttention };
