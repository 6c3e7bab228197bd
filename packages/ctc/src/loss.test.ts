import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend } from '@timestep/backend-cpu';
import { openScope, tensor, type Backend } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CTCLoss } from './loss.ts';
import { LabelPriors } from './priors.ts';
import { labellings, logProbabilities, paths, collapse } from './test-support/enumerate.ts';
import { randomInteger, randomLogits, randomSource } from './test-support/random.ts';

const creators: [string, () => Promise<Backend>, number][] = [
  ['the float64 reference', async () => createReferenceBackend(), 1e-9],
  ['the CPU backend', () => createCpuBackend({ threads: 2 }), 2e-5],
];

describe.each(creators)('on %s', (_, create, tolerance) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await create();
  });
  afterAll(() => backend.dispose());

  test.each(['auto', 'off'] as const)('2,000 random losses are what all paths sum to, fused: %s', async (fused) => {
    const random = randomSource(11);
    for (let round = 0; round < 40; round++) {
      using _scope = openScope(backend);
      const [T, N, C] = [1 + randomInteger(random, 5), 50, 2 + randomInteger(random, 2)];
      const blank = randomInteger(random, C);
      const data = randomLogits(random, T * N, C);
      const inputLengths = Array.from({ length: N }, () => randomInteger(random, T + 1));
      const targets = Array.from({ length: N }, () =>
        Array.from({ length: randomInteger(random, 4) }, () => (blank + 1 + randomInteger(random, C - 1)) % C),
      );
      const losses = await new CTCLoss({ blank, reduction: 'none', fused })
        .forward(tensor(backend, data, { shape: [T, N, C] }), targets, inputLengths)
        .data();
      for (let n = 0; n < N; n++) {
        const steps = inputLengths[n]!;
        const own = Float32Array.from(
          { length: steps * C },
          (_, i) => data[(Math.floor(i / C) * N + n) * C + (i % C)]!,
        );
        const expected = -Math.log(
          labellings(logProbabilities(own, steps, C), steps, C, blank).get(targets[n]!.join(',')) ?? 0,
        );
        if (expected === Infinity) expect(losses[n]).toBe(Infinity);
        else expect(Math.abs(losses[n]! - expected)).toBeLessThan(tolerance * (1 + Math.abs(expected)));
      }
    }
  });

  test('the mean divides by the target lengths first, an empty one counting as 1', async () => {
    using _scope = openScope(backend);
    const logits = tensor(backend, randomLogits(randomSource(12), 6 * 3, 4), { shape: [6, 3, 4] });
    const targets = [[1, 2, 2], [], [3]];
    const each = await new CTCLoss({ reduction: 'none' }).forward(logits, targets).data();
    const [total] = await new CTCLoss({ reduction: 'sum' }).forward(logits, targets).data();
    const [average] = await new CTCLoss().forward(logits, targets).data();
    expect(total).toBeCloseTo(each[0]! + each[1]! + each[2]!, 4);
    expect(average).toBeCloseTo((each[0]! / 3 + each[1]! + each[2]!) / 3, 5);
    const [concatenated] = await new CTCLoss().forward(logits, [1, 2, 2, 3], [6, 6, 6], [3, 0, 1]).data();
    expect(concatenated).toBe(average);
  });

  test('with label priors the paths are weighed by posterior over prior', async () => {
    const random = randomSource(13);
    for (let round = 0; round < 100; round++) {
      using _scope = openScope(backend);
      const [T, C] = [1 + randomInteger(random, 5), 3];
      const data = randomLogits(random, T, C);
      const logPriors = Float32Array.from({ length: C }, () => -3 * random());
      const steps = randomInteger(random, T + 1);
      const target = Array.from({ length: randomInteger(random, 3) }, () => 1 + randomInteger(random, C - 1));
      let total = 0;
      const weights = logProbabilities(data, T, C).map((value, k) => value - 0.5 * logPriors[k % C]!);
      for (const { path, score } of paths(weights, steps, C))
        if (collapse(path, 0).join() === target.join()) total += Math.exp(score);
      const criterion = new CTCLoss({ reduction: 'none', logPriors, priorScale: 0.5 });
      const [loss] = await criterion.forward(tensor(backend, data, { shape: [T, 1, C] }), [target], [steps]).data();
      if (total === 0) expect(loss).toBe(Infinity);
      else expect(loss).toBeCloseTo(-Math.log(total), 4);
    }
  });
});

test('priors are the mean posteriors of the frames that count', () => {
  const priors = new LabelPriors(2);
  expect([...priors.logPriors()]).toEqual([Math.fround(Math.log(0.5)), Math.fround(Math.log(0.5))]);
  priors.update({ data: [0, 0, 5, 5, 0, Math.log(3), NaN, NaN], shape: [2, 2, 2], lengths: [2, 1] });
  const shares = Array.from(priors.logPriors(), Math.exp);
  expect(shares[0]).toBeCloseTo((0.5 + 0.5 + 0.25) / 3, 6);
  expect(shares[1]).toBeCloseTo((0.5 + 0.5 + 0.75) / 3, 6);
  priors.reset();
  expect(priors.frames).toBe(0);
  expect(() => priors.update({ data: [0, 0, 0], shape: [1, 3] })).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
  );
});

test('bad arguments are named', () => {
  const backend = createReferenceBackend();
  using _scope = openScope(backend);
  const logits = tensor(backend, new Float32Array(12), { shape: [2, 2, 3] });
  const codeOf = (code: string) => expect.objectContaining({ code });
  expect(() => new CTCLoss({ reduction: 'median' as 'mean' })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(() => new CTCLoss().forward(logits, [1, 2])).toThrow(codeOf('INVALID_LENGTHS'));
  expect(() => new CTCLoss().forward(logits, [1, 2], null, [1, 2])).toThrow(codeOf('INVALID_LENGTHS'));
  expect(() => new CTCLoss().forward(logits, [[0], [1]])).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(() => new CTCLoss({ blank: 3 }).forward(logits, [[1], [1]])).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(() => new CTCLoss({ logPriors: [0, 0] }).forward(logits, [[1], [1]])).toThrow(codeOf('SHAPE_MISMATCH'));
});
