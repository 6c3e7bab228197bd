import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend } from '@timestep/backend-cpu';
import { Generator, openScope, tensor, type Tensor } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { GRU } from './gru.ts';
import { LSTM } from './lstm.ts';
import { RNN } from './rnn.ts';

const backends = {
  reference: () => Promise.resolve(createReferenceBackend()),
  cpu: () => createCpuBackend({ threads: 1 }),
};

// A fused backward pass may use up what its forward pass saved: the CPU's overwrites the gates with their gradients.
describe.each(['reference', 'cpu'] as const)('a retained graph on %s', (name) => {
  test.each([
    ['LSTM', LSTM],
    ['GRU', GRU],
    ['RNN', RNN],
  ] as const)('through a fused %s gives its gradient each time', async (_, Layer) => {
    const backend = await backends[name]();
    const before = backend.memory().buffers;
    {
      using _scope = openScope(backend);
      const generator = new Generator(4);
      const layer = new Layer({ backend, inputSize: 3, hiddenSize: 5, generator, fused: 'require' });
      const draw = (...shape: number[]): Tensor =>
        tensor(
          backend,
          Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => generator.normal()),
          { shape },
        );
      const [x, upstream] = [draw(6, 2, 3), draw(6, 2, 5)];
      const gradients = async (passes: number): Promise<number[]> => {
        layer.zeroGrad();
        const { output } = layer.forward(x);
        for (let pass = passes; pass > 0; pass--) output.backward(upstream, { retainGraph: pass > 1 });
        return (await Promise.all(layer.parameters().map((parameter) => parameter.grad!.data()))).flatMap((data) => [
          ...data,
        ]);
      };
      const [once, thrice] = [await gradients(1), await gradients(3)];
      thrice.forEach((value, i) => expect(value).toBeCloseTo(3 * once[i]!, 5));
      layer.zeroGrad();
      layer.dispose();
    }
    expect(backend.memory().buffers).toBe(before);
    await backend.dispose();
  });
});
