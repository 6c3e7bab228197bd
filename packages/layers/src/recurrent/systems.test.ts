import { createCpuBackend } from '@timestep/backend-cpu';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import {
  add,
  Generator,
  multiply,
  openScope,
  reshape,
  softplus,
  sum,
  tensor,
  zeros,
  type Backend,
  type FusedMode,
  type Tensor,
} from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { double, expectTensor, single, type Tolerance } from '../test-support/compare.ts';
import { readFixtures, type FixtureCase, type FixtureTensors } from '../test-support/fixtures.ts';
import { checkGradients, randomLeaf } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import type { Cell } from './cell.ts';
import { ConvLSTM, ConvLSTMCell } from './conv-lstm.ts';
import { FullyRecurrent, FullyRecurrentCell } from './fully-recurrent.ts';
import { GRUCell } from './gru-cell.ts';
import { IndRNN, IndRNNCell } from './independent-rnn.ts';
import { Jordan, JordanCell } from './jordan.ts';
import { LSTM } from './lstm.ts';
import { LSTMCell } from './lstm-cell.ts';
import { MinGRU, MinGRUCell } from './min-gru.ts';
import { MinLSTM, MinLSTMCell } from './min-lstm.ts';
import { MGU, MGUCell } from './minimal-gated-unit.ts';
import type { Recurrent } from './recurrent.ts';

type AnyState = Readonly<Record<string, Tensor>>;

interface SystemCase extends FixtureCase {
  readonly kind: keyof typeof cells;
  readonly lengths: readonly number[] | null;
  readonly reverse: boolean;
}

const sizes = { inputSize: 3, hiddenSize: 4 };
const cells = {
  jordan: (backend: Backend) => new JordanCell({ backend, ...sizes, outputSize: 2, decay: 0.7 }),
  fullyRecurrent: (backend: Backend) =>
    new FullyRecurrentCell({ backend, ...sizes, outputSize: 2, activation: softplus }),
  indRNN: (backend: Backend) => new IndRNNCell({ backend, ...sizes }),
  mgu: (backend: Backend) => new MGUCell({ backend, ...sizes }),
  gruBefore: (backend: Backend) => new GRUCell({ backend, ...sizes, reset: 'before' }),
  minGRU: (backend: Backend) => new MinGRUCell({ backend, ...sizes }),
  minLSTM: (backend: Backend) => new MinLSTMCell({ backend, ...sizes }),
  lstmPeepholes: (backend: Backend) => new LSTMCell({ backend, ...sizes, peepholes: true }),
  lstmCoupled: (backend: Backend) => new LSTMCell({ backend, ...sizes, coupledGates: true }),
  lstmNorm: (backend: Backend) => new LSTMCell({ backend, ...sizes, layerNorm: true }),
  lstmAll: (backend: Backend) =>
    new LSTMCell({ backend, ...sizes, peepholes: true, coupledGates: true, layerNorm: true, projectionSize: 2 }),
  convLSTM: (backend: Backend) =>
    new ConvLSTMCell({ backend, inputChannels: 2, hiddenChannels: 2, imageSize: [3, 4], peepholes: true }),
};

function leaves(backend: Backend, tensors: FixtureTensors, requiresGrad: boolean): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, data }]) => [name, tensor(backend, data, { shape, requiresGrad })]),
  );
}

async function agree(
  backend: Backend,
  test: SystemCase,
  fused: FusedMode,
  tolerance: { readonly forward: Tolerance; readonly gradient: Tolerance },
): Promise<void> {
  using cell = cells[test.kind](backend) as unknown as Cell<AnyState>;
  cell.loadStateDict(test.parameters);
  const inputs = leaves(backend, test.inputs, true);
  const { x, ...state } = inputs;
  const [steps, batch] = x!.shape as [number, number];
  const result = cell.sequence(reshape(x!, [steps, batch, cell.inputSize]), {
    state,
    lengths: test.lengths,
    reverse: test.reverse,
    fused,
  });
  const outputs: Record<string, Tensor> = {
    output: reshape(result.output, test.outputs['output']!.shape),
    ...result.state,
  };
  for (const [name, expected] of Object.entries(test.outputs))
    await expectTensor(name, outputs[name], expected, tolerance.forward);
  const terms = Object.entries(leaves(backend, test.upstream, false)).map(([name, weight]) =>
    sum(multiply(outputs[name]!, weight)),
  );
  terms.reduce((total, term) => add(total, term)).backward();
  for (const [name, expected] of Object.entries(test.inputGradients))
    await expectTensor(`gradient of ${name}`, inputs[name]!.grad, expected, tolerance.gradient);
  const parameters = new Map(cell.namedParameters());
  for (const [name, expected] of Object.entries(test.parameterGradients))
    await expectTensor(`gradient of ${name}`, parameters.get(name)?.grad, expected, tolerance.gradient);
}

