import { describe, expect, it } from 'vitest';
import { tensor } from '../create.ts';
import { Generator } from '../random/generator.ts';
import { checkGradient } from '../test-support/gradients.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { crossEntropyRows } from './cross-entropy.ts';
import { dropout } from './dropout.ts';
import { layerNorm } from './layer-norm.ts';
import { linear } from './linear.ts';
import { logSoftmax, softmax } from './softmax.ts';

describe.each(['require', 'off'] as const)('gradients with fused: %s', (fused) => {
  it('linear', async () => {
    await checkGradient([{ shape: [2, 2, 3] }, { shape: [4, 3] }, { shape: [4] }], ([x, weight, bias]) =>
      linear(x!, weight!, bias, { fused }),
    );
    await checkGradient([{ shape: [2, 3] }, { shape: [4, 3] }], ([x, weight]) => linear(x!, weight!, null, { fused }));
  });
  it.each([-1, 0])('softmax and logSoftmax along axis %i', async (axis) => {
    await checkGradient([{ shape: [3, 4] }], ([x]) => softmax(x!, axis, { fused }));
    await checkGradient([{ shape: [3, 4] }], ([x]) => logSoftmax(x!, axis, { fused }));
  });
  it.each([0, 0.3])('cross-entropy with label smoothing %d', async (labelSmoothing) => {
    await checkGradient([{ shape: [4, 5] }], ([x]) =>
      crossEntropyRows(x!, tensor(x!.backend, [0, 4, -100, 2], { dtype: 'i32' }), { labelSmoothing, fused }),
    );
  });
  it('layer norm', async () => {
    await checkGradient([{ shape: [3, 4] }, { shape: [4] }, { shape: [4] }], ([x, weight, bias]) =>
      layerNorm(x!, weight!, bias!, { fused }),
    );
    await checkGradient([{ shape: [3, 4] }], ([x]) => layerNorm(x!, null, null, { fused }));
  });
});

describe('dropout', () => {
  it('has the gradient of its own mask', () =>
    checkGradient([{ shape: [3, 4] }], ([x]) => dropout(x!, 0.4, new Generator(3))));
  it('drops the share asked for and keeps the mean', async () => {
    const x = tensor(createReferenceBackend(), new Float64Array(20_000).fill(1));
    const y = await dropout(x, 0.3, new Generator(5)).data();
    const kept = y.filter((value) => value !== 0);
    // Five standard deviations of a binomial.
    expect(Math.abs(kept.length / 20_000 - 0.7)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / 20_000));
    expect(new Set(kept)).toEqual(new Set([1 / 0.7]));
  });
  it('drops the same features at every step under a mask of [1, N, D]', async () => {
    const x = tensor(createReferenceBackend(), new Float64Array(60).fill(1), { shape: [5, 3, 4] });
    const y = await dropout(x, 0.5, new Generator(1), { maskShape: [1, 3, 4] }).data();
    for (let i = 12; i < 60; i++) expect(y[i]).toBe(y[i % 12]);
  });
  it('is the identity at 0 and nothing at 1', async () => {
    const x = tensor(createReferenceBackend(), [1, 2, 3]);
    expect([...(await dropout(x, 0, new Generator(1)).data())]).toEqual([1, 2, 3]);
    expect([...(await dropout(x, 1, new Generator(1)).data())]).toEqual([0, 0, 0]);
    expect(() => dropout(x, 1.1, new Generator(1))).toThrow(/rate to be a probability in 0…1/);
  });
});
