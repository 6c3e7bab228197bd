import { describe, expect, it } from 'vitest';
import { full, tensor } from '../create.ts';
import { dropout } from '../ops/dropout.ts';
import { createReferenceBackend } from '../test-support/reference.ts';
import type { Tensor } from '../tensor.ts';
import { Generator } from './generator.ts';
import { uniform } from './initializers.ts';
import { between, doubleBelow, floatBelow, floatFrom, unitFromWords } from './interval.ts';

/** A generator that draws these units: the conversions are those of the real one. */
class Scripted extends Generator {
  readonly #words: readonly (readonly [number, number])[];
  #drawn = 0;

  constructor(words: readonly (readonly [number, number])[]) {
    super(0);
    this.#words = words;
  }

  override uniform(low = 0, high = 1): number {
    const [first, second] = this.#words[this.#drawn++ % this.#words.length]!;
    return between(low, high, unitFromWords(first, second));
  }
}

const all = 2 ** 32 - 1;
/** The least and greatest pairs of words, and those around every carry between the two. */
const corners = [0, 1, 31, 32, 63, 64, 2 ** 31, all - 64, all - 63, all - 32, all - 31, all].flatMap((first) =>
  [0, 63, 64, all - 64, all - 63, all].map((second) => [first, second] as const),
);

describe('the conversion of random words', () => {
  it('stays below 1 and never falls, whatever the words', () => {
    expect(unitFromWords(0, 0)).toBe(0);
    expect(unitFromWords(all, all)).toBe(1 - 2 ** -53);
    // The second word counts below the last bit of the first: a lexicographic order, so the corners are the extremes.
    // Every pattern of the upper 24 bits of the first word, with the least and the greatest of what lies below.
    let before = -1;
    let wrong = 0;
    for (let upper = 0; upper < 2 ** 24; upper++) {
      const first = upper * 256;
      const least = unitFromWords(first, 0);
      const greatest = unitFromWords(first + 255, all);
      if (!(least > before && greatest > least && greatest < 1)) wrong++;
      before = greatest;
    }
    expect(wrong).toBe(0);
  });

  it('does not depend on the bits that are dropped, and counts each of the others', () => {
    for (let bit = 0; bit < 32; bit++) {
      expect(unitFromWords(2 ** bit, 0)).toBe(bit < 5 ? 0 : 2 ** (bit - 32));
      expect(unitFromWords(0, 2 ** bit)).toBe(bit < 6 ? 0 : 2 ** (bit - 59));
    }
  });
});

const intervals: readonly (readonly [number, number])[] = [
  [0, 1],
  [1, 2],
  [-1, 1],
  [-2, -1],
  [0.1, 0.3],
  [-0.3, -0.1],
  [-1 / Math.sqrt(3), 1 / Math.sqrt(3)],
  [0, 2 ** -149],
  [-(2 ** -149), 0],
  [1e30, 1e38],
  [0, 1e39],
  [2 ** 53, 2 ** 53 + 2],
  [16_777_216, 16_777_218],
  [1, 1 + 2 ** -52],
];

describe.each(intervals)('uniform in [%d, %d)', (low, high) => {
  it('holds both ends for every corner of the words, in double and in single precision', () => {
    const scripted = new Scripted(corners);
    for (let n = 0; n < corners.length; n++) {
      const value = scripted.uniform(low, high);
      expect(value).toBeGreaterThanOrEqual(low);
      expect(value).toBeLessThan(high);
    }
    const floats = scripted.fillUniform(new Float32Array(corners.length), low, high);
    const drawn = uniform(low, high)([corners.length], new Scripted(corners));
    for (const value of [...floats, ...drawn]) {
      // Between 1 and 1 + 2⁻⁵² there is one float32, and it is `low`; between 2⁻¹⁴⁹ and 0 there is `low` or 0.
      expect(value).toBeGreaterThanOrEqual(low);
      expect(value).toBeLessThan(high);
    }
  });
});

it('an interval without a float32, and one of length 0, give the nearest', () => {
  const scripted = new Scripted(corners);
  const inside = [1 + 2 ** -40, 1 + 2 ** -39] as const;
  expect(new Set(scripted.fillUniform(new Float32Array(80), ...inside))).toEqual(new Set([1]));
  expect(scripted.uniform(0.5, 0.5)).toBe(0.5);
  expect([...scripted.fillUniform(new Float32Array(2), 3, 3)]).toEqual([3, 3]);
});

it('the neighbours of a number', () => {
  expect(doubleBelow(1)).toBe(1 - 2 ** -53);
  expect(doubleBelow(-1)).toBe(-1 - 2 ** -52);
  expect(doubleBelow(0)).toBe(-Number.MIN_VALUE);
  expect([floatBelow(1), floatBelow(-1), floatBelow(0)]).toEqual([1 - 2 ** -24, -1 - 2 ** -23, -(2 ** -149)]);
  expect([floatBelow(0.1), floatFrom(0.1)].map((value) => value < 0.1)).toEqual([true, false]);
  expect(Math.fround(0.1) > 0.1).toBe(true);
  expect(floatBelow(1e39)).toBe(Math.fround(3.4028234663852886e38));
});

it('normal deviates are finite for every corner of the words', () => {
  // Box and Muller take the logarithm of 1 − u: 2⁻⁵³ at least.
  for (const words of corners) {
    for (const other of corners) {
      const scripted = new Scripted([words, other]);
      const [cosine, sine] = [scripted.normal(), scripted.normal()];
      expect(Number.isFinite(cosine) && Number.isFinite(sine)).toBe(true);
      // √(−2 ln 2⁻⁵³) = 8.572 is the largest radius.
      expect(Math.hypot(cosine, sine)).toBeLessThan(8.58);
    }
  }
});

it('whole numbers come from as many words each', () => {
  for (const limit of [1, 2, 3, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32]) {
    const bound = 2 ** 32 - (2 ** 32 % limit);
    // The words that count are a whole number of rounds, and more than half of all are among them.
    expect(bound % limit).toBe(0);
    expect(bound).toBeGreaterThan(2 ** 31);
    const generator = new Generator(5);
    for (let n = 0; n < 100; n++) expect(generator.integer(limit)).toBeLessThan(limit);
  }
});

describe('dropout', () => {
  /** Hands out these words as the bits of the device. */
  const words = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1];
  class Bits extends Generator {
    override bits(backend: Parameters<Generator['bits']>[0]): Tensor {
      return tensor(backend, Uint32Array.from(words));
    }
  }

  it.each([0.5, 2 ** -32, 1 - 2 ** -32, 1 - 2 ** -40, 1])(
    'with rate %d drops just the words below it',
    async (rate) => {
      const backend = createReferenceBackend();
      const y = await dropout(full(backend, [words.length], 1), rate, new Bits(0)).data();
      words.forEach((word, n) => expect(y[n]! !== 0, `word ${word}`).toBe(word >= Math.round(rate * 2 ** 32)));
    },
  );

  it('with rate 1 nothing is left, not even of an infinity', async () => {
    const backend = createReferenceBackend();
    const x = full(backend, [words.length], Infinity, { requiresGrad: true });
    const y = dropout(x, 1, new Bits(0));
    expect([...(await y.data())]).toEqual(words.map(() => 0));
    y.backward(full(backend, [words.length], 1));
    expect([...(await x.grad!.data())]).toEqual(words.map(() => 0));
  });
});
