import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend } from '@timestep/backend-cpu';
import { Generator, openScope, tensor, zeros, type Backend } from '@timestep/core';
import { adamStep } from '@timestep/core/extend';
import { describe, expect, test } from 'vitest';
import { logProbabilities } from '../test-support/enumerate.ts';
import { randomInteger, randomLogits, randomSource } from '../test-support/random.ts';
import { transducerBeamDecode, transducerGreedyDecode, type TransducerSteps } from './decode.ts';
import { transducerLoss } from './loss.ts';
import { Transducer } from './transducer.ts';

/** Σ over all ways of the probability that `labels` are said from frame t and label u on. */
function ways(
  p: (t: number, u: number, c: number) => number,
  T: number,
  labels: readonly number[],
  t = 0,
  u = 0,
): number {
  if (t === T) return u === labels.length ? 1 : 0;
  const goesOn = p(t, u, 0) * ways(p, T, labels, t + 1, u);
  return u === labels.length ? goesOn : goesOn + p(t, u, labels[u]!) * ways(p, T, labels, t, u + 1);
}

const creators: [string, () => Promise<Backend>, number][] = [
  ['the float64 reference', async () => createReferenceBackend(), 1e-9],
  ['the CPU backend', () => createCpuBackend({ threads: 2 }), 2e-5],
];

describe.each(creators)('the loss on %s', (_, create, tolerance) => {
  test('2,000 random losses are what all ways sum to', async () => {
    const backend = await create();
    const random = randomSource(71);
    for (let round = 0; round < 40; round++) {
      using _scope = openScope(backend);
      const [T, N, C] = [1 + randomInteger(random, 4), 50, 2 + randomInteger(random, 3)];
      const inputLengths = Array.from({ length: N }, () => 1 + randomInteger(random, T));
      const targets = Array.from({ length: N }, () =>
        Array.from({ length: randomInteger(random, 4) }, () => 1 + randomInteger(random, C - 1)),
      );
      const U1 = 1 + Math.max(...targets.map(({ length }) => length));
      const data = randomLogits(random, T * N * U1, C);
      const logp = logProbabilities(data, T * N * U1, C);
      // What lies outside must not be looked at.
      const poisoned = data.map((value, k) => {
        const [u, n, t] = [Math.floor(k / C) % U1, Math.floor(k / C / U1) % N, Math.floor(k / C / U1 / N)];
        return t < inputLengths[n]! && u <= targets[n]!.length ? value : NaN;
      });
      const logits = tensor(backend, poisoned, { shape: [T, N, U1, C], requiresGrad: true });
      const losses = transducerLoss(logits, { targets, inputLengths, reduction: 'none' });
      const found = await losses.data();
      targets.forEach((labels, n) => {
        const p = (t: number, u: number, c: number): number => Math.exp(logp[((t * N + n) * U1 + u) * C + c]!);
        const expected = -Math.log(ways(p, inputLengths[n]!, labels));
        if (!(Math.abs(found[n]! - expected) < tolerance * (1 + expected)))
          expect.fail(`loss ${found[n]}, expected ${expected}`);
      });
      losses.backward(tensor(backend, new Float32Array(N).fill(1)));
      expect(
        (await logits.grad!.data()).every(
          (value, k) => Number.isFinite(value) && (!Number.isNaN(poisoned[k]) || value === 0),
        ),
      ).toBe(true);
    }
    await backend.dispose();
  });
});

test('the gradient agrees with finite differences', async () => {
  const backend = createReferenceBackend();
  const random = randomSource(72);
  const [T, N, U1, C] = [4, 2, 4, 3];
  const data = Float64Array.from(randomLogits(random, T * N * U1, C));
  const options = { targets: [[1, 2, 2], [2]], inputLengths: [4, 3], reduction: 'sum' } as const;
  const lossOf = async (values: Float64Array): Promise<number> => {
    using _scope = openScope(backend);
    return (await transducerLoss(tensor(backend, values, { shape: [T, N, U1, C] }), options).data())[0]!;
  };
  using _scope = openScope(backend);
  const logits = tensor(backend, data, { shape: [T, N, U1, C], requiresGrad: true });
  transducerLoss(logits, options).backward();
  const gradient = await logits.grad!.data();
  for (let k = 0; k < data.length; k++) {
    const moved = [1e-5, -1e-5].map((step) => data.with(k, data[k]! + step));
    expect(((await lossOf(moved[0]!)) - (await lossOf(moved[1]!))) / 2e-5).toBeCloseTo(gradient[k]!, 6);
  }
});

