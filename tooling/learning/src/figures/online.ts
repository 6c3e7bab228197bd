import {
  add,
  Generator,
  openScope,
  square,
  subtract,
  sum,
  tensor,
  type Backend,
  type State,
  type Tensor,
} from '@timestep/core';
import { type Cell, GRUCell, Linear, LSTMCell, RNNCell } from '@timestep/layers';
import { RealTimeRecurrentLearner } from '@timestep/train';

const [steps, inputSize, hiddenSize] = [50, 2, 8];

/**
 * How far the gradients of real-time recurrent learning and of backpropagation through time lie apart, on one sequence.
 */
export async function onlineLearning(backend: Backend): Promise<void> {
  const options = { backend, inputSize, hiddenSize };
  const cells = {
    RNN: new RNNCell({ ...options, generator: new Generator(3) }) as unknown as Cell<State>,
    LSTM: new LSTMCell({ ...options, generator: new Generator(3) }) as unknown as Cell<State>,
    GRU: new GRUCell({ ...options, generator: new Generator(3) }) as unknown as Cell<State>,
  };
  for (const [name, cell] of Object.entries(cells)) {
    using _scope = openScope(backend);
    const readout = new Linear({ backend, inputSize: hiddenSize, outputSize: 1, generator: new Generator(4) });
    const random = new Generator(5);
    const given = Array.from(
      { length: steps },
      () =>
        [
          tensor(backend, [random.normal(), random.normal()], { shape: [1, 2] }),
          tensor(backend, [random.normal()], { shape: [1, 1] }),
        ] as const,
    );
    const lossOf = (output: Tensor, t: number): Tensor => sum(square(subtract(readout.forward(output), given[t]![1])));
    const parameters = [...cell.parameters(), ...readout.parameters()];
    const takeGradients = async (): Promise<number[]> => {
      const all = (await Promise.all(parameters.map(({ grad }) => grad!.data()))).flatMap((data) => [...data]);
      for (const parameter of parameters) parameter.zeroGrad();
      return all;
    };

    let state: State | null = null;
    let total: Tensor | null = null;
    for (let t = 0; t < steps; t++) {
      const result: { output: Tensor; state: State } = cell.forward(given[t]![0], state);
      ({ state } = result);
      const loss = lossOf(result.output, t);
      total = total ? add(total, loss) : loss;
    }
    total!.backward();
    const throughTime = await takeGradients();

    const learner = new RealTimeRecurrentLearner(cell);
    for (let t = 0; t < steps; t++) learner.step(given[t]![0], (output) => lossOf(output, t)).dispose();
    const online = await takeGradients();

    const size = throughTime.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = throughTime.reduce((most, value, k) => Math.max(most, Math.abs(value - online[k]!)), 0);
    console.log(
      `online  ${name}, T ${steps}, H ${hiddenSize}, f32: ${throughTime.length} gradients apart by at most ${(difference / size).toExponential(1)} of the largest`,
    );
    for (const made of [learner, cell, readout]) made.dispose();
  }
}
