import { add, matmul, reshape, transpose, type Tensor } from '@timestep/core';
import { operator, type Call, type Operators } from '../operator.ts';
import { show, sizeOf, type Value } from '../value.ts';
import { placed, seen, windowOptions, windowsOf, type Windows } from './windows.ts';

/**
 * Multiplies windows by kernels, group by group: x `[N, C, …]`, weight `[G, M/G, K·C/G]` (one matrix per group, with the
 * columns in the order of the kernel elements) → `[N, M, …]`.
 */
function multiplied(call: Call, x: Tensor, windows: Windows, weight: Tensor, groups: number): Tensor {
  const [batch, channels] = x.shape as [number, number];
  const [positions, kernel] = [sizeOf(windows.shape), sizeOf(windows.kernel)];
  const own = channels / groups;
  // [O, K, N, G, C/G] → [G, N·O, K·C/G]
  const columns = reshape(
    transpose(reshape(seen(call, x, windows, 0), [positions, kernel, batch, groups, own]), [3, 2, 0, 1, 4]),
    [groups, batch * positions, kernel * own],
  );
  const y = matmul(columns, weight, { transposeB: true });
  const filters = weight.shape[1]!;
  // [G, N, O, M/G] → [N, G·M/G, …]
  const moved = transpose(reshape(y, [groups, batch, positions, filters]), [1, 0, 3, 2]);
  return reshape(moved, [batch, groups * filters, ...windows.shape]);
}

function biased(call: Call, y: Tensor, k: number): Tensor {
  const bias = call.optionalTensor(k);
  if (!bias) return y;
  call.ensure(
    bias.rank === 1 && bias.size === y.shape[1],
    () => `has a bias of shape ${show(bias.shape)} for ${y.shape[1]} filters`,
  );
  return add(y, reshape(bias, [bias.size, ...y.shape.slice(2).map(() => 1)]));
}

function checkKernel(call: Call, x: Tensor, weight: Tensor): { groups: number; kernel: number[] } {
  const groups = call.node.int('group', 1);
  const kernel = weight.shape.slice(2);
  const given = call.node.ints('kernel_shape', kernel);
  call.ensure(
    x.rank >= 3 && weight.rank === x.rank && show(given) === show(kernel) && groups >= 1 && !weight.shape.includes(0),
    () =>
      `has a kernel of shape ${show(weight.shape)} (kernel_shape ${show(given)}, group ${groups}) for an input of shape ${show(x.shape)}`,
  );
  return { groups, kernel };
}

function convolution(call: Call): Value {
  const [x, weight] = [call.tensor(0), call.tensor(1)];
  const { groups, kernel } = checkKernel(call, x, weight);
  const [filters, own] = weight.shape as [number, number];
  call.ensure(
    filters % groups === 0 && own * groups === x.shape[1],
    () => `has a kernel of shape ${show(weight.shape)} in ${groups} groups for an input of shape ${show(x.shape)}`,
  );
  const space = x.shape.slice(2);
  const windows = windowsOf(call, space, windowOptions(call, space, kernel));
  // [M, C/G, K] → [G, M/G, K·C/G]
  const size = sizeOf(kernel);
  const matrix = reshape(transpose(reshape(weight, [filters, own, size]), [0, 2, 1]), [
    groups,
    filters / groups,
    size * own,
  ]);
  return call.device(call.value(0).type, biased(call, multiplied(call, x, windows, matrix, groups), 2));
}

/** The transposed convolution: element o of the result reads (o + pad − k·dilation)/stride if that is an integer. */
function transposedConvolution(call: Call): Value {
  const { node } = call;
  const [x, weight] = [call.tensor(0), call.tensor(1)];
  const { groups, kernel } = checkKernel(call, x, weight);
  const space = x.shape.slice(2);
  const [inputs, perGroup] = weight.shape as [number, number];
  call.ensure(
    inputs === x.shape[1] && inputs % groups === 0,
    () => `has a kernel of shape ${show(weight.shape)} in ${groups} groups for an input of shape ${show(x.shape)}`,
  );
  const ones = space.map(() => 1);
  const [strides, dilations] = [node.ints('strides', ones), node.ints('dilations', ones)];
  const extra = node.ints(
    'output_padding',
    space.map(() => 0),
  );
  const reach = space.map((length, k) => (length - 1) * strides[k]! + (kernel[k]! - 1) * dilations[k]! + 1 + extra[k]!);
  const { pads, shape } = paddingOf(call, space, strides, reach);
  call.ensure(
    [...strides, ...dilations].every((value) => value >= 1) &&
      shape.every((length) => length >= 0) &&
      reach.every(Number.isInteger),
    () => `makes the shape ${show(shape)}`,
  );
  const windows = placed(
    call,
    space,
    shape,
    kernel,
    (o, k, axis) => (o + pads[axis]! - k * dilations[axis]!) / strides[axis]!,
  );
  const size = sizeOf(kernel);
  // [C, M/G, K] → [G, M/G, K·C/G]
  const grouped = reshape(weight, [groups, inputs / groups, perGroup, size]);
  const matrix = reshape(transpose(grouped, [0, 2, 3, 1]), [groups, perGroup, size * (inputs / groups)]);
  return call.device(call.value(0).type, biased(call, multiplied(call, x, windows, matrix, groups), 2));
}

function paddingOf(
  call: Call,
  space: readonly number[],
  strides: readonly number[],
  reach: readonly number[],
): { pads: readonly number[]; shape: number[] } {
  const { node } = call;
  const auto = node.text('auto_pad', 'NOTSET');
  const wanted = node.has('output_shape')
    ? node.ints('output_shape', []).slice(-space.length)
    : auto.startsWith('SAME')
      ? space.map((length, k) => length * strides[k]!)
      : null;
  if (!wanted) {
    const pads =
      auto === 'VALID'
        ? new Array<number>(2 * space.length).fill(0)
        : node.ints('pads', new Array<number>(2 * space.length).fill(0));
    return { pads, shape: reach.map((length, k) => length - pads[k]! - pads[k + space.length]!) };
  }
  const before = wanted.map((length, k) => {
    const total = Math.max(0, reach[k]! - length);
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : total - Math.floor(total / 2);
  });
  return { pads: before, shape: [...wanted] };
}

const attributes = ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'];

/** Convolutions over any number of axes. */
export const convolutionOperators: Operators = {
  Conv: operator(convolution, { inputs: [2, 3], attributes }),
  ConvTranspose: operator(transposedConvolution, {
    inputs: [2, 3],
    attributes: [...attributes, 'output_padding', 'output_shape'],
  }),
};
