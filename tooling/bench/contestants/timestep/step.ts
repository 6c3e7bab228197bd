import type { Backend } from '@timestep/backend-api';
import { createStream, GRU, LSTM, RNN } from '@timestep/layers';
import type { StepCase } from '../../src/case.ts';
import { digest, fillValues, seedOf } from '../../src/values.ts';
import type { Work } from '../serve.ts';

/** Steps after which the contestants compare their outputs. */
const comparedSteps = 5;

export function step(backend: Backend, { cell, hiddenSize }: StepCase): Work {
  const Layer = { lstm: LSTM, gru: GRU, rnn: RNN }[cell];
  const layer = new Layer({ backend, inputSize: hiddenSize, hiddenSize });
  for (const [key, parameter] of layer.namedParameters()) {
    parameter.assign(fillValues(new Float32Array(parameter.size), seedOf(key), 2 / Math.sqrt(hiddenSize)));
  }
  const stream = createStream(layer);
  const x = fillValues(new Float32Array(hiddenSize), seedOf('x'), 2);
  return {
    result() {
      let output = stream.step(x);
      for (let k = 1; k < comparedSteps; k++) output = stream.step(x);
      return Promise.resolve({ output: digest(output) });
    },
    run() {
      stream.step(x);
    },
    dispose() {
      stream.dispose();
      layer.dispose();
    },
  };
}
