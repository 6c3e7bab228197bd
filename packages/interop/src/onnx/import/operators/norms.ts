import {
  absolute,
  add,
  affine,
  divide,
  equal,
  full,
  layerNorm,
  mean,
  multiply,
  reshape,
  rsqrt,
  select,
  sqrt,
  square,
  subtract,
  sum,
  type Tensor,
} from '@timestep/core';
import { operator, type Call, type Operators } from '../operator.ts';
import { show, sizeOf, type Value } from '../value.ts';

/** (x − mean)/√(variance + ε) over axes. */
function standardized(x: Tensor, axes: readonly number[], epsilon: number): Tensor {
  const centred = subtract(x, mean(x, axes, { keepAxes: true }));
  return multiply(centred, rsqrt(affine(mean(square(centred), axes, { keepAxes: true }), 1, epsilon)));
}

/** Reshapes a vector with one number per channel to match x `[N, C, …]`. */
function perChannel(call: Call, value: Tensor, x: Tensor): Tensor {
  call.ensure(
    value.rank === 1 && value.shape[0] === x.shape[1],
    () =>
      `has a vector of shape ${show(value.shape)} for an input of shape ${show(x.shape)}, expected one number per channel`,
  );
  return reshape(value, [value.size, ...x.shape.slice(2).map(() => 1)]);
}

const from = (start: number, rank: number) => Array.from({ length: rank - start }, (_, k) => start + k);

function batchNormalization(call: Call): (Value | null)[] {
  const { node } = call;
  const x = call.tensor(0);
  const { type } = call.value(0);
  call.ensure(x.rank >= 2 || x.rank === 1, () => 'is given a scalar');
  const training = node.int('training_mode', 0) === 1;
  if (call.opset < 9 && node.int('spatial', 1) !== 1) call.refuse('has the attribute spatial 0');
  if (call.opset < 14 && node.outputs.slice(1).some((name) => name !== ''))
    call.refuse('has outputs for training; export the model in evaluation mode');
  const epsilon = node.float('epsilon', 1e-5);
  const [scale, bias] = [1, 2].map((k) => perChannel(call, call.tensor(k), x)) as [Tensor, Tensor];
  if (!training) {
    const [centre, variance] = [3, 4].map((k) => perChannel(call, call.tensor(k), x)) as [Tensor, Tensor];
    const factor = multiply(scale, rsqrt(affine(variance, 1, epsilon)));
    return [call.device(type, add(multiply(subtract(x, centre), factor), bias)), null, null];
  }
  const axes = [0, ...from(2, x.rank)];
  const centre = mean(x, axes);
  const variance = mean(square(subtract(x, perChannel(call, centre, x))), axes);
  const momentum = node.float('momentum', 0.9);
  const moved = (old: Tensor, fresh: Tensor) => add(affine(old, momentum), affine(fresh, 1 - momentum));
  return [
    call.device(type, add(multiply(standardized(x, axes, epsilon), scale), bias)),
    call.device(type, moved(call.tensor(3), centre)),
    call.device(type, moved(call.tensor(4), variance)),
  ];
}

function layerNormalization(call: Call): Value[] {
  const { node } = call;
  const x = call.tensor(0);
  const { type } = call.value(0);
  const axis = call.axis(node.int('axis', -1), x.rank);
  const epsilon = node.float('epsilon', 1e-5);
  const [scale, bias] = [call.tensor(1), call.optionalTensor(2)];
  const axes = from(axis, x.rank);
  const columns = sizeOf(x.shape.slice(axis));
  const flat = (value: Tensor) => value.size === columns && value.rank <= axes.length;
  const plain = !call.wants(1) && !call.wants(2) && flat(scale) && (!bias || flat(bias));
  if (plain) {
    const rows = reshape(x, [x.size / Math.max(1, columns), columns]);
    const vector = (value: Tensor | null) => value && reshape(value, [columns]);
    return [call.device(type, reshape(layerNorm(rows, vector(scale), vector(bias), { epsilon }), x.shape))];
  }
  const centre = mean(x, axes, { keepAxes: true });
  const centred = subtract(x, centre);
  const inverse = rsqrt(affine(mean(square(centred), axes, { keepAxes: true }), 1, epsilon));
  const scaled = multiply(multiply(centred, inverse), scale);
  return [bias ? add(scaled, bias) : scaled, centre, inverse].map((value) => call.device(type, value));
}

