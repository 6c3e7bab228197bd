import {
  add,
  Generator,
  openScope,
  sum,
  square,
  subtract,
  tanh,
  tensor,
  multiply,
  type Backend,
  type State,
  type Tensor,
} from '@timestep/core';
import { Cell, GRUCell, Linear, LSTMCell, Parameter, RNNCell } from '@timestep/layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mseLoss, RealTimeRecurrentLearner, RMSprop } from '../index.ts';
import { backends, worst } from '../test-support/backends.ts';

/** A cell of a user's own, whose output is not its state. */
class LeakyCell extends Cell<{ readonly memory: Tensor }> {
  readonly inputSize = 2;
  readonly outputSize = 2;
  readonly stateShapes = { memory: [2] };
  readonly decay: Parameter;

  constructor(backend: Backend) {
    super();
    this.decay = new Parameter(backend, [2], [0.9, 0.4]);
  }

  step(x: Tensor, { memory }: { readonly memory: Tensor }) {
    const next = tanh(add(multiply(memory, this.decay), x));
    return { output: multiply(next, this.decay), state: { memory: next } };
  }
}

describe.each(backends)('real-time recurrent learning on $name', ({ create, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());
  const options = () => ({ backend, inputSize: 2, hiddenSize: 3, generator: new Generator(3) });

  it.each([
    ['RNNCell', () => new RNNCell(options()) as unknown as Cell<State>],
    ['LSTMCell', () => new LSTMCell(options()) as unknown as Cell<State>],
    ['LSTMCell with a projection', () => new LSTMCell({ ...options(), projectionSize: 2 }) as unknown as Cell<State>],
    ['GRUCell', () => new GRUCell(options()) as unknown as Cell<State>],
    ['a cell of a user', () => new LeakyCell(backend) as unknown as Cell<State>],
  ])('%s: the gradients add up to those of backpropagation through time', async (_name, make) => {
    const before = backend.memory().buffers;
    const cell = make();
    const readout = new Linear({ backend, inputSize: cell.outputSize, outputSize: 1, generator: new Generator(4) });
    const generator = new Generator(5);
    const steps = 9;
    const xs = Array.from({ length: steps }, () =>
      tensor(backend, [generator.normal(), generator.normal()], { shape: [1, 2] }),
    );
    const targets = Array.from({ length: steps }, () => tensor(backend, [generator.normal()], { shape: [1, 1] }));
    const lossOf = (output: Tensor, t: number): Tensor => sum(square(subtract(readout.forward(output), targets[t]!)));
    const parameters = [...cell.parameters(), ...readout.parameters()];
    const gradients = async (): Promise<number[]> =>
      (await Promise.all(parameters.map(({ grad }) => grad!.data()))).flatMap((data) => [...data]);
    const expected: number[] = [];
    {
      using _scope = openScope(backend);
      let state: State | null = null;
      let total: Tensor | null = null;
      for (let t = 0; t < steps; t++) {
        const result: { output: Tensor; state: State } = cell.forward(xs[t]!, state);
        state = result.state;
        const loss = lossOf(result.output, t);
        total = total ? add(total, loss) : loss;
      }
      total!.backward();
      expected.push(await total!.item(), ...(await gradients()));
    }
    for (const parameter of parameters) parameter.zeroGrad();
    const learner = new RealTimeRecurrentLearner(cell);
    // Twice, the second time after a reset: nothing of the first sequence may be left.
    for (const round of [0, 1]) {
      let total = 0;
      for (let t = 0; t < steps; t++) {
        using loss = learner.step(xs[t]!, (output) => lossOf(output, t));
        total += await loss.item();
      }
      expect(worst([total, ...(await gradients())], expected, tolerance), `round ${round}`).toBeLessThanOrEqual(1);
      for (const parameter of parameters) parameter.zeroGrad();
      learner.reset();
    }
    for (const one of [learner, cell, readout, ...xs, ...targets]) one.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('learns while the sequence runs: to say what came two steps ago', async () => {
    const before = backend.memory().buffers;
    const generator = new Generator(1);
    const cell = new RNNCell({ backend, inputSize: 1, hiddenSize: 5, generator });
    const readout = new Linear({ backend, inputSize: 5, outputSize: 1, generator });
    const optimizer = new RMSprop([...cell.parameters(), ...readout.parameters()], { learningRate: 0.01 });
    const learner = new RealTimeRecurrentLearner(cell);
    const bits = Float32Array.from({ length: 800 }, () => (generator.uniform() < 0.5 ? -1 : 1));
    const losses: number[] = [];
    for (let t = 2; t < bits.length; t++) {
      using _scope = openScope(backend);
      const loss = learner.step(tensor(backend, bits.slice(t, t + 1), { shape: [1, 1] }), (output) =>
        mseLoss(readout.forward(output), tensor(backend, bits.slice(t - 2, t - 1), { shape: [1, 1] })),
      );
      optimizer.step();
      optimizer.zeroGrad();
      losses.push(await loss.item());
    }
    const mean = (from: number): number =>
      losses.slice(from, from + 100).reduce((total, loss) => total + loss / 100, 0);
    expect(mean(0)).toBeGreaterThan(0.4);
    expect(mean(losses.length - 100)).toBeLessThan(0.05);
    for (const one of [learner, optimizer, cell, readout]) one.dispose();
    expect(backend.memory().buffers).toBe(before);
  });

  it('keeps the gradients of before where the loss throws, and refuses a batch', () => {
    const cell = new RNNCell(options());
    const learner = new RealTimeRecurrentLearner(cell);
    const x = tensor(backend, [[1, 2]]);
    learner.step(x, sum).dispose();
    const { grad } = cell.weight_hh;
    const fail = (): Tensor => {
      throw new Error('no such luck');
    };
    expect(() => learner.step(x, fail)).toThrow('no such luck');
    expect(cell.weight_hh.grad).toBe(grad);
    expect(grad!.disposed).toBe(false);
    expect(() =>
      learner.step(
        tensor(backend, [
          [1, 2],
          [3, 4],
        ]),
        sum,
      ),
    ).toThrow(/expected x of shape \[1, 2\]/);
    expect(() => new RealTimeRecurrentLearner(new RNNCell(options()).freeze())).toThrow(/no parameter that can learn/);
    for (const one of [learner, cell, x]) one.dispose();
  });
});
