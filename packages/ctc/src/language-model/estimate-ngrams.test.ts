import { readFileSync } from 'node:fs';
import { expect, describe, it } from 'vitest';
import { estimateNgrams, readArpa } from '../index.ts';

/** Kneser–Ney by its definition: tooling/fixtures/ngrams.py. */
const { text, cases } = JSON.parse(readFileSync(new URL('../fixtures/ngrams.json', import.meta.url), 'utf8')) as {
  readonly text: string;
  readonly cases: readonly {
    readonly order: number;
    readonly sizes: readonly number[];
    readonly grams: Readonly<Record<string, readonly [probability: number, backoff: number]>>;
  }[];
};

/** n-gram → log₁₀ p and back-off weight. */
function entriesOf(arpa: string): Map<string, readonly [number, number]> {
  const lines = arpa.split('\n').filter((line) => line.includes('\t'));
  return new Map(
    lines.map((line) => {
      const [probability, gram, backoff = '0'] = line.split('\t');
      return [gram!, [Number(probability), Number(backoff)]] as const;
    }),
  );
}

describe('estimateNgrams', () => {
  it.each(cases.map((one) => [one.order, one] as const))(
    'order %i is Chen and Goodman’s',
    (order, { sizes, grams }) => {
      const arpa = estimateNgrams(text, { order });
      expect(arpa).toContain(sizes.map((size, n) => `ngram ${n + 1}=${size}\n`).join(''));
      const entries = entriesOf(arpa);
      expect(entries.size).toBe(sizes.reduce((sum, size) => sum + size, 0));
      for (const [gram, [probability, backoff]] of Object.entries(grams)) {
        // Nine digits are written.
        expect(Math.abs(entries.get(gram)![0] - probability), gram).toBeLessThan(1e-7);
        expect(Math.abs(entries.get(gram)![1] - backoff), gram).toBeLessThan(1e-7);
      }
    },
  );

  it('gives a model whose probabilities sum to 1 after every history', () => {
    const model = readArpa(estimateNgrams(text, { order: 3 }));
    const words = [...new Set(text.split(/\s+/u).filter(Boolean)), '</s>', '<unk>'];
    for (const history of [[], ['w0'], ['w3', 'w1'], ['naïve', 'once'], ['once', 'w0'], ['never seen']]) {
      let state = model.start;
      for (const word of history) {
        model.step(state, model.index(word));
        state = model.next;
      }
      const total = words.reduce((sum, word) => sum + Math.exp(model.step(state, model.index(word))), 0);
      // A sum of single precision numbers.
      expect(total).toBeCloseTo(1, 5);
    }
  });

  it('takes sentences as texts and as words', () => {
    const lines = text.trimEnd().split('\n');
    const expected = estimateNgrams(text, { order: 2 });
    expect(estimateNgrams(lines, { order: 2 })).toBe(expected);
    expect(
      estimateNgrams(
        lines.map((line) => line.split(' ').filter(Boolean)),
        { order: 2 },
      ),
    ).toBe(expected);
  });

  it('needs a fallback for a text that is too small, and takes KenLM’s or others', () => {
    const small = 'the cat sat\nthe dog sat\n';
    expect(() => estimateNgrams(small, { order: 2 })).toThrow(/discounts for order 1: .* discountFallback: true/u);
    const entries = entriesOf(estimateNgrams(small, { order: 2, discountFallback: true }));
    expect(entries.get('<s> the')![0]).toBeCloseTo(Math.log10((2 - 1) / 2 + (1 / 2) * 10 ** entries.get('the')![0]), 8);
    const others = entriesOf(estimateNgrams(small, { order: 2, discountFallback: [0.1, 0.2, 0.3] }));
    expect(others.get('<s>')![1]).toBeCloseTo(Math.log10(0.1), 8);
  });

  it.each([
    [() => estimateNgrams('', { order: 2 }), /with words, got none/u],
    [() => estimateNgrams('a <unk> b', { order: 2 }), /sentence 0 has the word "<unk>"/u],
    [() => estimateNgrams([['a', 'b c']], { order: 2 }), /the word "b c"/u],
    [() => estimateNgrams(5 as never, { order: 2 }), /a text or sentences, got 5/u],
    [() => estimateNgrams([5 as never], { order: 2 }), /sentence 0/u],
    [() => estimateNgrams('a', {} as never), /expected order/u],
    [() => estimateNgrams('a', { order: 1, discountFallback: [1] as never }), /three discounts/u],
  ])('refuses a wrong call %#', (call, message) => {
    expect(call).toThrow(message);
  });
});
