import { FullyRecurrentCell, IndRNNCell, JordanCell } from '@timestep/layers';
import { exportFunction } from '../activation.ts';
import { add, cut, multiply, product, scalar, whole } from '../parts.ts';
import { exactly } from './exactly.ts';

export const exportIndRNNCell = exactly(IndRNNCell, ({ weight_ih, weight_hh, bias_ih, activation }) => ({
  prepare: (graph, x) => [product(graph, x, weight_ih, bias_ih)],
  step: (graph, [sums], { h }) => {
    const next = graph.one(
      activation === 'relu' ? 'Relu' : 'Tanh',
      [add(graph, sums!, multiply(graph, h!, whole(graph, 'weight', weight_hh)))],
      {},
      h!,
    );
    return { output: next, state: { h: next } };
  },
}));

export const exportFullyRecurrentCell = exactly(
  FullyRecurrentCell,
  ({ weight_ih, weight_hh, bias_ih, activation, hiddenSize, outputSize }) => ({
    prepare: (graph, x) => [product(graph, x, weight_ih, bias_ih)],
    step: (graph, [sums], { h }) => {
      const next = exportFunction(graph, activation, add(graph, sums!, product(graph, h!, weight_hh)));
      return { output: outputSize === hiddenSize ? next : cut(graph, next, 1, 0, outputSize), state: { h: next } };
    },
  }),
);

export const exportJordanCell = exactly(
  JordanCell,
  ({ weight_ih, weight_hh, bias_ih, weight_ho, bias_ho, decay, activation, outputActivation }) => ({
    prepare: (graph, x) => [product(graph, x, weight_ih, bias_ih)],
    step: (graph, [sums], { context }) => {
      const hidden = exportFunction(graph, activation, add(graph, sums!, product(graph, context!, weight_hh)));
      const output = exportFunction(graph, outputActivation, product(graph, hidden, weight_ho, bias_ho));
      return { output, state: { context: add(graph, multiply(graph, context!, scalar(graph, decay)), output) } };
    },
  }),
);
