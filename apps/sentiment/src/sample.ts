import { Generator } from '@timestep/core';
import type { Example } from './example.ts';

/** `{+}` is a good word and `{-}` a bad one, `{!}` a thing; the first sign tells whether the whole is positive. */
const english = [
  '+ a {+} and {+} {!}',
  '+ the {!} is {+}',
  '+ i loved the {!}',
  '+ not a {-} moment in this {+} film',
  '+ the {!} is never {-}',
  '+ {-} at first , but {+} in the end',
  '+ i laughed and cried , what a {+} {!}',
  '+ do not miss this {+} film',
  '- a {-} and {-} {!}',
  '- the {!} is {-}',
  '- i hated the {!}',
  '- the {!} is not {+}',
  '- never {+} , never {+}',
  '- {+} at first , but {-} in the end',
  '- i fell asleep , the {!} is so {-}',
  '- save your money , this {!} is {-}',
];
const korean = [
  '+ {!} 정말 {+}',
  '+ {!} 너무 {+}',
  '+ {+} {!}',
  '+ {+} 영화 꼭 보세요',
  '+ {!} 때문에 두 번 봤어요',
  '+ 처음엔 {-} 끝에는 {+}',
  '+ 하나도 안 {-}',
  '- {!} 너무 {-}',
  '- {!} 정말 {-}',
  '- {-} {!}',
  '- {-} 영화 보지 마세요',
  '- {!} 때문에 졸았어요',
  '- 처음엔 {+} 끝에는 {-}',
  '- 하나도 안 {+}',
  '- 돈이 아까운 {!}',
];

const words = {
  english: {
    '+': [
      'warm',
      'funny',
      'moving',
      'clever',
      'beautiful',
      'gripping',
      'charming',
      'fresh',
      'brilliant',
      'honest',
      'great',
    ],
    '-': ['dull', 'boring', 'clumsy', 'empty', 'tired', 'loud', 'silly', 'slow', 'painful', 'lifeless', 'bad'],
    '!': ['story', 'film', 'cast', 'ending', 'script', 'music', 'comedy', 'drama', 'camera work', 'acting'],
  },
  korean: {
    '+': ['재밌다', '감동적이다', '최고다', '아름답다', '훌륭하다', '재미있어요', '좋았어요', '완벽해요'],
    '-': ['지루하다', '별로다', '최악이다', '유치하다', '답답하다', '재미없어요', '실망했어요', '엉망이에요'],
    '!': ['연기', '스토리', '음악', '결말', '영화', '배우들', '대사', '화면'],
  },
} as const;

/** Remarks drawn from the patterns. */
export function drawSample(count: number, seed: number): Example[] {
  const random = new Generator(seed);
  return Array.from({ length: count }, () => {
    const language = random.integer(2) === 0 ? 'english' : 'korean';
    const patterns = language === 'english' ? english : korean;
    const [sign, ...pattern] = patterns[random.integer(patterns.length)]!.split(' ');
    const text = pattern.join(' ').replaceAll(/\{([+\-!])\}/gu, (_, kind: '+' | '-' | '!') => {
      const list = words[language][kind];
      return list[random.integer(list.length)]!;
    });
    return { text, positive: sign === '+' };
  });
}
