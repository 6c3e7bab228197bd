import { ArgumentError, Generator } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { batchTokens } from '../batching/token-batch.ts';
import { BytePairEncoder } from './byte-pair.ts';
import { fromJamo, toJamo } from './hangul.ts';
import { characters, codePoints, words } from './tokenize.ts';
import { Vocabulary } from './vocabulary.ts';

const codeOf = (code: string) => expect.objectContaining({ code });

describe('a vocabulary', () => {
  const texts = ['b a b c', 'b d a', 'e'].map(words);

  test('orders by count, then by token, behind its specials', () => {
    expect(Vocabulary.from(texts).tokens).toEqual(['b', 'a', 'c', 'd', 'e']);
    const vocabulary = Vocabulary.from(texts, { specials: ['<pad>', '<unk>'], unknown: '<unk>', minimumCount: 2 });
    expect(vocabulary.tokens).toEqual(['<pad>', '<unk>', 'b', 'a']);
    expect([...vocabulary.encode(['a', 'x', 'b', '<pad>'])]).toEqual([3, 1, 2, 0]);
    expect(vocabulary.decode([3, 1, 2])).toEqual(['a', '<unk>', 'b']);
    expect([vocabulary.has('a'), vocabulary.has('x'), vocabulary.size]).toEqual([true, false, 4]);
    expect(Vocabulary.from(texts, { specials: ['a'], maximumSize: 3 }).tokens).toEqual(['a', 'b', 'c']);
    expect(Vocabulary.from([['<unk>', 'a']], { specials: ['<unk>'] }).tokens).toEqual(['<unk>', 'a']);
  });

  test('is the same in any order of the texts, and after being saved', () => {
    const vocabulary = Vocabulary.from(texts.toReversed(), { specials: ['<unk>'], unknown: '<unk>' });
    expect(vocabulary.tokens).toEqual(Vocabulary.from(texts, { specials: ['<unk>'] }).tokens);
    const loaded = Vocabulary.load(JSON.parse(JSON.stringify(vocabulary.save())));
    expect(loaded.tokens).toEqual(vocabulary.tokens);
    expect(loaded.indexOf('never seen')).toBe(0);
    expect(Vocabulary.load(Vocabulary.from(texts).save()).unknown).toBe(null);
  });

  test('takes names that objects have', () => {
    const vocabulary = new Vocabulary(['__proto__', 'constructor', '']);
    expect([...vocabulary.encode(['constructor', '', '__proto__'])]).toEqual([1, 2, 0]);
    expect(vocabulary.has('toString')).toBe(false);
  });

  test.each([[5], [null], ['abc'], [['the cat']]])('refuses %j as texts', (wrong) => {
    expect(() => Vocabulary.from(wrong as never)).toThrow(ArgumentError);
    expect(() => Vocabulary.from(texts).decode(wrong as never)).toThrow(ArgumentError);
    expect(() => BytePairEncoder.train(wrong as never, { size: 0 })).toThrow(ArgumentError);
  });

  test('refuses what it cannot do', () => {
    const vocabulary = Vocabulary.from(texts);
    expect(() => vocabulary.indexOf('x')).toThrow(codeOf('UNKNOWN_TOKEN'));
    expect(() => vocabulary.encode('abc')).toThrow(/split a text first/u);
    for (const index of [-1, 5, 0.5, NaN]) expect(() => vocabulary.decode([index])).toThrow(/index of 0…4/u);
    for (const make of [
      () => new Vocabulary(['a', 'a']),
      () => new Vocabulary(['a'], { unknown: 'b' }),
      () => new Vocabulary('abc' as never),
      () => Vocabulary.from(texts, { minCount: 2 } as never),
      () => Vocabulary.from(texts, { minimumCount: 0 }),
      () => Vocabulary.from(texts, { specials: ['a', 'b'], maximumSize: 1 }),
      () => Vocabulary.from(texts, { specials: ['a', 'a'] }),
      () => Vocabulary.load({ tokens: [1] } as never),
      () => Vocabulary.load(null as never),
    ])
      expect(make).toThrow(ArgumentError);
  });
});

