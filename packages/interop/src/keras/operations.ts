import {
  absolute,
  add,
  affine,
  cast,
  concat,
  cos,
  divide,
  equal,
  exp,
  full,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  multiply,
  negative,
  notEqual,
  relu,
  reshape,
  sigmoid,
  sin,
  slice,
  softmax,
  sqrt,
  square,
  stack,
  subtract,
  sum,
  tanh,
  transpose,
  type Tensor,
} from '@timestep/core';
import * as v from 'valibot';
import { ensure } from '../errors.ts';
import type { KerasLayer, LayerClass, LayerSource } from './layer.ts';
import { asFloat } from './layers/core.ts';
import { fromFront } from './layers/axes.ts';
import { every } from './layers/windows.ts';
import { Value } from './value.ts';

// The functions of `keras.ops` that a functional model calls directly, such as `x + y` and `x[:, -1]`.

function layerOf(body: (x: Tensor) => Tensor): KerasLayer {
  return {
    module: null,
    bind(call) {
      const source = call.tensor(0, 'x');
      call.end();
      return (run) => [Value.of(body(asFloat(source(run).tensor)))];
    },
  };
}

const one =
  (body: (x: Tensor) => Tensor): LayerClass =>
  () =>
    layerOf(body);

/** A function of two tensors or of a tensor and a number. */
function two(body: (a: Tensor, b: Tensor) => Tensor): LayerClass {
  return ({ where }) => ({
    module: null,
    bind(call) {
      const operands = [call.operand(0, 'x1'), call.operand(1, 'x2')];
      call.end();
      return (run) => {
        const [a, b] = operands.map((operand) =>
          typeof operand === 'number' ? operand : asFloat(operand(run).tensor),
        ) as [Tensor | number, Tensor | number];
        ensure(
          typeof a !== 'number' || typeof b !== 'number',
          'UNSUPPORTED_MODEL',
          () => `[keras] ${where} has no tensor`,
        );
        const x = typeof a === 'number' ? b : a;
        return [Value.of(body(asTensor(a, x as Tensor), asTensor(b, x as Tensor)))];
      };
    },
  });
}

function asTensor(operand: Tensor | number, like: Tensor): Tensor {
  return typeof operand === 'number' ? add(multiply(like, 0), operand) : operand;
}

const axesSchema = v.nullable(v.union([v.number(), v.array(v.number())]));

function reduction(body: (x: Tensor, axes: readonly number[], options: { keepAxes: boolean }) => Tensor): LayerClass {
  return ({ config, where }) => {
    const given = config.get('axis', axesSchema, null);
    const keepAxes = config.flag('keepdims', false);
    config.only('initial', null);
    config.only('dtype', null);
    return layerOf((x) => {
      const axes = given === null ? x.shape.map((_, axis) => axis) : [given].flat();
      return body(
        x,
        axes.map((axis) => fromFront(axis, x.rank, where)).sort((a, b) => a - b),
        { keepAxes },
      );
    });
  };
}

const sliceSchema = v.object({
  class_name: v.literal('__slice__'),
  config: v.object({
    start: v.nullable(v.number()),
    stop: v.nullable(v.number()),
    step: v.nullable(v.number()),
  }),
});
const keySchema = v.array(v.union([v.number(), sliceSchema]));

/** x[…] with integers and slices. */
function getItem({ where }: LayerSource): KerasLayer {
  return {
    module: null,
    bind(call) {
      const source = call.tensor(0, 'x');
      const key = call.value(1, 'key', v.union([keySchema, v.number(), sliceSchema]), []);
      call.end();
      return (run) => {
        let x = asFloat(source(run).tensor);
        let axis = 0;
        for (const part of [key].flat()) {
          const length = x.shape[fromFront(axis, x.rank, where)]!;
          if (typeof part === 'number') {
            const at = fromFront(part, length, where);
            x = slice(x, axis, at, at + 1);
            x = reshape(x, [...x.shape.slice(0, axis), ...x.shape.slice(axis + 1)]);
            continue;
          }
          x = strided(x, axis, part.config, where);
          axis += 1;
        }
        return [Value.of(x)];
      };
    },
  };
}

