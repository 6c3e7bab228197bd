import { BahdanauAttention, LuongAttention, type Attention } from '@timestep/layers';
import { InteropError } from '../../errors.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { stepsBelow } from './lengths.ts';
import { product, scalar } from './parts.ts';

/**
 * The prepared outputs of an encoder: values `[N, S, K]`, keys `[N, S, …]`, and the mask `[N, 1, S]` of the steps that
 * count.
 */
export interface OnnxMemory {
  readonly values: OnnxValue;
  readonly keys: OnnxValue;
  readonly mask: OnnxValue | null;
}

const cube = { dtype: 'f32', rank: 3 } as const;

/**
 * Adds `attention.remember(outputs, lengths)` to a graph.
 *
 * @param outputs the outputs of the encoder, `[S, N, K]`
 * @throws InteropError `UNSUPPORTED_MODEL` for another attention than Bahdanau's and Luong's
 * @example
 * const memory = exportMemory(graph, attention, encoderOutputs, lengths);
 */
export function exportMemory(
  graph: OnnxGraph,
  attention: Attention,
  outputs: OnnxValue,
  lengths: OnnxValue | null,
): OnnxMemory {
  const values = graph.one('Transpose', [outputs], { perm: [1, 0, 2] }, cube);
  const { weight_key } = known(attention);
  const keys = weight_key ? product(graph, values, weight_key) : values;
  const mask =
    lengths &&
    graph.one('Transpose', [stepsBelow(graph, outputs, lengths)], { perm: [1, 2, 0] }, { dtype: 'bool', rank: 3 });
  return { values, keys, mask };
}

/**
 * Adds `attention.forward(queries, memory)` to a graph.
 *
 * @param queries `[T, N, Q]`
 * @returns the context `[T, N, K]` and the weights `[T, N, S]`
 * @throws InteropError `UNSUPPORTED_MODEL` for another attention than Bahdanau's and Luong's
 * @example
 * const { context, weights } = exportAttention(graph, attention, queries, memory);
 */
export function exportAttention(
  graph: OnnxGraph,
  attention: Attention,
  queries: OnnxValue,
  { values, keys, mask }: OnnxMemory,
): { readonly context: OnnxValue; readonly weights: OnnxValue } {
  const back = (value: OnnxValue) => graph.one('Transpose', [value], { perm: [1, 0, 2] }, cube);
  const scores = exportScores(graph, known(attention), back(queries), keys);
  const masked = mask ? graph.one('Where', [mask, scores, scalar(graph, -1e30)], {}, cube) : scores;
  const shares = graph.one('Softmax', [masked], { axis: -1 }, cube);
  const weights = mask ? graph.one('Where', [mask, shares, scalar(graph, 0)], {}, cube) : shares;
  return { context: back(graph.one('MatMul', [weights, values], {}, cube)), weights: back(weights) };
}

/** queries `[N, T, Q]`, keys → `[N, T, S]` */
function exportScores(
  graph: OnnxGraph,
  attention: BahdanauAttention | LuongAttention,
  queries: OnnxValue,
  keys: OnnxValue,
): OnnxValue {
  if (attention instanceof LuongAttention)
    return graph.one('MatMul', [queries, graph.one('Transpose', [keys], { perm: [0, 2, 1] }, cube)], {}, cube);
  const pairs = { dtype: 'f32', rank: 4 } as const;
  const asked = graph.one(
    'Unsqueeze',
    [product(graph, queries, attention.weight_query), graph.integers([2])],
    {},
    pairs,
  );
  const compared = graph.one(
    'Tanh',
    [graph.one('Add', [asked, graph.one('Unsqueeze', [keys, graph.integers([1])], {}, pairs)], {}, pairs)],
    {},
    pairs,
  );
  const column = graph.parameter(
    'attention_score',
    [attention.weight_score],
    [attention.weight_score.size, 1],
    ([contents]) => contents!,
  );
  return graph.one('Squeeze', [graph.one('MatMul', [compared, column], {}, pairs), graph.integers([3])], {}, cube);
}

function known(attention: Attention): BahdanauAttention | LuongAttention {
  if (attention instanceof BahdanauAttention || attention instanceof LuongAttention) return attention;
  throw new InteropError(
    'UNSUPPORTED_MODEL',
    `[onnx] the attention ${attention.typeName} cannot be exported; BahdanauAttention and LuongAttention can`,
  );
}