test('words, characters and code points', () => {
  expect(words(' the\tcat \n sat\u00a0on ')).toEqual(['the', 'cat', 'sat', 'on']);
  expect(words('')).toEqual([]);
  expect(characters('e\u0301가👩‍👩‍👧')).toEqual(['e\u0301', '가', '👩‍👩‍👧']);
  expect(characters('가'.normalize('NFD'))).toHaveLength(1);
  expect(codePoints('a😀가')).toEqual(['a', '😀', '가']);
  for (const split of [words, characters, codePoints, toJamo]) expect(() => split(5 as never)).toThrow(ArgumentError);
});

describe('jamo', () => {
  test('every syllable comes apart as NFD has it, and together again', () => {
    for (let code = 0xac00; code <= 0xd7a3; code++) {
      const syllable = String.fromCharCode(code);
      const jamo = toJamo(syllable);
      if (jamo.join('') !== syllable.normalize('NFD')) throw new Error(`${syllable} became ${jamo.join(' ')}`);
      if (fromJamo(jamo) !== syllable) throw new Error(`${jamo.join(' ')} became ${fromJamo(jamo)}`);
    }
  });

  test('random texts come back, and broken jamo are put together as NFC does', () => {
    const random = new Generator(5);
    const pieces = ['한', '국', '어', 'a', ' ', '\n', 'é', '😀', 'ㅋ', '갉'];
    const jamo = ['\u1100', '\u1112', '\u1161', '\u1175', '\u11a8', '\u11ab', '\u11c2', 'x', '가', '각'];
    const draw = (from: readonly string[]) =>
      Array.from({ length: random.integer(12) }, () => from[random.integer(from.length)]!).join('');
    for (let round = 0; round < 3000; round++) {
      const text = draw(pieces);
      expect(fromJamo(toJamo(text))).toBe(text);
      const broken = draw(jamo);
      // NFC also joins a whole syllable without a final consonant with one that follows; toJamo takes it apart first.
      expect(fromJamo(toJamo(broken))).toBe(broken.normalize('NFC'));
    }
  });
});

