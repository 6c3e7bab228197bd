import { embeddedReberString, legalSuccessors, type RandomSource, type ReberSymbol } from '@timestep/datasets';

/** The mark at the end of every string. */
export const endMark = '.';

/** A formal language: strings of it, and what it lets follow. */
export interface Language {
  readonly about: string;
  /** One letter for each symbol; the end mark is the last. */
  readonly symbols: string;
  /** A random string; `size` bounds n, or the length, where the language has such a thing. */
  draw(random: RandomSource, size: number): string;
  /** After each symbol, the symbols that may follow. The end mark is followed by none. */
  legal(string: string): string[];
  /** Sizes of the strings in training, validation and test. */
  readonly sizes: { readonly train: number; readonly validation: number; readonly test: number };
  /** The string of a size, where there is just one: the parts then hold one for each size from 1 on. */
  readonly ofSize?: (n: number) => string;
}

/** aⁿbⁿ… with one run of each letter. */
function runs(letters: string, sizes: Language['sizes']): Language {
  const name = Array.from(letters, (letter) => `${letter}ⁿ`).join('');
  const ofSize = (n: number): string => Array.from(letters, (letter) => letter.repeat(n)).join('') + endMark;
  return {
    about: `${name}: the network has to count`,
    symbols: `${letters}${endMark}`,
    sizes,
    ofSize,
    draw: (random, size) => ofSize(1 + random.integer(size)),
    legal: (string) => {
      const n = string.lastIndexOf(letters[0]!) + 1;
      return Array.from(string, (symbol, t) => {
        if (symbol === endMark) return '';
        if (symbol === letters[0]) return letters.slice(0, 2);
        const done = (t + 1) % n === 0;
        const run = Math.floor(t / n);
        return done ? (letters[run + 1] ?? endMark) : symbol;
      });
    },
  };
}

const closing: Readonly<Record<string, string>> = { '(': ')', '[': ']' };

/** Balanced brackets of two kinds: a stack, not only a counter. */
const dyck2: Language = {
  about: 'Dyck-2: balanced brackets of two kinds',
  symbols: `()[]${endMark}`,
  sizes: { train: 24, validation: 48, test: 96 },
  draw: (random, size) => {
    const length = 2 * (1 + random.integer(size / 2));
    const open: string[] = [];
    let string = '';
    while (string.length < length) {
      const left = length - string.length;
      const opens = open.length === 0 || (open.length < left && random.integer(2) === 0);
      if (opens) {
        const bracket = random.integer(2) === 0 ? '(' : '[';
        open.push(closing[bracket]!);
        string += bracket;
      } else string += open.pop()!;
    }
    return string + endMark;
  },
  legal: (string) => {
    const open: string[] = [];
    return Array.from(string, (symbol) => {
      if (symbol === endMark) return '';
      if (closing[symbol]) open.push(closing[symbol]);
      else open.pop();
      return `([${open.at(-1) ?? endMark}`;
    });
  },
};

const reberLetters = 'BTPSXVE';

function reberSuccessors(string: string): string[] {
  return legalSuccessors(Array.from(string) as ReberSymbol[]).map((symbols) => symbols.join(''));
}

/** The grammar of Reber (1967) twice around itself: the second symbol comes again as the last but one. */
const embeddedReber: Language = {
  about: 'embedded Reber: the second symbol has to be remembered to the end',
  symbols: `${reberLetters}${endMark}`,
  sizes: { train: 1, validation: 1, test: 1 },
  draw: (random) => embeddedReberString(random).join('') + endMark,
  legal: (string) => [...reberSuccessors(string.slice(0, -1)).map((symbols) => symbols || endMark), ''],
};

/** Reber's grammar alone: the inside of the embedded one. */
const reber: Language = {
  ...embeddedReber,
  about: 'Reber: a finite automaton of eight states',
  draw: (random) => embeddedReberString(random).slice(2, -2).join('') + endMark,
  legal: (string) => {
    const inner = string.slice(0, -1);
    return [...reberSuccessors(`BT${inner}TE`).slice(2, 2 + inner.length - 1), endMark, ''];
  },
};

export const languages = {
  anbn: runs('ab', { train: 30, validation: 1500, test: 2000 }),
  anbncn: runs('abc', { train: 30, validation: 600, test: 1000 }),
  dyck2,
  reber,
  'embedded-reber': embeddedReber,
} as const satisfies Readonly<Record<string, Language>>;

export type LanguageName = keyof typeof languages;
export const languageNames = Object.keys(languages) as [LanguageName, ...LanguageName[]];
