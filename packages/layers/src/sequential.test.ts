import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, relu, slice, tensor } from '@timestep/core';
import { expect, it } from 'vitest';
import { Conv1d } from './conv1d.ts';
import { Linear } from './linear.ts';
import { GRU } from './recurrent/gru.ts';
import { Sequential } from './sequential.ts';
import { checkGradients, randomLeaf } from './test-support/gradients.ts';
import { leakChecked } from './test-support/leaks.ts';

const backend = createReferenceBackend();

function makeModel(): Sequential {
  const generator = new Generator(3);
  return new Sequential(
    new Conv1d({ backend, inputSize: 2, outputSize: 3, kernelSize: 3, stride: 2, padding: 1, generator }),
    relu,
    new GRU({ backend, inputSize: 3, hiddenSize: 2, bidirectional: true, generator }),
    new Linear({ backend, inputSize: 4, outputSize: 2, generator }),
  );
}

it('names its parts by place, hands on the output and maps the lengths', () =>
  leakChecked(backend, async () => {
    using model = makeModel();
    expect(
      model
        .namedParameters()
        .map(([name]) => name)
        .slice(0, 3),
    ).toEqual(['0.weight', '0.bias', '2.weight_ih_l0']);
    expect(model.at(1)).toBe(relu);
    expect([...model.outputLengths([7, 4, 0])]).toEqual([4, 2, 0]);
    const x = randomLeaf(backend, [7, 3, 2], new Generator(5));
    const y = model.forward(x, { lengths: [7, 4, 0] });
    expect(y.shape).toEqual([4, 3, 2]);

    // A sequence comes out the same alone as in a batch of longer ones.
    const alone = model.forward(slice(slice(x, 1, 1, 2), 0, 0, 4));
    const together = await slice(slice(y, 1, 1, 2), 0, 0, 2).data();
    (await alone.data()).forEach((value, k) => expect(together[k]).toBeCloseTo(value, 12));
    await checkGradients({ x, ...Object.fromEntries(model.namedParameters()) }, () => [
      model.forward(x, { lengths: [7, 4, 0] }),
    ]);
  }));

it('lets neither values nor gradients through from past a length, NaN included', () =>
  leakChecked(backend, async () => {
    using model = makeModel();
    const data = Float64Array.from({ length: 28 }, (_, k) => (Math.floor(k / 4) >= 5 && k % 4 < 2 ? NaN : Math.sin(k)));
    const x = tensor(backend, data, { shape: [7, 2, 2], requiresGrad: true });
    const y = model.forward(x, { lengths: [5, 7] });
    y.backward(randomLeaf(backend, y.shape, new Generator(1)).detach());
    expect((await y.data()).every(Number.isFinite)).toBe(true);
    const gradient = await x.grad!.data();
    expect(gradient.every(Number.isFinite)).toBe(true);
    expect(gradient.filter((_, k) => Math.floor(k / 4) >= 5 && k % 4 < 2)).toEqual(new Float64Array(8).slice(0, 4));
  }));
