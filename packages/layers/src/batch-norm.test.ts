import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, zeros } from '@timestep/core';
import { expect, it } from 'vitest';
import { BatchNorm } from './batch-norm.ts';
import { checkGradients, randomLeaf } from './test-support/gradients.ts';
import { leakChecked } from './test-support/leaks.ts';

const backend = createReferenceBackend();
const generator = new Generator(16);
const lengths = [4, 0, 2];

it.each(['training', 'evaluation'])('BatchNorm in %s: gradients by finite differences, with lengths', (mode) =>
  leakChecked(backend, async () => {
    using norm = new BatchNorm({ backend, size: 2 });
    norm.weight!.assign([0.5, -2]);
    norm.running_mean!.assign([0.3, 0.1]);
    norm.running_var!.assign([2, 0.7]);
    norm.train(mode === 'training');
    const x = randomLeaf(backend, [4, 3, 2], generator);
    // Momentum does not matter: training reads the batch, and evaluation does not write.
    await checkGradients({ x, weight: norm.weight!, bias: norm.bias! }, () => [norm.forward(x, { lengths })]);
  }),
);

it('evaluation uses what training saved, and a state dict carries it', () =>
  leakChecked(backend, async () => {
    using norm = new BatchNorm({ backend, size: 2 });
    using other = new BatchNorm({ backend, size: 2 });
    for (let batch = 0; batch < 3; batch++) norm.forward(randomLeaf(backend, [4, 3, 2], generator), { lengths });
    expect([...(await norm.num_batches_tracked!.data())]).toEqual([3]);
    other.loadStateDict(await norm.stateDict());
    const x = randomLeaf(backend, [4, 3, 2], generator);
    const expected = await norm.eval().forward(x).data();
    expect(await other.eval().forward(x).data()).toEqual(expected);
    expect([...(await norm.num_batches_tracked!.data())]).toEqual([3]);
  }));

it('says what does not fit', () =>
  leakChecked(backend, () => {
    using norm = new BatchNorm({ backend, size: 2 });
    expect(() => norm.forward(zeros(backend, [4, 3]))).toThrow(
      '[BatchNorm] expected 2 features in axis -1 of x, got [4, 3]; pass size: 3, or axis where the features are',
    );
    expect(() => norm.forward(zeros(backend, [1, 2]))).toThrow(/more than one value of each feature/);
    expect(() => norm.forward(zeros(backend, [4, 2]), { lengths: [1, 2] })).toThrow(/lengths need x of shape/);
  }));
