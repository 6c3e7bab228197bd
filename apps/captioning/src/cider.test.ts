import { describe, expect, it } from 'vitest';
import { cider } from './cider.ts';

const references = [['a cat sat'], ['a dog ran']];

describe('cider', () => {
  it('is the mean cosine of the weighted n-grams, times ten', () => {
    // “a” is in both pictures and weighs ln 1. Caption 1 against its reference: words cat, ran and cat, sat, cosine ½; pairs
    // “a cat”, “cat ran” and “a cat”, “cat sat”, ½; no triple, no four: (½ + ½)/4. Caption 2: all orders but the fourth: ¾.
    expect(cider(['a cat ran', 'a dog ran'], references)).toBeCloseTo((2.5 + 7.5) / 2, 12);
  });

  it('takes off for another length, and counts a repeated word as often as the reference has it', () => {
    // Words: cat, cat against cat, sat: the cosine is min(2, 1)·1/(2·√2); pairs: “a cat”, “cat cat” against “a cat”, “cat
    // sat”: ½; triples: none; the length is the same.
    const [clipped] = [cider(['a cat cat', 'a dog ran'], references) * 2 - 7.5];
    expect(clipped).toBeCloseTo((10 * (1 / (2 * Math.SQRT2) + 0.5)) / 4, 12);
    // “a cat” against “a cat sat”: words 1/√2, pairs 1/√2, and one word is missing.
    const short = cider(['a cat', 'a dog ran'], references) * 2 - 7.5;
    expect(short).toBeCloseTo(((10 * 2 * Math.SQRT1_2) / 4) * Math.exp(-1 / 72), 12);
  });

  it('is ten for what is said in the words of the only reference, and averages over several', () => {
    const long = [['one two three four five'], ['six seven eight nine ten']];
    expect(cider(['one two three four five', 'six seven eight nine ten'], long)).toBeCloseTo(10, 12);
    const two = [['one two three four', 'v w x y'], ['six seven eight nine']];
    expect(cider(['one two three four', 'none'], two)).toBeCloseTo((5 + 0) / 2, 12);
  });
});