describe('byte-pair encoding', () => {
  /** The paper's algorithm, with all counts anew for each merge. */
  function naiveMerges(texts: readonly string[], size: number): string[][] {
    let split = texts.flatMap(words).map((word) => [...word.slice(0, -1), `${word.at(-1)!}</w>`]);
    const units = new Set(split.flat());
    const merges: string[][] = [];
    while (units.size < size) {
      const counts = new Map<string, number>();
      for (const word of split)
        for (let i = 1; i < word.length; i++) {
          const key = JSON.stringify([word[i - 1], word[i]]);
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
      const pairs = [...counts].map(([key, count]) => ({ pair: JSON.parse(key) as [string, string], count }));
      pairs.sort(
        (a, b) =>
          b.count - a.count || (a.pair[0] < b.pair[0] || (a.pair[0] === b.pair[0] && a.pair[1] < b.pair[1]) ? -1 : 1),
      );
      const best = pairs[0];
      if (!best || best.count < 2) break;
      merges.push(best.pair);
      units.add(best.pair.join(''));
      split = split.map((word) => {
        const out: string[] = [];
        for (let i = 0; i < word.length; i++)
          if (word[i] === best.pair[0] && word[i + 1] === best.pair[1]) out.push(word[i++]! + word[i]!);
          else out.push(word[i]!);
        return out;
      });
    }
    return merges;
  }

  test('learns the merges of the paper', () => {
    const texts = ['low '.repeat(5), 'lower '.repeat(2), 'newest '.repeat(6), 'widest '.repeat(3)];
    const encoder = BytePairEncoder.train(texts, { size: 19 });
    expect(encoder.merges.slice(0, 4)).toEqual([
      ['e', 's'],
      ['es', 't</w>'],
      ['l', 'o'],
      ['e', 'w'],
    ]);
    expect(encoder.encode('lowest')).toEqual(['lo', 'w', 'est</w>']);
  });

  test.each([1, 2, 3, 4, 5])('learns what counting anew learns, ties and repeated letters too (%i)', (seed) => {
    const random = new Generator(seed);
    const word = () => Array.from({ length: 1 + random.integer(7) }, () => 'aab가'[random.integer(4)]).join('');
    const texts = Array.from({ length: 40 }, () => Array.from({ length: 5 }, word).join(' '));
    const encoder = BytePairEncoder.train(texts, { size: 60 });
    expect(encoder.merges).toEqual(naiveMerges(texts, 60));
    expect(encoder.merges.length).toBeGreaterThan(10);
    const loaded = BytePairEncoder.load(JSON.parse(JSON.stringify(encoder.save())));
    for (const text of texts) {
      expect(encoder.decode(loaded.encode(text))).toBe(text);
      expect(loaded.encode(text)).toEqual(encoder.encode(text));
    }
    // Characters that were not in the texts stay units.
    expect(encoder.decode(encoder.encode('z 😀a'))).toBe('z 😀a');
  });

  test('merges within words in the order learnt, from left to right', () => {
    const encoder = new BytePairEncoder([
      ['a', 'a'],
      ['aa', 'a</w>'],
      ['b', 'a'],
    ]);
    expect(encoder.encode('aaa baaa aaaa')).toEqual(['aaa</w>', 'b', 'aaa</w>', 'aa', 'a', 'a</w>']);
    expect(encoder.encode('')).toEqual([]);
  });

  test('is fast enough for 30,000 sentences', () => {
    const random = new Generator(9);
    // Words of falling frequency, as in a language.
    const lexicon = Array.from({ length: 20_000 }, () =>
      Array.from({ length: 2 + random.integer(9) }, () => String.fromCharCode(97 + random.integer(26))).join(''),
    );
    const sentences = Array.from({ length: 30_000 }, () =>
      Array.from({ length: 12 }, () => lexicon[Math.floor(20_000 ** random.uniform()) - 1]!).join(' '),
    );
    const encoder = BytePairEncoder.train(sentences, { size: 4000 });
    expect(encoder.merges.length).toBeGreaterThan(3000);
    expect(encoder.decode(encoder.encode(sentences[7]!))).toBe(sentences[7]);
  }, 60_000);

  test('refuses wrong arguments', () => {
    for (const make of [
      () => BytePairEncoder.train(['a'], { size: 0 }),
      () => BytePairEncoder.train(['a'], { vocabularySize: 5 } as never),
      () => BytePairEncoder.train([5 as never], { size: 5 }),
      () => BytePairEncoder.train('a text' as never, { size: 5 }),
      () => new BytePairEncoder([]).decode(5 as never),
      () => new BytePairEncoder('a b' as never),
      () => BytePairEncoder.load({} as never),
      () => new BytePairEncoder([]).encode(5 as never),
    ])
      expect(make).toThrow(ArgumentError);
  });
});

describe('token batches', () => {
  test('are time first, padded behind, with start and end', () => {
    const { tokens, shape, lengths } = batchTokens([[5, 6, 7], [8], Int32Array.of()], { start: 2, end: 3, padding: 1 });
    expect(shape).toEqual([5, 3]);
    expect([...lengths]).toEqual([5, 3, 2]);
    expect([...tokens]).toEqual([2, 2, 2, 5, 8, 3, 6, 3, 1, 7, 1, 1, 3, 1, 1]);
    expect([...batchTokens([[4], [5, 6]]).tokens]).toEqual([4, 5, 0, 6]);
  });

  test.each([[[]], [[[-1]]], [[[0.5]]], [[['a']]], [[2 ** 31]], ['abc'], [[[1], null]]])('refuse %j', (sequences) => {
    expect(() => batchTokens(sequences as never)).toThrow(ArgumentError);
  });
});
