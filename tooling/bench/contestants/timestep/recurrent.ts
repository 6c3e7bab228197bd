import type { Backend } from '@timestep/backend-api';
import { noGrad, openScope, tensor, type Tensor } from '@timestep/core';
import { GRU, LSTM, RNN } from '@timestep/layers';
import type { RecurrentCase } from '../../src/case.ts';
import { fillValues, seedOf } from '../../src/values.ts';
import type { Work } from '../serve.ts';
import { digestOf, settle, values } from './tensors.ts';

export function recurrent(backend: Backend, work: RecurrentCase): Work {
  const Layer = { lstm: LSTM, gru: GRU, rnn: RNN }[work.cell];
  const layer = new Layer({
    backend,
    inputSize: work.inputSize,
    hiddenSize: work.hiddenSize,
    numLayers: work.layers,
    bidirectional: work.bidirectional,
  });
  const named = Object.fromEntries(layer.namedParameters());
  for (const [key, parameter] of Object.entries(named)) {
    parameter.assign(fillValues(new Float32Array(parameter.size), seedOf(key), 2 / Math.sqrt(work.hiddenSize)));
  }
  const x = values(backend, 'x', [work.steps, work.batch, work.inputSize], 2);
  x.requiresGrad = work.training;
  const width = work.hiddenSize * (work.bidirectional ? 2 : 1);
  const gradient = fillValues(new Float32Array(work.steps * work.batch * width), seedOf('upstream'), 2);
  if (work.lossOnLastStep) gradient.fill(0, 0, (work.steps - 1) * work.batch * width);
  const upstream = tensor(backend, gradient, { shape: [work.steps, work.batch, width] });
  const clear = (): void => {
    for (const leaf of [x, ...Object.values(named)]) {
      leaf.grad?.dispose();
      leaf.grad = null;
    }
  };
  const pass = (): Tensor => {
    if (!work.training) return noGrad(backend, () => layer.forward(x, { lengths: work.lengths }).output);
    const { output } = layer.forward(x, { lengths: work.lengths });
    output.backward(upstream);
    return output;
  };
  return {
    async result() {
      using _scope = openScope(backend);
      const output = pass();
      const gradients = work.training
        ? Object.fromEntries(Object.entries({ x, ...named }).map(([key, leaf]) => [`d ${key}`, leaf.grad]))
        : {};
      const result = await digestOf({ output, ...gradients });
      clear();
      return result;
    },
    async run() {
      using _scope = openScope(backend);
      pass();
      await settle(backend);
      clear();
    },
    dispose() {
      layer.dispose();
      x.dispose();
      upstream.dispose();
    },
  };
}
