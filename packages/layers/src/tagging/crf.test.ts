import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend } from '@timestep/backend-cpu';
import { Generator, tensor, type Tensor } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { checkGradients, randomLeaf } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { CRF } from './crf.ts';

const backend = createReferenceBackend();
const generator = new Generator(14);
const [T, N, K] = [4, 3, 3];
const lengths = [4, 0, 2];

/** All paths of a length with their scores, by the definition. */
async function paths(crf: CRF, emissions: Tensor, n: number, length: number) {
  const scores = (await emissions.array()) as number[][][];
  const transitions = (await crf.transitions.array()) as number[][];
  const [start, end] = [
    (await crf.start_transitions.array()) as number[],
    (await crf.end_transitions.array()) as number[],
  ];
  let tails: number[][] = [[]];
  for (let t = 0; t < length; t++) tails = tails.flatMap((path) => Array.from({ length: K }, (_, k) => [...path, k]));
  return tails.map((tags) => ({
    tags,
    score:
      start[tags[0]!]! +
      end[tags.at(-1)!]! +
      tags.reduce((sum, tag, t) => sum + scores[t]![n]![tag]! + (t > 0 ? transitions[tags[t - 1]!]![tag]! : 0), 0),
  }));
}

function make(): { crf: CRF; emissions: Tensor; tags: Tensor } {
  const crf = new CRF({
    backend,
    tags: K,
    generator,
    initializer: (shape, random) => random.fillUniform(new Float32Array(shape.reduce((a, b) => a * b, 1)), -2, 2),
  });
  const emissions = randomLeaf(backend, [T, N, K], generator);
  // After a length there are values that are not tags.
  const values = Int32Array.from({ length: T * N }, (_, k) =>
    Math.floor(k / N) < lengths[k % N]! ? generator.integer(K) : -9,
  );
  return { crf, emissions, tags: tensor(backend, values, { shape: [T, N] }) };
}

describe('CRF', () => {
  it('is the share of one path among all paths', () =>
    leakChecked(backend, async () => {
      const { crf, emissions, tags } = make();
      using _crf = crf;
      const found = await crf.forward(emissions, tags, { lengths }).data();
      const given = (await tags.array()) as number[][];
      for (const [n, length] of lengths.entries()) {
        if (length === 0) {
          expect(found[n]).toBe(0);
          continue;
        }
        const all = await paths(crf, emissions, n, length);
        const own = all.find((path) => path.tags.every((tag, t) => tag === given[t]![n]))!;
        const total = Math.log(all.reduce((sum, { score }) => sum + Math.exp(score), 0));
        expect(found[n]).toBeCloseTo(total - own.score, 10);
      }
    }));

  it('decodes the best of all paths', () =>
    leakChecked(backend, async () => {
      const { crf, emissions } = make();
      using _crf = crf;
      const found = await crf.decode(emissions, { lengths });
      for (const [n, length] of lengths.entries()) {
        const all = length === 0 ? [{ tags: [], score: 0 }] : await paths(crf, emissions, n, length);
        const best = all.reduce((a, b) => (b.score > a.score ? b : a));
        expect(found[n]!.tags).toEqual(best.tags);
        expect(found[n]!.score).toBeCloseTo(best.score, 10);
      }
    }));

  it('has the gradients of finite differences', () =>
    leakChecked(backend, async () => {
      const { crf, emissions, tags } = make();
      using _crf = crf;
      await checkGradients({ emissions, ...Object.fromEntries(crf.namedParameters()) }, () => [
        crf.forward(emissions, tags, { lengths }),
      ]);
    }));

  it.each([-Infinity, -1e4])('keeps out a pair of tags whose transition is %s', (forbidden) =>
    leakChecked(backend, async () => {
      const { crf, emissions, tags } = make();
      using _crf = crf;
      const transitions = Float64Array.from(await crf.transitions.data());
      transitions[1] = forbidden;
      crf.transitions.assign(transitions);
      tags.assign(new Int32Array(T * N));
      const losses = crf.forward(emissions, tags, { lengths });
      losses.backward(tensor(backend, [1, 1, 1]));
      for (const values of [await losses.data(), await emissions.grad!.data(), await crf.transitions.grad!.data()])
        expect(values.every(Number.isFinite)).toBe(true);
      expect((await crf.transitions.grad!.data())[1]).toBeCloseTo(0, 12);
      for (const { tags: path } of await crf.decode(emissions))
        expect(path.some((tag, t) => tag === 1 && path[t - 1] === 0)).toBe(false);
    }),
  );

  it('stays exact in f32 where scores are far apart', async () => {
    await using cpu = await createCpuBackend({ threads: 1 });
    using crf = new CRF({ backend: cpu, tags: 2 });
    crf.transitions.assign([0, -200, 0, 0]);
    crf.start_transitions.assign([0, -300]);
    crf.end_transitions.assign([0, 0]);
    const emissions = tensor(cpu, [0, 0, 0, 500], { shape: [2, 1, 2] });
    // Paths 00, 01, 10, 11 score 0, 300, −300, 200.
    const loss = (tags: number[]) =>
      crf.forward(emissions, tensor(cpu, Int32Array.from(tags), { shape: [2, 1] })).item();
    expect(await loss([0, 1])).toBeCloseTo(0, 4);
    expect(await loss([1, 1])).toBeCloseTo(100, 4);
  });

  it('says what does not fit', () => {
    using crf = new CRF({ backend, tags: K });
    const emissions = randomLeaf(backend, [T, N, K], generator);
    expect(() => crf.forward(emissions, tensor(backend, new Int32Array(4), { shape: [2, 2] }))).toThrow(
      '[CRF] expected tags of shape [4, 3], got [2, 2]',
    );
    expect(() => crf.forward(emissions, tensor(backend, new Int32Array(T * N).fill(K), { shape: [T, N] }))).toThrow(
      /3/,
    );
  });
});