/** A transducer whose probabilities are a table over the frame and the labels so far, drawn on demand. */
function randomSteps(
  seed: number,
  frames: number,
  classes: number,
): TransducerSteps<string> & { p(t: number, labels: readonly number[], c: number): number } {
  const tables = new Map<string, Float64Array>();
  const at = (t: number, state: string): Float64Array => {
    const key = `${t}:${state}`;
    const known =
      tables.get(key) ??
      logProbabilities(
        randomLogits(
          randomSource(seed * 7919 + [...key].reduce((hash, ch) => (hash * 31 + ch.charCodeAt(0)) % 65521, 7)),
          1,
          classes,
          1.5,
        ),
        1,
        classes,
      );
    tables.set(key, known);
    return known;
  };
  return {
    frames,
    blank: 0,
    start: () => '',
    extend: (state, token) => `${state}${token}`,
    logProbabilities: at,
    p: (t, labels, c) => Math.exp(at(t, labels.join(''))[c]!),
  };
}

test('2,000 random beams of unlimited width sum all ways that say at most so many labels a frame', async () => {
  const random = randomSource(73);
  for (let round = 0; round < 2000; round++) {
    const [frames, classes, maxSymbols] = [
      randomInteger(random, 4),
      2 + randomInteger(random, 2),
      1 + randomInteger(random, 2),
    ];
    const steps = randomSteps(round, frames, classes);
    const expected = new Map<string, number>();
    const walk = (t: number, said: number, labels: number[], p: number): void => {
      if (t === frames) {
        expected.set(labels.join(''), (expected.get(labels.join('')) ?? 0) + p);
        return;
      }
      walk(t + 1, 0, labels, p * steps.p(t, labels, 0));
      if (said < maxSymbols)
        for (let c = 1; c < classes; c++) walk(t, said + 1, [...labels, c], p * steps.p(t, labels, c));
    };
    walk(0, 0, [], 1);
    const results = await transducerBeamDecode(steps, { maxSymbols, beamWidth: 10_000, nBest: 10_000 });
    expect(results.map(({ tokens }) => tokens.join('')).sort()).toEqual([...expected.keys()].sort());
    for (const { tokens, score } of results)
      if (!(Math.abs(score - Math.log(expected.get(tokens.join(''))!)) < 1e-9))
        expect.fail(`${tokens.join('')}: ${score}`);
    expect(results.map(({ score }) => score)).toEqual(results.map(({ score }) => score).sort((a, b) => b - a));

    const greedy = await transducerGreedyDecode(steps, { maxSymbols });
    expect(Math.exp(greedy.score)).toBeLessThanOrEqual(expected.get(greedy.tokens.join(''))! + 1e-12);
    expect(greedy.frames).toEqual(greedy.frames.toSorted((a, b) => a - b));
  }
});

