import { createCpuBackend } from '@timestep/backend-cpu';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { add, multiply, sum, tensor, type Backend, type FusedMode, type Tensor } from '@timestep/core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { double, expectTensor, single, type Tolerance } from '../test-support/compare.ts';
import { readFixtures, type FixtureCase, type FixtureTensors } from '../test-support/fixtures.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { GRU } from './gru.ts';
import { LSTM } from './lstm.ts';
import type { Recurrent } from './recurrent.ts';
import { RNN } from './rnn.ts';

interface RecurrentCase extends FixtureCase {
  readonly kind: 'rnn-tanh' | 'rnn-relu' | 'lstm' | 'lstm-projection' | 'gru';
  readonly inputSize: number;
  readonly hiddenSize: number;
  readonly projectionSize: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  readonly bias: boolean;
  readonly lengths: readonly number[] | null;
}

type AnyState = Readonly<Record<string, Tensor>>;

const cases = readFixtures<RecurrentCase>('recurrent.json');

function makeLayer(backend: Backend, test: RecurrentCase, fused: FusedMode): Recurrent<AnyState> {
  const options = {
    backend,
    fused,
    inputSize: test.inputSize,
    hiddenSize: test.hiddenSize,
    numLayers: test.numLayers,
    bidirectional: test.bidirectional,
    bias: test.bias,
  };
  if (test.kind === 'gru') return new GRU(options);
  if (test.kind === 'rnn-tanh' || test.kind === 'rnn-relu')
    return new RNN({ ...options, activation: test.kind === 'rnn-relu' ? 'relu' : 'tanh' });
  return new LSTM({ ...options, projectionSize: test.projectionSize });
}

function leaves(backend: Backend, tensors: FixtureTensors, requiresGrad: boolean): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, tensor(backend, data, { shape, requiresGrad })]),
  );
}

async function agree(
  backend: Backend,
  test: RecurrentCase,
  fused: FusedMode,
  tolerance: { readonly forward: Tolerance; readonly gradient: Tolerance },
): Promise<void> {
  using layer = makeLayer(backend, test, fused);
  layer.loadStateDict(test.parameters);
  const inputs = leaves(backend, test.inputs, true);
  const { x, ...state } = inputs;
  const result = layer.forward(x!, { lengths: test.lengths, state: Object.keys(state).length > 0 ? state : null });
  const outputs: Record<string, Tensor> = { output: result.output, ...result.state };
  for (const [name, expected] of Object.entries(test.outputs))
    await expectTensor(name, outputs[name], expected, tolerance.forward);

  const upstream = leaves(backend, test.upstream, false);
  const terms = Object.entries(upstream).map(([name, weight]) => sum(multiply(outputs[name]!, weight)));
  terms.reduce((total, term) => add(total, term)).backward();
  for (const [name, expected] of Object.entries(test.inputGradients))
    await expectTensor(`gradient of ${name}`, inputs[name]!.grad, expected, tolerance.gradient);
  const parameters = new Map(layer.namedParameters());
  for (const [name, expected] of Object.entries(test.parameterGradients))
    await expectTensor(`gradient of ${name}`, parameters.get(name)?.grad, expected, tolerance.gradient);
}

describe.each(['require', 'off'] as const)(
  'the float64 reference with fused: %s agrees with PyTorch to the last digits',
  (fused) => {
    const backend = createReferenceBackend();
    afterAll(() => backend.dispose());
    it.each(cases)('$name', (test) => leakChecked(backend, () => agree(backend, test, fused, double)));
  },
);

describe.each([
  ['require', 1],
  ['require', 2],
  ['off', 1],
] as const)(
  'the CPU backend with fused: %s and %i threads agrees with PyTorch within the bars of f32',
  (fused, threads) => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await createCpuBackend({ threads });
    });
    afterAll(() => backend.dispose());
    it.each(cases)('$name', (test) => leakChecked(backend, () => agree(backend, test, fused, single)));
  },
);