describe.each([
  ['the float64 reference, to the last digits', createReferenceBackend, 'auto', double],
  ['the float64 reference without fused operations, to the last digits', createReferenceBackend, 'off', double],
  ['the CPU backend, within the bars of f32', () => createCpuBackend({ threads: 1 }), 'auto', single],
] as const)("agreement of %s with each paper's equations", (_, create, fused, tolerance) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await create();
  });
  afterAll(() => backend.dispose());
  it.each(readFixtures<SystemCase>('systems.json'))('$name', (test) =>
    leakChecked(backend, () => agree(backend, test, fused, tolerance)),
  );
});

describe('stacked, in both directions, with lengths, by finite differences', () => {
  const backend = createReferenceBackend();
  const generator = new Generator(31);
  const shared = { backend, generator, inputSize: 2, hiddenSize: 3, numLayers: 2, bidirectional: true, residual: true };
  it.each([
    ['Jordan', () => new Jordan({ ...shared, outputSize: 2 })],
    ['FullyRecurrent', () => new FullyRecurrent({ ...shared, outputSize: 2 })],
    ['IndRNN', () => new IndRNN({ ...shared, activation: 'tanh' })],
    ['MGU with weight dropout off', () => new MGU({ ...shared, weightDropout: 0 })],
    ['MinGRU', () => new MinGRU(shared)],
    ['MinLSTM', () => new MinLSTM({ ...shared, forgetBias: 2 })],
    ['LSTM with layer norm', () => new LSTM({ ...shared, layerNorm: true })],
  ] as const)('%s', (_, make) =>
    leakChecked(backend, async () => {
      using layer = make() as unknown as Recurrent<AnyState>;
      const x = randomLeaf(backend, [4, 3, 2], generator);
      await checkGradients(
        { x, ...Object.fromEntries(layer.namedParameters()) },
        () => {
          const { output, state } = layer.forward(x, { lengths: [4, 0, 2] });
          return [output, ...Object.values(state)];
        },
        4,
      );
    }),
  );

  it('ConvLSTM', () =>
    leakChecked(backend, async () => {
      using layer = new ConvLSTM({
        backend,
        generator,
        inputChannels: 1,
        hiddenChannels: 2,
        imageSize: [2, 3],
        numLayers: 2,
        bidirectional: true,
        peepholes: true,
      });
      const x = randomLeaf(backend, [3, 2, 1, 2, 3], generator);
      const { output, state } = layer.forward(x, { lengths: [3, 1] });
      expect(output.shape).toEqual([3, 2, 4, 2, 3]);
      expect(state.c.shape).toEqual([4, 2, 2, 2, 3]);
      await checkGradients(
        { x, ...Object.fromEntries(layer.namedParameters()) },
        () => [layer.forward(x, { lengths: [3, 1] }).output],
        3,
      );
    }));
});

