import { BahdanauAttention, LuongAttention, type Attention } from '@timestep/layers';
import { InteropError } from '../../errors.ts';
import { transposed } from '../gates.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { stepsBelow } from './lengths.ts';

/** The outputs of an encoder, made ready: values `[N, S, K]`, keys `[N, S, …]`, and the mask `[N, 1, S]` of the steps that count. */
export interface OnnxMemory {
  readonly values: OnnxValue;
  readonly keys: OnnxValue;
  readonly mask: OnnxValue | null;
}

const cube = { dtype: 'f32', rank: 3 } as const;

/** What `attention.remember(outputs, lengths)` makes of outputs `[S, N, K]`. */
export function exportMemory(graph: OnnxGraph, attention: Attention, outputs: OnnxValue, lengths: OnnxValue | null): OnnxMemory {
  const values = graph.one('Transpose', [outputs], { perm: [1, 0, 2] }, cube);
  const keys = product(graph, values, known(attention).weight_key);
  const mask = lengths && graph.one('Transpose', [stepsBelow(graph, outputs, lengths)], { perm: [1, 2, 0] }, { dtype: 'bool', rank: 3 });
  return { values, keys, mask };
}

/** What `attention.forward(queries, memory)` answers: context `[T, N, K]` and weights `[T, N, S]`. */
export function exportAttention(graph: OnnxGraph, attention: Attention, queries: OnnxValue, { values, keys, mask }: OnnxMemory): { readonly context: OnnxValue; readonly weights: OnnxValue } {
  const back = (value: OnnxValue) => graph.one('Transpose', [value], { perm: [1, 0, 2] }, cube);
  const scores = exportScores(graph, known(attention), back(queries), keys);
  const constant = (value: number) => graph.floats(Float32Array.of(value), []);
  const masked = mask ? graph.one('Where', [mask, scores, constant(-1e30)], {}, cube) : scores;
  const shares = graph.one('Softmax', [masked], { axis: -1 }, cube);
  const weights = mask ? graph.one('Where', [mask, shares, constant(0)], {}, cube) : shares;
  return { context: back(graph.one('MatMul', [weights, values], {}, cube)), weights: back(weights) };
}

/** queries `[N, T, Q]`, keys → `[N, T, S]` */
function exportScores(graph: OnnxGraph, attention: BahdanauAttention | LuongAttention, queries: OnnxValue, keys: OnnxValue): OnnxValue {
  if (attention instanceof LuongAttention) return graph.one('MatMul', [queries, graph.one('Transpose', [keys], { perm: [0, 2, 1] }, cube)], {}, cube);
  const pairs = { dtype: 'f32', rank: 4 } as const;
  const asked = graph.one('Unsqueeze', [product(graph, queries, attention.weight_query), graph.integers([2])], {}, pairs);
  const compared = graph.one('Tanh', [graph.one('Add', [asked, graph.one('Unsqueeze', [keys, graph.integers([1])], {}, pairs)], {}, pairs)], {}, pairs);
  const column = graph.parameter('attention_score', [attention.weight_score], [attention.weight_score.size, 1], ([contents]) => contents!);
  return graph.one('Squeeze', [graph.one('MatMul', [compared, column], {}, pairs), graph.integers([3])], {}, cube);
}

/** x Wᵀ, or x where there is no W. */
function product(graph: OnnxGraph, x: OnnxValue, weight: BahdanauAttention['weight_query'] | null): OnnxValue {
  if (!weight) return x;
  const [rows, columns] = weight.shape as [number, number];
  return graph.one('MatMul', [x, graph.parameter('attention_weight', [weight], [columns, rows], ([contents]) => transposed(contents!, rows, columns))], {}, x);
}

function known(attention: Attention): BahdanauAttention | LuongAttention {
  if (attention instanceof BahdanauAttention || attention instanceof LuongAttention) return attention;
  throw new InteropError('UNSUPPORTED_MODEL', `[onnx] there is no ONNX form of the attention ${attention.constructor.name}; BahdanauAttention and LuongAttention can be exported`);
}
