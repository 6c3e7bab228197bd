import {
  add,
  affine,
  concat,
  divide,
  full,
  matmul,
  maximum,
  minimum,
  multiply,
  or,
  reshape,
  sqrt,
  square,
  subtract,
  sum,
  transpose,
  type Tensor,
} from '@timestep/core';
import * as v from 'valibot';
import { ensure } from '../../errors.ts';
import type { KerasLayer, LayerSource } from '../layer.ts';
import { Value, type Mask } from '../value.ts';
import { fromFront } from './axes.ts';
import { asFloat } from './core.ts';

/** A layer with a list of inputs. */
function merging(
  { where }: LayerSource,
  body: (parts: readonly Tensor[]) => Tensor,
  maskOf: (values: readonly Value[]) => Mask | null,
): KerasLayer {
  return {
    module: null,
    bind(call) {
      const sources = call.inputs(0, 'inputs');
      call.end();
      ensure(sources.length > 0, 'UNSUPPORTED_MODEL', () => `[keras] ${where} merges no inputs`);
      return (run) => {
        const values = sources.map((source) => source(run));
        return [Value.of(body(values.map(({ tensor }) => asFloat(tensor))), maskOf(values))];
      };
    },
  };
}

/** A step counts if it counts in any input. If one input has no mask, every step counts. */
function anyMask(values: readonly Value[]): Mask | null {
  const masks = values.map(({ mask }) => mask);
  if (masks.includes(null)) return null;
  return (masks as readonly Mask[]).reduce((one, other) =>
    one === other || one.tensor === other.tensor ? one : { tensor: or(one.tensor, other.tensor), lengths: null },
  );
}

/** Inserts missing axes after the batch axis, like Keras. */
function aligned(parts: readonly Tensor[]): Tensor[] {
  const rank = Math.max(...parts.map((part) => part.rank));
  return parts.map((part) =>
    part.rank === rank
      ? part
      : reshape(part, [part.shape[0]!, ...new Array<number>(rank - part.rank).fill(1), ...part.shape.slice(1)]),
  );
}

const pairwise =
  (body: (a: Tensor, b: Tensor) => Tensor) =>
  (source: LayerSource): KerasLayer =>
    merging(source, (parts) => aligned(parts).reduce(body), anyMask);

function concatenate(source: LayerSource): KerasLayer {
  const axis = source.config.get('axis', v.pipe(v.number(), v.integer()), -1);
  return merging(
    source,
    (parts) => concat(parts, axis),
    (values) => concatenatedMask(values, fromFront(axis, values[0]!.rank, source.where)),
  );
}

function concatenatedMask(values: readonly Value[], axis: number): Mask | null {
  // Along the features a step counts where it counts in any input.
  if (axis !== 1) return axis === values[0]!.rank - 1 ? anyMask(values) : null;
  if (values.every(({ mask }) => mask === null)) return null;
  const ones = (shape: readonly number[]) => full(values[0]!.tensor.backend, shape, 1, { dtype: 'u32' });
  const masks = values.map(({ mask, shape }) => mask?.tensor ?? ones(shape.slice(0, 2)));
  return { tensor: concat(masks, 1), lengths: null };
}

/** Products over one axis of each, batch by batch. */
function batchDot(a: Tensor, b: Tensor, [axisA, axisB]: readonly [number, number]): Tensor {
  // a `[N, …, K]`, b `[N, K, …]`, each as a batch of matrices.
  const last = toMatrix(a, axisA);
  const first = toMatrix(b, axisB);
  const product = matmul(last.matrix, first.matrix, { transposeB: true });
  const shape = [a.shape[0]!, ...last.rest, ...first.rest];
  return reshape(product, shape.length === 1 ? [shape[0]!, 1] : shape);
}

function toMatrix(x: Tensor, axis: number): { matrix: Tensor; rest: number[] } {
  const others = x.shape.map((_, place) => place).filter((place) => place !== 0 && place !== axis);
  const rest = others.map((place) => x.shape[place]!);
  const moved = transpose(x, [0, ...others, axis]);
  const rows = rest.reduce((product, length) => product * length, 1);
  return { matrix: reshape(moved, [x.shape[0]!, rows, x.shape[axis]!]), rest };
}

function dot(source: LayerSource): KerasLayer {
  const axes = source.config.get('axes', v.union([v.number(), v.pipe(v.array(v.number()), v.length(2))]));
  const normalize = source.config.flag('normalize', false);
  return merging(
    source,
    (parts) => {
      ensure(parts.length === 2, 'UNSUPPORTED_MODEL', () => `[keras] ${source.where} takes two inputs`);
      const places = parts.map((part, k) =>
        fromFront([axes].flat()[Array.isArray(axes) ? k : 0]!, part.rank, source.where),
      );
      ensure(!places.includes(0), 'UNSUPPORTED_MODEL', () => `[keras] ${source.where} sums over the batch`);
      const [a, b] = parts.map((part, k) => {
        if (!normalize) return part;
        const squares = sum(square(part), places[k], { keepAxes: true });
        return divide(part, sqrt(maximum(squares, 1e-12)));
      });
      return batchDot(a!, b!, [places[0]!, places[1]!]);
    },
    () => null,
  );
}

export const mergeLayers = {
  Add: pairwise(add),
  Subtract: pairwise(subtract),
  Multiply: pairwise(multiply),
  Maximum: pairwise(maximum),
  Minimum: pairwise(minimum),
  Average: (source: LayerSource) =>
    merging(source, (parts) => affine(aligned(parts).reduce(add), 1 / parts.length), anyMask),
  Concatenate: concatenate,
  Dot: dot,
};
