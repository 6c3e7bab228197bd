import { readFileSync } from 'node:fs';
import { tensor, withFused, type Backend, type Tensor } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backends, worst } from '../test-support/backends.ts';
import { bceWithLogitsLoss, crossEntropyLoss, huberLoss, klDivLoss, l1Loss, mseLoss, smoothL1Loss } from '../index.ts';

/** Losses and gradients of PyTorch in float64: tooling/fixtures/losses.py. */
interface Fixture {
  function: keyof typeof losses;
  options: Record<string, unknown>;
  shape: number[];
  prediction: number[];
  target: number[];
  weight?: number[];
  posWeight?: number[];
  upstream: number[];
  loss: number[];
  gradient: number[];
}

const losses = { crossEntropyLoss, mseLoss, l1Loss, huberLoss, smoothL1Loss, klDivLoss, bceWithLogitsLoss };
const fixtures = JSON.parse(readFileSync(new URL('../fixtures/losses.json', import.meta.url), 'utf8')) as Fixture[];

describe.each(backends)('losses agree with PyTorch on $name', ({ create, forward, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  const named = fixtures.map((fixture) => {
    const extra = [fixture.weight && 'weight', fixture.posWeight && 'posWeight'].filter(Boolean).join(' ');
    return [`${fixture.function} ${JSON.stringify(fixture.options)} ${extra}`, fixture] as const;
  });

  it.each(named)('%s', async (_name, fixture) => {
    for (const mode of ['auto', 'off'] as const) {
      const before = backend.memory().buffers;
      const isClasses = fixture.function === 'crossEntropyLoss' && fixture.target.length < fixture.prediction.length;
      const prediction = tensor(backend, fixture.prediction, { shape: fixture.shape, requiresGrad: true });
      const target = tensor(backend, fixture.target, {
        shape: isClasses ? fixture.shape.slice(0, -1) : fixture.shape,
        dtype: isClasses ? 'i32' : 'f32',
      });
      const extras: Record<string, Tensor> = {};
      for (const key of ['weight', 'posWeight'] as const) if (fixture[key]) extras[key] = tensor(backend, fixture[key]);
      const loss = withFused(backend, mode, () =>
        losses[fixture.function](prediction, target, { ...fixture.options, ...extras }),
      );
      expect(worst(await loss.data(), fixture.loss, forward)).toBeLessThanOrEqual(1);
      const upstream = tensor(backend, fixture.upstream, { shape: loss.shape });
      withFused(backend, mode, () => loss.backward(upstream));
      expect(worst(await prediction.grad!.data(), fixture.gradient, tolerance)).toBeLessThanOrEqual(1);
      for (const made of [prediction, target, upstream, loss, ...Object.values(extras)]) made.dispose();
      expect(backend.memory().buffers).toBe(before);
    }
  });
});