function groupNormalization(call: Call): Value {
  const { node } = call;
  const x = call.tensor(0);
  const groups = node.int('num_groups', 0);
  const [batch, channels = 0, ...space] = x.shape;
  call.ensure(groups > 0 && channels % groups === 0, () => `has num_groups ${groups} for ${channels} channels`);
  const rows = reshape(x, [batch!, groups, (channels / groups) * sizeOf(space)]);
  const y = standardized(rows, [2], node.float('epsilon', 1e-5));
  const [scale, bias] = [call.tensor(1), call.tensor(2)];
  // Operator set 18 has one number per group, 21 has one per channel.
  if (call.opset < 21) {
    const perGroup = (value: Tensor) => reshape(value, [groups, 1]);
    return call.device(call.value(0).type, reshape(add(multiply(y, perGroup(scale)), perGroup(bias)), x.shape));
  }
  const whole = reshape(y, x.shape);
  return call.device(call.value(0).type, add(multiply(whole, perChannel(call, scale, x)), perChannel(call, bias, x)));
}

function lpNormalization(call: Call): Value {
  const x = call.tensor(0);
  const axis = call.axis(call.node.int('axis', -1), x.rank);
  const p = call.node.int('p', 2);
  if (p !== 1 && p !== 2) call.refuse(`has the attribute p ${p}; 1 and 2 are known`);
  const size = p === 1 ? sum(absolute(x), axis, { keepAxes: true }) : sqrt(sum(square(x), axis, { keepAxes: true }));
  const zero = full(x.backend, [], 0);
  const none = equal(size, zero);
  // A row of zeros stays unchanged.
  return call.device(call.value(0).type, divide(x, select(none, full(x.backend, [], 1), size)));
}

/** Normalisations. */
export const normOperators: Operators = {
  BatchNormalization: operator(batchNormalization, {
    inputs: [5, 5],
    outputs: 5,
    attributes: ['epsilon', 'momentum', 'spatial', 'training_mode'],
    statistics: [3, 4],
  }),
  GroupNormalization: operator(groupNormalization, {
    inputs: [3, 3],
    attributes: ['epsilon', 'num_groups', 'stash_type'],
    since: 18,
  }),
  InstanceNormalization: operator(
    (call: Call) => {
      const x = call.tensor(0);
      call.ensure(x.rank >= 3, () => `is given the shape ${show(x.shape)}, expected at least 3 axes`);
      const y = standardized(x, from(2, x.rank), call.node.float('epsilon', 1e-5));
      const [scale, bias] = [1, 2].map((k) => perChannel(call, call.tensor(k), x)) as [Tensor, Tensor];
      return call.device(call.value(0).type, add(multiply(y, scale), bias));
    },
    { inputs: [3, 3], attributes: ['epsilon'] },
  ),
  LayerNormalization: operator(layerNormalization, {
    inputs: [2, 3],
    outputs: 3,
    attributes: ['axis', 'epsilon', 'stash_type'],
    since: 17,
  }),
  LpNormalization: operator(lpNormalization, { attributes: ['axis', 'p'] }),
  MeanVarianceNormalization: operator(
    (call: Call) => {
      const x = call.tensor(0);
      const axes = call.axes(call.node.ints('axes', [0, 2, 3]), x.rank);
      const centred = subtract(x, mean(x, axes, { keepAxes: true }));
      const deviation = sqrt(mean(square(centred), axes, { keepAxes: true }));
      return call.device(call.value(0).type, divide(centred, affine(deviation, 1, 1e-9)));
    },
    { attributes: ['axes'], since: 9 },
  ),
  RMSNormalization: operator(
    (call: Call) => {
      const x = call.tensor(0);
      const axes = from(call.axis(call.node.int('axis', -1), x.rank), x.rank);
      const inverse = rsqrt(affine(mean(square(x), axes, { keepAxes: true }), 1, call.node.float('epsilon', 1e-5)));
      return call.device(call.value(0).type, multiply(multiply(x, inverse), call.tensor(1)));
    },
    { inputs: [2, 2], attributes: ['axis', 'epsilon', 'stash_type'], since: 23 },
  ),
};
