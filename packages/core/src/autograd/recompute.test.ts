import { describe, expect, it } from 'vitest';
import { tensor } from '../create.ts';
import { add, multiply } from '../ops/binary.ts';
import { dropout } from '../ops/dropout.ts';
import { matmul } from '../ops/matmul.ts';
import { sum } from '../ops/reduce.ts';
import { tanh } from '../ops/unary.ts';
import { Generator } from '../random/generator.ts';
import { checkGradient, randomValues } from '../test-support/gradients.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import type { Tensor } from '../tensor.ts';
import { openScope } from '../scope.ts';
import { recompute } from './recompute.ts';

describe('recompute', () => {
  it('has the gradient of its body, through several inputs and outputs', async () => {
    await checkGradient([{ shape: [3, 2] }, { shape: [2, 4] }], ([a, b]) =>
      recompute(([x, y]) => [tanh(matmul(x!, y!)), multiply(x!, x!)], [a!, b!]),
    );
  });

  it('chains, nests, and passes on where only some outputs are used', async () => {
    const layer = ([x]: readonly Tensor[]): Tensor[] => [tanh(add(x!, multiply(x!, x!))), multiply(x!, x!)];
    await checkGradient([{ shape: [5] }], ([x]) => {
      const outer = recompute(([y]) => recompute(layer, [recompute(layer, [y!])[0]!]), [x!]);
      return recompute(layer, [outer[1]!])[0]!;
    });
  });

  it('hands an input through', async () => {
    await checkGradient([{ shape: [2] }, { shape: [2] }], ([a, b]) =>
      recompute(([x, y]) => [x!, multiply(x!, y!)], [a!, b!]),
    );
  });

  /** A chain with weights in the closure and random masks; its gradients and the largest memory on the way. */
  async function chain(recomputed: boolean): Promise<{ gradients: number[][]; peak: number; drawn: number }> {
    const backend = createReferenceBackend();
    const generator = new Generator(4);
    const weight = tensor(backend, randomValues(generator, [8, 8], 0.4), { shape: [8, 8], requiresGrad: true });
    const frozen = tensor(backend, randomValues(generator, [8]));
    const x = tensor(backend, randomValues(generator, [16, 8]), { shape: [16, 8], requiresGrad: true });
    const piece = ([y]: readonly Tensor[]): [Tensor] => {
      let current = y!;
      for (let k = 0; k < 8; k++) current = dropout(tanh(add(matmul(current, weight), frozen)), 0.2, generator);
      return [current];
    };
    const before = backend.memory();
    {
      using _scope = openScope(backend);
      let current = x;
      for (let k = 0; k < 8; k++)
        [current] = recomputed
          ? recompute(piece, [current], { parameters: [weight, frozen], generators: [generator] })
          : piece([current]);
      sum(multiply(current, current)).backward();
    }
    expect(backend.memory().buffers).toBe(before.buffers + 2);
    const gradients = await Promise.all([weight, x].map(async ({ grad }) => [...(await grad!.data())]));
    return { gradients, peak: backend.memory().peakBytes - before.bytes, drawn: generator.state.counter };
  }

  it('draws the same masks again, reaches the parameters, and takes a fraction of the memory', async () => {
    const [plain, recomputed] = [await chain(false), await chain(true)];
    expect(recomputed.gradients[1]).toEqual(plain.gradients[1]);
    // The parts of the weight's gradient are added in another order.
    recomputed.gradients[0]!.forEach((value, i) => expect(value).toBeCloseTo(plain.gradients[0]![i]!, 10));
    expect(recomputed.drawn).toBe(plain.drawn);
    expect(recomputed.peak).toBeLessThan(plain.peak / 3);
  });

  it('notices parameters that were overwritten in between, and needs no gradient to run', () => {
    const backend = createReferenceBackend();
    const weight = tensor(backend, [2], { requiresGrad: true });
    const x = tensor(backend, [3]);
    const run = (): [Tensor] => recompute(([y]) => [multiply(y!, weight)], [x], { parameters: [weight] });
    const [y] = run();
    weight.assign([5]);
    expect(() => y.backward()).toThrow(/'recompute' needs for its gradient was overwritten/);
    y.dispose();
    weight.requiresGrad = false;
    const [z] = run();
    expect(z.requiresGrad).toBe(false);
    for (const one of [z, weight, x]) one.dispose();
    expect(backend.memory().buffers).toBe(0);
  });
});