test('a transducer learns to copy, and both decoders read it', async () => {
  const backend = await createCpuBackend({ threads: 1 });
  const generator = new Generator(3);
  const transducer = new Transducer({
    backend,
    encoderSize: 4,
    classes: 4,
    predictionSize: 12,
    embeddingSize: 6,
    jointSize: 16,
    generator,
  });
  // Without equal neighbours: a frame alone does not tell whether its label has been said already.
  const draw = () => {
    const labels = [1 + generator.integer(3)];
    for (let left = generator.integer(4); left > 0; left--)
      labels.push(1 + ((labels.at(-1)! + generator.integer(2)) % 3));
    return labels;
  };
  const encode = (lists: readonly number[][], T: number) => {
    const data = new Float32Array(T * lists.length * 4);
    lists.forEach((labels, n) =>
      Array.from({ length: T }, (_, t) => (data[(t * lists.length + n) * 4 + (labels[t] ?? 0)] = 2)),
    );
    return tensor(backend, data, { shape: [T, lists.length, 4] });
  };
  const slots = transducer.parameters().map((parameter) => ({
    parameter,
    firstMoment: zeros(backend, parameter.shape),
    secondMoment: zeros(backend, parameter.shape),
  }));
  const losses: number[] = [];
  for (let step = 1; step <= 250; step++) {
    using _scope = openScope(backend);
    const targets = Array.from({ length: 16 }, draw);
    const loss = transducer.loss(encode(targets, 5), targets);
    loss.backward();
    adamStep(
      slots.map((slot) => ({ ...slot, gradient: slot.parameter.grad! })),
      { learningRate: 0.02, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false, step },
    );
    transducer.zeroGrad();
    losses.push((await loss.data())[0]!);
  }
  expect(losses.at(-1)!).toBeLessThan(0.2);
  for (let round = 0; round < 10; round++) {
    using _scope = openScope(backend);
    const labels = draw();
    const steps = await transducer.steps(encode([labels], 5));
    expect((await transducerGreedyDecode(steps)).tokens).toEqual(labels);
    const [best] = await transducerBeamDecode(steps, { beamWidth: 4, maxSymbols: 2 });
    expect(best!.tokens).toEqual(labels);
    // The loss of what was read is no more than what the search found of its ways.
    const [loss] = await transducer.loss(encode([labels], 5), [labels]).data();
    expect(-best!.score).toBeGreaterThan(loss! - 1e-3);
  }
  await backend.dispose();
});

test('bad input is named', async () => {
  const backend = createReferenceBackend();
  using _scope = openScope(backend);
  const codeOf = (code: string) => expect.objectContaining({ code });
  const logits = tensor(backend, new Float32Array(2 * 1 * 2 * 3), { shape: [2, 1, 2, 3] });
  const loss = (options: object) => () => transducerLoss(logits, { targets: [[1]], ...options });
  expect(loss({ targets: [[1, 2]] })).toThrow(codeOf('SHAPE_MISMATCH'));
  expect(loss({ targets: [[1], [1]] })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(loss({ targets: [[0]] })).toThrow(codeOf('INVALID_LABEL'));
  expect(loss({ targets: [[3]] })).toThrow(codeOf('INVALID_LABEL'));
  expect(loss({ blank: 3 })).toThrow(codeOf('INVALID_BLANK'));
  expect(loss({ inputLengths: [0] })).toThrow(codeOf('INVALID_LENGTHS'));
  expect(loss({ inputLengths: [3] })).toThrow(codeOf('INVALID_LENGTHS'));
  expect(loss({ reduction: 'median' })).toThrow(codeOf('INVALID_ARGUMENT'));
  expect(() => transducerLoss(tensor(backend, [1, 2]), { targets: [[]] })).toThrow(codeOf('SHAPE_MISMATCH'));
  const steps = randomSteps(1, 2, 3);
  await expect(transducerBeamDecode(steps, { beamWidth: 0 })).rejects.toThrow(codeOf('INVALID_ARGUMENT'));
  await expect(transducerGreedyDecode(steps, { maxSymbols: 0.5 })).rejects.toThrow(codeOf('INVALID_ARGUMENT'));
  for (const decode of [transducerGreedyDecode, transducerBeamDecode]) {
    // A decoder that took them would never end.
    await expect(decode({ ...steps, frames: Infinity })).rejects.toThrow(codeOf('INVALID_ARGUMENT'));
    await expect(decode({ ...steps, frames: NaN })).rejects.toThrow(codeOf('INVALID_ARGUMENT'));
  }
  const transducer = new Transducer({ backend, encoderSize: 2, classes: 3 });
  expect(() => transducer.loss(undefined as never, [[1]])).toThrow(codeOf('INVALID_ARGUMENT'));
  await expect(transducer.steps(tensor(backend, new Float32Array(8), { shape: [2, 2, 2] }))).rejects.toThrow(
    codeOf('SHAPE_MISMATCH'),
  );
});
