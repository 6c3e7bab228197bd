import { readFileSync } from 'node:fs';
import { tensor, withFused, type Backend } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adagrad, Adam, AdamW, clipGradientNorm, RMSprop, SGD } from '../index.ts';
import { backends, worst } from '../test-support/backends.ts';

/** Twenty steps of PyTorch's optimizers in float64: tooling/fixtures/optimizers.py. */
interface Fixture {
  shapes: number[][];
  /** The third parameter has no gradient before this step. */
  late: number;
  initial: number[][];
  gradients: number[][][];
  runs: {
    optimizer: keyof typeof optimizers;
    options: { learningRate: number };
    clip: number;
    final: number[][];
    norms: number[];
  }[];
}

const optimizers = { SGD, RMSprop, Adagrad, Adam, AdamW };
const fixture = JSON.parse(readFileSync(new URL('../fixtures/optimizers.json', import.meta.url), 'utf8')) as Fixture;
const runs = fixture.runs.map(
  (run) =>
    [`${run.optimizer} ${JSON.stringify(run.options)}${run.clip ? `, clipped to ${run.clip}` : ''}`, run] as const,
);

describe.each(backends)('20 steps agree with PyTorch on $name', ({ create, ...tolerance }) => {
  let backend: Backend;
  beforeAll(async () => void (backend = await create()));
  afterAll(() => backend.dispose());

  it.each(runs)('%s', async (_name, run) => {
    for (const mode of ['auto', 'off'] as const) {
      const before = backend.memory().buffers;
      const parameters = fixture.initial.map((values, index) =>
        tensor(backend, values, { shape: fixture.shapes[index]!, requiresGrad: true }),
      );
      const optimizer = new optimizers[run.optimizer](
        [
          { parameters: parameters.slice(0, 2) },
          { parameters: parameters.slice(2), learningRate: 0.003, weightDecay: 0.2 },
        ],
        run.options,
      );
      const norms: number[] = [];
      for (const [step, gradients] of fixture.gradients.entries()) {
        for (const [index, parameter] of parameters.entries()) {
          if (index < 2 || step >= fixture.late)
            parameter.grad = tensor(backend, gradients[index]!, { shape: fixture.shapes[index]! });
        }
        const clipped = run.clip
          ? withFused(backend, mode, () => clipGradientNorm(optimizer.gradients, run.clip))
          : null;
        if (clipped) norms.push(await clipped.norm.item());
        withFused(backend, mode, () => optimizer.step(clipped?.factor ?? null));
        optimizer.zeroGrad();
        clipped?.norm.dispose();
        clipped?.factor.dispose();
      }
      for (const [index, parameter] of parameters.entries())
        expect(worst(await parameter.data(), run.final[index]!, tolerance)).toBeLessThanOrEqual(1);
      expect(worst(norms, run.norms, tolerance)).toBeLessThanOrEqual(1);
      optimizer.dispose();
      for (const parameter of parameters) parameter.dispose();
      expect(backend.memory().buffers).toBe(before);
    }
  });
});
