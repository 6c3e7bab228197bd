import type { Tensor } from '@timestep/core';
import { ConvLSTMCell } from '@timestep/layers';
import type { OnnxGraph, OnnxValue } from '../graph.ts';
import { add, axesOf, concat, whole } from '../parts.ts';
import { exactly } from './exactly.ts';
import { exportLstmGates } from './gated.ts';

const images = { dtype: 'f32', rank: 4 } as const;

export const exportConvLSTMCell = exactly(ConvLSTMCell, (cell) => {
  const [height, width] = cell.imageSize;
  const F = cell.hiddenChannels;
  const convolve = (graph: OnnxGraph, x: OnnxValue, weight: Tensor, bias: Tensor | null) => {
    const { kernelSize: K } = cell;
    const reach = (K - 1) / 2;
    return graph.one(
      'Conv',
      [x, whole(graph, 'kernel', weight), bias && whole(graph, 'bias', bias)],
      { kernel_shape: [K, K], pads: [reach, reach, reach, reach] },
      images,
    );
  };
  return {
    prepare: (graph, x) => {
      const flat = graph.one('Reshape', [x, graph.integers([-1, cell.inputChannels, height, width])], {}, images);
      const shape = concat(graph, [axesOf(graph, x, 0, x.rank - 1), graph.integers([4 * F, height, width])], 0);
      return [
        graph.one(
          'Reshape',
          [convolve(graph, flat, cell.weight_ih, cell.bias_ih), shape],
          {},
          { dtype: 'f32', rank: x.rank + 2 },
        ),
      ];
    },
    step: (graph, [sums], { h, c }) => {
      const next = exportLstmGates(graph, add(graph, sums!, convolve(graph, h!, cell.weight_hh, null)), c!, {
        size: F,
        peephole: cell.weight_peephole,
        coupledGates: false,
      });
      return {
        output: graph.one('Reshape', [next.h, graph.integers([-1, cell.outputSize])], {}, { dtype: 'f32', rank: 2 }),
        state: next,
      };
    },
  };
});
