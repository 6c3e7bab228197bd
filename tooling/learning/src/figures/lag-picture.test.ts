import { expect, it } from 'vitest';
import { lagPicture } from './lag-picture.ts';

it('shows a field with its number for each lag of each layer, as far as its row goes', () => {
  const svg = lagPicture([10, 20, 50], { short: [1, 0.512], long: [1, 0.987, 0.75] });
  const texts = [...svg.matchAll(/<text[^>]*>([^<]+)<\/text>/gu)].map(([, text]) => text!);
  expect(texts).toEqual(expect.arrayContaining(['short', 'long', '10', '20', '50', 'lag in steps']));
  expect(texts.filter((text) => /^\d+(\.\d+)?$/u.test(text) && !['10', '20', '50'].includes(text))).toEqual([
    '100',
    '51.2',
    '100',
    '98.7',
    '75',
  ]);
});