function strided(
  x: Tensor,
  axis: number,
  { start, stop, step }: { start: number | null; stop: number | null; step: number | null },
  where: string,
): Tensor {
  const length = x.shape[axis]!;
  const stride = step ?? 1;
  ensure(
    Number.isInteger(stride) && stride > 0,
    'UNSUPPORTED_MODEL',
    () => `[keras] ${where} slices in steps of ${stride}; steps of 1 and more can be read`,
  );
  const bound = (given: number | null, fallback: number) =>
    given === null ? fallback : Math.min(length, Math.max(0, given < 0 ? given + length : given));
  const from = bound(start, 0);
  const to = Math.max(from, bound(stop, length));
  if (stride === 1) return slice(x, axis, from, to);
  const [before, behind] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const sizeOf = (shape: readonly number[]) => shape.reduce((product, one) => product * one, 1);
  const count = Math.ceil((to - from) / stride);
  const flat = reshape(x, [sizeOf(before), length, sizeOf(behind)]);
  return reshape(every(flat, from, count, stride), [...before, count, ...behind]);
}

function expandDims({ config, where }: LayerSource): KerasLayer {
  const axis = config.get('axis', v.number());
  return layerOf((x) => {
    const at = fromFront(axis, x.rank + 1, where);
    return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
  });
}

function squeeze({ config, where }: LayerSource): KerasLayer {
  const given = config.get('axis', axesSchema, null);
  return layerOf((x) => {
    const axes = given === null ? null : [given].flat().map((axis) => fromFront(axis, x.rank, where));
    return reshape(
      x,
      x.shape.filter((length, axis) => length !== 1 || (axes !== null && !axes.includes(axis))),
    );
  });
}

/** 1 where x is not 0. */
const truth = (x: Tensor): Tensor => cast(notEqual(x, full(x.backend, [], 0)), 'f32');
const compared = (body: (a: Tensor, b: Tensor) => Tensor): LayerClass => two((a, b) => cast(body(a, b), 'f32'));

/** Tensors of a list along an axis. */
function listed(body: (parts: readonly Tensor[], axis: number) => Tensor): LayerClass {
  return ({ config }) => {
    const axis = config.number('axis', 0);
    return {
      module: null,
      bind(call) {
        const sources = call.tensors(0, 'xs');
        call.end();
        return (run) => [
          Value.of(
            body(
              sources.map((source) => asFloat(source(run).tensor)),
              axis,
            ),
          ),
        ];
      },
    };
  };
}

/** A tensor of the shape of another. */
function like(value: number): LayerClass {
  return ({ config }) => {
    config.ignore('dtype');
    return layerOf((x) => full(x.backend, x.shape, value));
  };
}

const orderSchema = v.nullable(v.array(v.pipe(v.number(), v.integer())));

function transposed({ config }: LayerSource): KerasLayer {
  const axes = config.get('axes', orderSchema, null);
  return layerOf((x) => transpose(x, axes ?? x.shape.map((_, axis) => x.rank - 1 - axis)));
}

export const operationClasses: ReadonlyMap<string, LayerClass> = new Map<string, LayerClass>(
  Object.entries({
    Add: two(add),
    Subtract: two(subtract),
    Multiply: two(multiply),
    Divide: two(divide),
    TrueDivide: two(divide),
    Maximum: two(maximum),
    Minimum: two(minimum),
    Matmul: two((a, b) => matmul(a, b)),
    Negative: one(negative),
    Absolute: one(absolute),
    Abs: one(absolute),
    Square: one(square),
    Sqrt: one(sqrt),
    Exp: one(exp),
    Log: one(log),
    Sin: one(sin),
    Cos: one(cos),
    Tanh: one(tanh),
    Sigmoid: one(sigmoid),
    Relu: one(relu),
    Softmax: ({ config }: LayerSource) => {
      const axis = config.number('axis', -1);
      return layerOf((x) => softmax(x, axis));
    },
    Mean: reduction(mean),
    Sum: reduction(sum),
    Max: reduction(max),
    Min: reduction(min),
    Any: reduction((x, axes, options) => max(truth(x), axes, options)),
    All: reduction((x, axes, options) => min(truth(x), axes, options)),
    Equal: compared(equal),
    NotEqual: compared(notEqual),
    Greater: compared(greater),
    GreaterEqual: compared(greaterEqual),
    Less: compared(less),
    LessEqual: compared(lessEqual),
    LogicalOr: two((a, b) => maximum(truth(a), truth(b))),
    LogicalAnd: two((a, b) => minimum(truth(a), truth(b))),
    LogicalNot: one((x) => affine(truth(x), -1, 1)),
    ZerosLike: like(0),
    OnesLike: like(1),
    Concatenate: listed(concat),
    Stack: listed(stack),
    Transpose: transposed,
    ExpandDims: expandDims,
    Squeeze: squeeze,
    GetItem: getItem,
  }),
);