describe('streams and empty sequences', () => {
  const backend = createReferenceBackend();
  const generator = new Generator(8);
  it.each(['jordan', 'fullyRecurrent', 'indRNN', 'mgu', 'minGRU', 'minLSTM', 'lstmAll', 'convLSTM'] as const)(
    '%s gives step by step what it gives at once, and its state back for no steps',
    (kind) =>
      leakChecked(backend, async () => {
        using cell = cells[kind](backend) as unknown as Cell<AnyState>;
        const x = randomLeaf(backend, [3, 2, cell.inputSize], generator).detach();
        const whole = await cell.sequence(x).output.data();
        const values = await x.data();
        let state: AnyState | null = null;
        for (let t = 0; t < 3; t++) {
          const size = 2 * cell.inputSize;
          const result = cell.forward(
            tensor(backend, values.slice(t * size, (t + 1) * size), { shape: [2, cell.inputSize] }),
            state,
          );
          ({ state } = result);
          const expected = whole.subarray(t * 2 * cell.outputSize);
          (await result.output.data()).forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 12));
        }
        const nothing = cell.sequence(zeros(backend, [0, 2, cell.inputSize]), { state });
        expect(nothing.output.shape).toEqual([0, 2, cell.outputSize]);
        for (const [name, part] of Object.entries(nothing.state))
          expect(await part.data()).toEqual(await state![name]!.data());
        // Only a linear scan is something that a backend may fuse.
        if (kind.startsWith('min')) expect(await cell.sequence(x, { fused: 'require' }).output.data()).toEqual(whole);
        else
          expect(() => cell.sequence(x, { fused: 'require' })).toThrow(
            `[${cell.typeName}] fused: 'require' needs a fused implementation`,
          );
      }),
  );

  it('ConvLSTM takes one image after the other', () =>
    leakChecked(backend, async () => {
      using layer = new ConvLSTM({ backend, inputChannels: 1, hiddenChannels: 2, imageSize: [2, 2], generator });
      const frame = randomLeaf(backend, [1, 1, 2, 2], generator).detach();
      const first = layer.step(frame);
      const second = layer.step(frame, first.state);
      expect(second.output.shape).toEqual([1, 2, 2, 2]);
      const expected = await layer
        .forward(tensor(backend, [...(await frame.data()), ...(await frame.data())], { shape: [2, 1, 1, 2, 2] }))
        .output.data();
      (await second.output.data()).forEach((value, k) => expect(value).toBeCloseTo(expected[8 + k]!, 12));
    }));
});

describe('a linear scan', () => {
  it('lets nothing through from past a length, NaN included, and none of its gradient', async () => {
    const backend = createReferenceBackend();
    using _scope = openScope(backend);
    using layer = new MinLSTM({ backend, inputSize: 1, hiddenSize: 2, bidirectional: true });
    const x = tensor(backend, [1, 2, NaN, NaN], { shape: [4, 1, 1], requiresGrad: true });
    const { output, state } = layer.forward(x, { lengths: [2] });
    add(sum(output), sum(state.h)).backward();
    expect((await output.data()).subarray(8)).toEqual(new Float64Array(8));
    const gradient = await x.grad!.data();
    expect([...gradient.subarray(2)]).toEqual([0, 0]);
    expect(layer.parameters().length).toBe(4);
    for (const parameter of layer.parameters())
      expect((await parameter.grad!.data()).every(Number.isFinite)).toBe(true);
  });
});

describe('errors', () => {
  const backend = createReferenceBackend();
  it('say what was expected, what came and what to do', () => {
    expect(() => new JordanCell({ backend, ...sizes, outputSize: 2, decay: 1.5 })).toThrow(
      '[JordanCell] expected decay to be a probability in 0…1, got 1.5',
    );
    expect(() => new FullyRecurrentCell({ backend, ...sizes, outputSize: 5 })).toThrow(
      '[FullyRecurrentCell] expected outputSize of at most hiddenSize 4, got 5',
    );
    expect(
      () => new ConvLSTMCell({ backend, inputChannels: 1, hiddenChannels: 1, imageSize: [2, 2], kernelSize: 2 }),
    ).toThrow('[ConvLSTMCell] expected an odd kernelSize');
    using layer = new ConvLSTM({ backend, inputChannels: 1, hiddenChannels: 1, imageSize: [2, 2] });
    expect(() => layer.forward(zeros(backend, [3, 1, 4]))).toThrow(
      '[ConvLSTM] expected x of shape [T, N, 1, 2, 2], got [3, 1, 4]; one image is [C, height, width]',
    );
  });
});
