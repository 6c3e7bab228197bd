import { Generator, openScope, reshape, tensor, type Backend, type State, type Tensor } from '@timestep/core';
import { Embedding, Linear, LSTM, Module, type LSTMState } from '@timestep/layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { crossEntropyLoss, SGD, Trainer, windowData, type LossFunction, type TokenWindow } from '../index.ts';
import { backends, worst } from '../test-support/backends.ts';

class CharacterModel extends Module {
  readonly embedding: Embedding;
  readonly lstm: LSTM;
  readonly head: Linear;

  constructor(backend: Backend) {
    super();
    const generator = new Generator(1);
    this.embedding = new Embedding({ backend, numEmbeddings: 5, embeddingSize: 3, generator });
    this.lstm = new LSTM({ backend, inputSize: 3, hiddenSize: 4, generator });
    this.head = new Linear({ backend, inputSize: 4, outputSize: 5, generator });
  }
}

const loss: LossFunction<CharacterModel, TokenWindow> = (model, { inputs, targets, shape, first }, { carried }) => {
  const { backend } = model.head.weight;
  const indices = (values: Int32Array): Tensor => tensor(backend, values, { shape: [...shape] });
  const { output, state } = model.lstm.forward(model.embedding.forward(indices(inputs)), {
    state: first ? null : (carried as LSTMState | null),
  });
  return { loss: crossEntropyLoss(model.head.forward(output), indices(targets)), state };
};

describe('windowData', () => {
  it('runs along its streams, and says where an epoch begins', async () => {
    const data = windowData(
      Array.from({ length: 21 }, (_, i) => i),
      { steps: 3, batch: 2 },
    );
    const seen = [];
    for (let k = 0; k < 4; k++) seen.push(await data.next());
    expect(seen[0]).toEqual({
      shape: [3, 2],
      inputs: Int32Array.of(0, 10, 1, 11, 2, 12),
      targets: Int32Array.of(1, 11, 2, 12, 3, 13),
      first: true,
    });
    expect(seen[1]).toMatchObject({ inputs: Int32Array.of(3, 13, 4, 14, 5, 15), first: false });
    expect(seen[2]!.targets.at(-1)).toBe(19);
    expect(seen[3]).toEqual(seen[0]);
    data.restore({ epoch: 1, batch: 2 });
    expect(await data.next()).toEqual(seen[2]);
  });

  it('refuses what gives no window', () => {
    expect(() => windowData([1, 2, 3, 4], { steps: 2, batch: 2 })).toThrow(/at least 5 tokens/);
    expect(() => windowData([1, 2, 3, 4], { steps: 0, batch: 2 })).toThrow(/steps/);
  });
});

describe.each(backends)('truncated backpropagation on $name', ({ create, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  it('carries the state on and cuts the gradient, as a loop by hand does', async () => {
    const before = backend.memory().buffers;
    const random = new Generator(3);
    const tokens = Array.from({ length: 60 }, () => random.integer(5));
    const results: number[][] = [];
    for (const byHand of [true, false]) {
      const model = new CharacterModel(backend);
      const optimizer = new SGD(model.namedParameters(), { learningRate: 0.5 });
      const data = windowData(tokens, { steps: 4, batch: 2 });
      if (byHand) {
        let state: State | null = null;
        for (let step = 0; step < 10; step++) {
          using scope = openScope(backend);
          const result = loss(model, (await data.next())!, { step, training: true, carried: state }) as {
            loss: Tensor;
            state: State;
          };
          result.loss.backward();
          optimizer.step();
          optimizer.zeroGrad();
          const old: State | null = state;
          state = Object.fromEntries(
            Object.entries(result.state).map(([name, part]) => [name, scope.keep(reshape(part, part.shape).detach())]),
          );
          for (const part of Object.values(old ?? {})) part.dispose();
        }
        for (const part of Object.values(state ?? {})) part.dispose();
      } else {
        const trainer = new Trainer({ model, loss, optimizer, data, readEvery: 4 });
        await trainer.fit({ steps: 10 });
        trainer.dispose();
      }
      results.push([...(await model.stateDict()).values()].flatMap(({ data: values }) => [...values]));
      optimizer.dispose();
      model.dispose();
    }
    expect(worst(results[1]!, results[0]!, tolerance)).toBeLessThanOrEqual(1);
    expect(backend.memory().buffers).toBe(before);
  });
});
