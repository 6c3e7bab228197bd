import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, mean, openScope, square, tensor, type Backend } from '@timestep/core';
import { LSTM } from '@timestep/layers';
import { expect, test } from 'vitest';
import { createWebGpuBackend } from './index.ts';
import { missingAdapter } from './test-support/adapter.ts';

const missing = await missingAdapter();

const [steps, batch, size] = [1100, 3, 5];

/** The output's mean square, the last state and the gradient of the recurrent weights of a bidirectional layer. */
async function passes(backend: Backend): Promise<number[]> {
  using _scope = openScope(backend);
  const generator = new Generator(8);
  const layer = new LSTM({ backend, inputSize: 2, hiddenSize: size, bidirectional: true, generator });
  const x = tensor(backend, generator.fillNormal(new Float32Array(steps * batch * 2), 0, 1), {
    shape: [steps, batch, 2],
  });
  const { output, state } = layer.forward(x, { lengths: Int32Array.of(1100, 700, 512) });
  const loss = mean(square(output));
  loss.backward();
  const gradients = await Promise.all(
    ['weight_hh_l0', 'weight_hh_l0_reverse'].map((name) =>
      Object.fromEntries(layer.namedParameters())[name]!.grad!.data(),
    ),
  );
  return [...(await loss.data()), ...(await state.h.data()), ...gradients.flatMap((each) => [...each])];
}

// Up to 128 units a dispatch takes 512 steps: 1,100 of them go over two seams.
test.skipIf(missing !== null)(
  '1,100 steps, some sequences shorter: three dispatches a pass give what the reference gives',
  async () => {
    const expected = await passes(createReferenceBackend());
    const backend = await createWebGpuBackend();
    const actual = await passes(backend);
    const { kernels } = await backend.profiler.read();
    await backend.dispose();
    expect(Object.fromEntries(kernels.map(({ kernel, dispatches }) => [kernel, dispatches]))).toMatchObject({
      'lstm.forward': 6,
      'lstm.backward': 6,
    });
    expect(actual).toHaveLength(expected.length);
    // The house's agreement of gradients, in units of the largest of these numbers.
    const largest = Math.max(...expected.map(Math.abs));
    actual.forEach((value, k) =>
      expect(Math.abs(value - expected[k]!)).toBeLessThan(1e-4 * Math.abs(expected[k]!) + 1e-5 * largest),
    );
  },
);
