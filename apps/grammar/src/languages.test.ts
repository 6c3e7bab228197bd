import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { endMark, type Language, languages } from './languages.ts';

describe('what may follow', () => {
  it.each<readonly [keyof typeof languages, string, readonly string[]]>([
    ['anbn', 'aabb.', ['ab', 'ab', 'b', '.', '']],
    ['anbn', 'ab.', ['ab', '.', '']],
    ['anbncn', 'aabbcc.', ['ab', 'ab', 'b', 'c', 'c', '.', '']],
    ['dyck2', '([])().', ['([)', '([]', '([)', '([.', '([)', '([.', '']],
    ['reber', 'BTXSE.', ['TP', 'SX', 'XS', 'E', '.', '']],
    ['embedded-reber', 'BPBTXSEPE.', ['TP', 'B', 'TP', 'SX', 'XS', 'E', 'P', 'E', '.', '']],
  ])('in %s: %s', (name, string, expected) => {
    expect(languages[name].legal(string)).toEqual(expected);
  });

  it.each(Object.keys(languages) as (keyof typeof languages)[])(
    'each symbol of a drawn string of %s may come',
    (name) => {
      const language: Language = languages[name];
      const random = new Generator(7);
      for (let i = 0; i < 200; i++) {
        const string = language.draw(random, 20);
        const legal = language.legal(string);
        expect(string.endsWith(endMark)).toBe(true);
        for (let t = 1; t < string.length; t++) expect(legal[t - 1]).toContain(string[t]);
      }
    },
  );
});
