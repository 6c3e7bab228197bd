import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, slice, tensor } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { checkGradients, randomLeaf } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { FiniteImpulse } from './finite-impulse.ts';

const backend = createReferenceBackend();
const generator = new Generator(17);

describe('a finite-impulse network', () => {
  it('equals its unrolled feed-forward network wherever the window is full', () =>
    leakChecked(backend, async () => {
      using network = new FiniteImpulse({ backend, inputSize: 2, hiddenSize: 3, taps: 3, numLayers: 3, generator });
      expect(network.reach).toBe(7);
      using feedForward = await network.unroll();
      expect(feedForward.namedParameters().map(([name, { shape }]) => [name, shape])).toEqual([
        ['0.weight', [15, 14]],
        ['0.bias', [15]],
        ['2.weight', [9, 15]],
        ['2.bias', [9]],
        ['4.weight', [3, 9]],
        ['4.bias', [3]],
      ]);
      const x = randomLeaf(backend, [12, 1, 2], generator);
      const recurrent = (await network.forward(x).output.array()) as number[][][];
      const values = await x.data();
      for (let t = 6; t < 12; t++) {
        const window = tensor(backend, values.slice((t - 6) * 2, (t + 1) * 2), { shape: [1, 14] });
        (await feedForward.forward(window).data()).forEach((value, unit) =>
          expect(value).toBeCloseTo(recurrent[t]![0]![unit]!, 13),
        );
      }
    }));

  it('forgets what is older than its reach, and nothing younger', () =>
    leakChecked(backend, async () => {
      using network = new FiniteImpulse({ backend, inputSize: 1, hiddenSize: 4, taps: 4, numLayers: 2, generator });
      const x = randomLeaf(backend, [20, 1, 1], generator);
      slice(network.forward(x).output, 0, -1).backward(randomLeaf(backend, [1, 1, 4], generator).detach());
      const gradient = [...(await x.grad!.data())];
      expect(gradient.slice(0, 13).every((value) => value === 0)).toBe(true);
      expect(gradient.slice(13).every((value) => value !== 0)).toBe(true);
    }));

  it('has the gradients of finite differences, with lengths, and streams with its state', () =>
    leakChecked(backend, async () => {
      using network = new FiniteImpulse({ backend, inputSize: 2, hiddenSize: 3, taps: 2, numLayers: 2, generator });
      const x = randomLeaf(backend, [5, 2, 2], generator);
      await checkGradients(
        { x, ...Object.fromEntries(network.namedParameters()) },
        () => {
          const { output, state } = network.forward(x, { lengths: [5, 2] });
          return [output, ...state.map(({ taps }) => taps)];
        },
        6,
      );
      const whole = await network.forward(x).output.data();
      const first = network.forward(slice(x, 0, 0, 2));
      const rest = await network.forward(slice(x, 0, 2), { state: first.state }).output.data();
      rest.forEach((value, k) => expect(value).toBeCloseTo(whole[2 * 2 * 3 + k]!, 13));
      expect(() => network.forward(x, { state: [] })).toThrow(
        '[FiniteImpulse] expected 2 states, one for each layer, got 0',
      );
    }));
});
