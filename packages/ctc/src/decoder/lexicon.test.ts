import { expect, test } from 'vitest';
import { CTCBeamDecoder } from './decoder.ts';
import { readLexicon } from './lexicon.ts';
import { kthLargest } from './select.ts';
import { Speller } from './speller.ts';
import { randomInteger, randomSource } from '../test-support/random.ts';

test('a lexicon is a line a spelling', () => {
  expect(readLexicon('hello h e l l o |\r\n\n  world\tw o\n')).toEqual([
    ['hello', ['h', 'e', 'l', 'l', 'o', '|']],
    ['world', ['w', 'o']],
  ]);
  expect(() => readLexicon('a b\nlonely')).toThrow(
    expect.objectContaining({ code: 'MALFORMED_LEXICON', message: expect.stringContaining('line 2') as string }),
  );
});

test('selection finds what sorting would', () => {
  const random = randomSource(41);
  for (let round = 0; round < 2000; round++) {
    const values = Float64Array.from({ length: 1 + randomInteger(random, 12) }, () =>
      random() < 0.1 ? -Infinity : randomInteger(random, 6),
    );
    const k = 1 + randomInteger(random, values.length);
    const expected = values.toSorted((a, b) => b - a)[k - 1]!;
    expect(kthLargest(values, values.length, k)).toBe(expected);
    expect(values.slice(0, k).every((value) => value >= expected)).toBe(true);
  }
});

test('a lexicon is read from bytes in every form', () => {
  const bytes = new TextEncoder().encode('\uFEFFété é t é');
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const around = new Uint8Array(bytes.length + 8).fill(65);
  around.set(bytes, 4);
  for (const form of [
    bytes,
    Buffer.from(bytes),
    bytes.buffer,
    shared,
    shared.buffer,
    around.subarray(4, 4 + bytes.length),
    new DataView(around.buffer, 4, bytes.length),
  ])
    expect(readLexicon(form)).toEqual([['été', ['é', 't', 'é']]]);
  expect(() => readLexicon(5 as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('the separator at the end of a spelling, as flashlight writes it, is left out; one inside is refused', () => {
  const tokens = ['', 'a', 'b', '|'];
  const path = [1, 3, 2];
  const data = path.flatMap((c) => [0, 1, 2, 3].map((k) => (k === c ? 20 : 0)));
  const make = (lexicon: string) => new CTCBeamDecoder({ tokens, wordSeparator: '|', lexicon: readLexicon(lexicon) });
  for (const lexicon of ['eh a\nbee b', 'eh a |\nbee b |', 'eh | a |\nbee | b'])
    expect(make(lexicon).decode({ data, shape: [3, 4] })[0]![0]!.text).toBe('eh bee');
  expect(() => make('eh a | b')).toThrow(
    expect.objectContaining({
      code: 'MALFORMED_LEXICON',
      message: expect.stringMatching(/"eh".*separator inside/u) as string,
    }),
  );
  expect(() => make('eh |')).toThrow(expect.objectContaining({ code: 'MALFORMED_LEXICON' }));
  // Without a separator the token is one like any other.
  const plain = new CTCBeamDecoder({
    tokens,
    lexicon: [
      ['eh', ['a', '|']],
      ['bee', ['b']],
    ],
  });
  expect(plain.decode({ data, shape: [3, 4] })[0]![0]!.text).toBe('eh bee');
});

test('whatever the tokens can spell is spelled, the longest token first', () => {
  const random = randomSource(42);
  for (let round = 0; round < 3000; round++) {
    const tokens = ['', ...Array.from({ length: 1 + randomInteger(random, 5) }, () => randomText(random, 3))];
    const text = randomText(random, 7);
    const best = spellings(text, tokens)[0] ?? null;
    expect(new Speller(tokens, 0).spell(text)).toEqual(best);
  }
  // Quadratic at most: every start is tried once for each length.
  expect(new Speller(['', 'a', 'aa', 'aaa'], 0).spell(`${'a'.repeat(5000)}b`)).toBe(null);
});

function randomText(random: () => number, longest: number): string {
  return Array.from({ length: 1 + randomInteger(random, longest) }, () => 'abc'[randomInteger(random, 3)]!).join('');
}

/** All ways to spell a text, those with the longest first token before others, and so on. */
function spellings(text: string, tokens: readonly string[]): number[][] {
  if (text === '') return [[]];
  return [...new Set(tokens.slice(1))]
    .filter((token) => text.startsWith(token))
    .sort((a, b) => b.length - a.length)
    .flatMap((token) => spellings(text.slice(token.length), tokens).map((rest) => [tokens.indexOf(token), ...rest]));
}
