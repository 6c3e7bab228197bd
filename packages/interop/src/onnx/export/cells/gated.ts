import type { Tensor } from '@timestep/core';
import { GRUCell, LSTMCell, MGUCell, RNNCell, type LayerNorm } from '@timestep/layers';
import type { OnnxGraph, OnnxValue } from '../graph.ts';
import { add, complement, cut, multiply, product, rowOf, whole } from '../parts.ts';
import { exactly } from './exactly.ts';

export const exportRNNCell = exactly(RNNCell, ({ weight_ih, weight_hh, bias_ih, bias_hh, activation }) => ({
  prepare: (graph, x) => [product(graph, x, weight_ih, bias_ih)],
  step: (graph, [sums], { h }) => {
    const next = graph.one(
      activation === 'relu' ? 'Relu' : 'Tanh',
      [add(graph, sums!, product(graph, h!, weight_hh, bias_hh))],
      {},
      h!,
    );
    return { output: next, state: { h: next } };
  },
}));

export const exportLSTMCell = exactly(LSTMCell, (cell) => ({
  prepare: (graph, x) => {
    if (!cell.norm_ih) return [product(graph, x, cell.weight_ih, cell.bias_ih)];
    const normed = normalized(graph, product(graph, x, cell.weight_ih), cell.norm_ih);
    return [cell.bias_ih ? add(graph, normed, whole(graph, 'bias', cell.bias_ih)) : normed];
  },
  step: (graph, [sums], { h, c }) => {
    const { norm_hh, norm_cell, weight_hr, bias_hh } = cell;
    const plain = product(graph, h!, cell.weight_hh, norm_hh ? null : bias_hh);
    const normed = norm_hh ? normalized(graph, plain, norm_hh) : plain;
    const recurrent = norm_hh && bias_hh ? add(graph, normed, whole(graph, 'bias', bias_hh)) : normed;
    const all = add(graph, sums!, recurrent);
    const readCell = (value: OnnxValue) => (norm_cell ? normalized(graph, value, norm_cell) : value);
    const next = exportLstmGates(graph, all, c!, {
      size: cell.hiddenSize,
      peephole: cell.weight_peephole,
      coupledGates: cell.coupledGates,
      readCell,
    });
    const output = weight_hr ? product(graph, next.h, weight_hr) : next.h;
    return { output, state: { h: output, c: next.c } };
  },
}));

export const exportGRUCell = exactly(GRUCell, ({ weight_ih, weight_hh, bias_ih, bias_hh, hiddenSize: H, reset }) => ({
  prepare: (graph, x) => [product(graph, x, weight_ih, bias_ih)],
  step: (graph, [sums], state) => {
    const h = state['h']!;
    const [resetSum, updateSum, newSum] = parts(graph, sums!, 3, H) as [OnnxValue, OnnxValue, OnnxValue];
    const recurrent = (gate: number, x: OnnxValue) => product(graph, x, weight_hh, bias_hh, [gate * H, (gate + 1) * H]);
    const gate = (sum: OnnxValue, index: number) => graph.one('Sigmoid', [add(graph, sum, recurrent(index, h))], {}, h);
    const [forget, update] = [gate(resetSum, 0), gate(updateSum, 1)];
    const past =
      reset === 'after' ? multiply(graph, forget, recurrent(2, h)) : recurrent(2, multiply(graph, forget, h));
    const next = between(graph, update, graph.one('Tanh', [add(graph, newSum, past)], {}, h), h);
    return { output: next, state: { h: next } };
  },
}));

export const exportMGUCell = exactly(MGUCell, ({ weight_ih, weight_hh, bias_ih, bias_hh, hiddenSize: H }) => ({
  prepare: (graph, x) => [product(graph, x, weight_ih, bias_ih)],
  step: (graph, [sums], state) => {
    const h = state['h']!;
    const [forgetSum, newSum] = parts(graph, sums!, 2, H) as [OnnxValue, OnnxValue];
    const recurrent = (gate: number, x: OnnxValue) => product(graph, x, weight_hh, bias_hh, [gate * H, (gate + 1) * H]);
    const forget = graph.one('Sigmoid', [add(graph, forgetSum, recurrent(0, h))], {}, h);
    const fresh = graph.one('Tanh', [add(graph, newSum, recurrent(1, multiply(graph, forget, h)))], {}, h);
    const next = between(graph, forget, h, fresh);
    return { output: next, state: { h: next } };
  },
}));

/**
 * Computes the LSTM step from the sums of its gates i, f, g, o along axis 1: c' = f∘c + i∘g and h = o∘tanh(c').
 *
 * @param options.peephole `[3, …]`: p_i, p_f, p_o
 */
export function exportLstmGates(
  graph: OnnxGraph,
  sums: OnnxValue,
  c: OnnxValue,
  options: {
    readonly size: number;
    readonly peephole: Tensor | null;
    readonly coupledGates: boolean;
    readonly readCell?: (cell: OnnxValue) => OnnxValue;
  },
): { readonly h: OnnxValue; readonly c: OnnxValue } {
  const [inputSum, forgetSum, cellSum, outputSum] = parts(graph, sums, 4, options.size) as [
    OnnxValue,
    OnnxValue,
    OnnxValue,
    OnnxValue,
  ];
  const gate = (sum: OnnxValue, index: number, cell: OnnxValue) => {
    const seen = options.peephole
      ? add(graph, sum, multiply(graph, cell, rowOf(graph, 'peephole', options.peephole, index)))
      : sum;
    return graph.one('Sigmoid', [seen], {}, sum);
  };
  const input = gate(inputSum, 0, c);
  const forget = options.coupledGates ? complement(graph, input) : gate(forgetSum, 1, c);
  const next = add(graph, multiply(graph, forget, c), multiply(graph, input, graph.one('Tanh', [cellSum], {}, c)));
  const read = options.readCell?.(next) ?? next;
  return { h: multiply(graph, gate(outputSum, 2, next), graph.one('Tanh', [read], {}, c)), c: next };
}

/** The gates of `[N, gates·size, …]`. */
function parts(graph: OnnxGraph, sums: OnnxValue, gates: number, size: number): OnnxValue[] {
  return Array.from({ length: gates }, (_, gate) => cut(graph, sums, 1, gate * size, (gate + 1) * size));
}

/** b + share∘(a − b): b for a share of 0, a for a share of 1. */
function between(graph: OnnxGraph, share: OnnxValue, b: OnnxValue, a: OnnxValue): OnnxValue {
  return add(graph, b, multiply(graph, share, graph.one('Sub', [a, b], {}, a)));
}

function normalized(graph: OnnxGraph, x: OnnxValue, { weight, bias, epsilon }: LayerNorm): OnnxValue {
  return graph.one(
    'LayerNormalization',
    [x, whole(graph, 'norm_weight', weight!), whole(graph, 'norm_bias', bias!)],
    { axis: -1, epsilon: { float: epsilon } },
    x,
  );
}
