import type { Tensor } from '@timestep/core';
import { elementTypes } from '../types.ts';
import { transposed } from '../gates.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';

/** A whole parameter. */
export function whole(graph: OnnxGraph, name: string, tensor: Tensor): OnnxValue {
  return graph.parameter(name, [tensor], tensor.shape, ([contents]) => contents!);
}

/** Row k of a parameter `[K, …]`. */
export function rowOf(graph: OnnxGraph, name: string, tensor: Tensor, k: number): OnnxValue {
  const size = tensor.size / tensor.shape[0]!;
  return graph.parameter(name, [tensor], tensor.shape.slice(1), ([contents]) =>
    contents!.subarray(k * size, (k + 1) * size),
  );
}

/** x Wᵀ + b: x `[…, D]`, W the rows `from` … `to` of `[rows, D]`. */
export function product(
  graph: OnnxGraph,
  x: OnnxValue,
  weight: Tensor,
  bias: Tensor | null = null,
  [from, to]: readonly [number, number] = [0, weight.shape[0]!],
): OnnxValue {
  const columns = weight.shape[1]!;
  const turned = graph.parameter('weight', [weight], [columns, to - from], ([contents]) =>
    transposed(contents!.subarray(from * columns, to * columns), to - from, columns),
  );
  const result = graph.one('MatMul', [x, turned], {}, x);
  return bias
    ? add(
        graph,
        result,
        graph.parameter('bias', [bias], [to - from], ([contents]) => contents!.subarray(from, to)),
      )
    : result;
}

/** a + b, of the rank of a. */
export function add(graph: OnnxGraph, a: OnnxValue, b: OnnxValue): OnnxValue {
  return graph.one('Add', [a, b], {}, a);
}

/** a∘b, of the rank of a. */
export function multiply(graph: OnnxGraph, a: OnnxValue, b: OnnxValue): OnnxValue {
  return graph.one('Mul', [a, b], {}, a);
}

/** 1 − x */
export function complement(graph: OnnxGraph, x: OnnxValue): OnnxValue {
  return graph.one('Sub', [scalar(graph, 1), x], {}, x);
}

/** A number. */
export function scalar(graph: OnnxGraph, value: number): OnnxValue {
  return graph.floats(Float32Array.of(value), []);
}

/** A slice of an axis; negative positions count from the end. */
export function cut(
  graph: OnnxGraph,
  value: OnnxValue,
  axis: number,
  from: number,
  to = Number.MAX_SAFE_INTEGER,
): OnnxValue {
  return graph.one('Slice', [value, graph.integers([from]), graph.integers([to]), graph.integers([axis])], {}, value);
}

/** One row of the first axis: `[K, …]` → `[…]`. */
export function pick(graph: OnnxGraph, value: OnnxValue, place: number): OnnxValue {
  return graph.one('Gather', [value, graph.integers(place)], { axis: 0 }, { dtype: value.dtype, rank: value.rank - 1 });
}

/** Adds a first axis of length 1: `[…]` → `[1, …]`. */
export function lift(graph: OnnxGraph, value: OnnxValue): OnnxValue {
  return graph.one('Unsqueeze', [value, graph.integers([0])], {}, { dtype: value.dtype, rank: value.rank + 1 });
}

/** Concatenates values. */
export function concat(graph: OnnxGraph, values: readonly OnnxValue[], axis: number): OnnxValue {
  return values.length === 1 ? values[0]! : graph.one('Concat', values, { axis }, values[0]!);
}

/** The lengths of some axes of a value, computed when the model runs: `[to − from]`. */
export function axesOf(graph: OnnxGraph, value: OnnxValue, from: number, to: number): OnnxValue {
  return cut(graph, graph.one('Shape', [value], {}, { dtype: 'i64', rank: 1 }), 0, from, to);
}

/** Zeros whose first axes, `lead`, are those of a value, and whose other axes are known. */
export function zeros(graph: OnnxGraph, lead: OnnxValue, rest: readonly number[]): OnnxValue {
  const shape = rest.length > 0 ? concat(graph, [lead, graph.integers(rest)], 0) : lead;
  return graph.one('ConstantOfShape', [shape], {}, { dtype: 'f32', rank: rest.length + 1 });
}

export function cast(graph: OnnxGraph, value: OnnxValue, dtype: OnnxValue['dtype']): OnnxValue {
  return graph.one('Cast', [value], { to: elementTypes[dtype] }, { dtype, rank: value.rank });
}
