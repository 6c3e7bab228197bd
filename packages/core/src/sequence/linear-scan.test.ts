import { describe, expect, it } from 'vitest';
import { tensor, zeros } from '../create.ts';
import { Generator } from '../random/generator.ts';
import { checkGradient, randomValues } from '../test-support/gradients.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import { linearScan } from './linear-scan.ts';

/** The recurrence, one step after the other. */
function loop(a: Float64Array, b: Float64Array, start: Float64Array, steps: number, reverse: boolean): Float64Array {
  const width = start.length;
  const h = new Float64Array(steps * width);
  let before = start;
  for (let k = 0; k < steps; k++) {
    const t = reverse ? steps - 1 - k : k;
    before = before.map((value, i) => a[t * width + i]! * value + b[t * width + i]!);
    h.set(before, t * width);
  }
  return h;
}

describe.each([
  [false, 'off'],
  [true, 'off'],
  [false, 'require'],
  [true, 'require'],
] as const)('reverse: %s, fused: %s', (reverse, fused) => {
  it.each([1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 100])('%i steps are those of the loop', async (steps) => {
    const backend = createReferenceBackend();
    const generator = new Generator(steps);
    const shape = [steps, 2, 3];
    const [a, b, start] = [
      randomValues(generator, shape, 0.7),
      randomValues(generator, shape),
      randomValues(generator, [2, 3]),
    ];
    const given = [
      tensor(backend, a, { shape }),
      tensor(backend, b, { shape }),
      tensor(backend, start, { shape: [2, 3] }),
    ] as const;
    for (const initial of [start, new Float64Array(6)]) {
      const h = linearScan(given[0], given[1], { initial: initial === start ? given[2] : null, reverse, fused });
      const expected = loop(a, b, initial, steps, reverse);
      (await h.data()).forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 11));
      h.dispose();
    }
    for (const one of given) one.dispose();
    expect(backend.memory().buffers).toBe(0);
  });

  it.each([1, 2, 5, 8])('gradients over %i steps', async (steps) => {
    await checkGradient([{ shape: [steps, 3] }, { shape: [steps, 3] }, { shape: [3] }], ([a, b, initial]) =>
      linearScan(a!, b!, { initial: initial!, reverse, fused }),
    );
    await checkGradient([{ shape: [steps, 3] }, { shape: [steps, 3] }], ([a, b]) =>
      linearScan(a!, b!, { reverse, fused }),
    );
  });
});

it('takes a number of operations in proportion to log T', () => {
  const backend = createReferenceBackend();
  const count = (steps: number): number => {
    let calls = 0;
    const counting = Object.assign(Object.create(backend) as typeof backend, {
      binary: (...given: Parameters<typeof backend.binary>) => (calls++, backend.binary(...given)),
      copy: (...given: Parameters<typeof backend.copy>) => (calls++, backend.copy(...given)),
    });
    linearScan(zeros(counting, [steps, 1]), zeros(counting, [steps, 1]), { fused: 'off' });
    return calls;
  };
  const perLevel = (count(4096) - count(1024)) / 2;
  expect(perLevel).toBeLessThanOrEqual(8);
  expect(count(4096)).toBeLessThanOrEqual(12 * perLevel);
});

it('says which shapes do not fit', () => {
  const backend = createReferenceBackend();
  const x = zeros(backend, [4, 2]);
  expect(() => linearScan(x, zeros(backend, [4, 3]))).toThrow(
    '[linearScan] expected a and b of one shape [T, ...], got [4, 2] and [4, 3]',
  );
  expect(() => linearScan(x, x, { initial: zeros(backend, [3]) })).toThrow(
    '[linearScan] expected initial of shape [2], got [3]',
  );
  expect(linearScan(zeros(backend, [0, 2]), zeros(backend, [0, 2]), { initial: zeros(backend, [2]) }).shape).toEqual([
    0, 2,
  ]);
});
