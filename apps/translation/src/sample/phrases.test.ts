import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import {
  englishNumber,
  englishOrdinal,
  englishYear,
  germanNumber,
  germanOrdinal,
  germanYear,
  koreanNumber,
} from './numbers.ts';
import { counted, dated, drawPhrase, timed } from './phrases.ts';

describe('number words', () => {
  it.each([
    [1, 'eins', 'one', '일'],
    [10, 'zehn', 'ten', '십'],
    [21, 'einundzwanzig', 'twenty-one', '이십일'],
    [84, 'vierundachtzig', 'eighty-four', '팔십사'],
    [101, 'einhunderteins', 'one hundred one', '백일'],
    [1000, 'eintausend', 'one thousand', '천'],
    [10_000, 'zehntausend', 'ten thousand', '만'],
    [12_340, 'zwölftausenddreihundertvierzig', 'twelve thousand three hundred forty', '만 이천삼백사십'],
    [
      243_517,
      'zweihundertdreiundvierzigtausendfünfhundertsiebzehn',
      'two hundred forty-three thousand five hundred seventeen',
      '이십사만 삼천오백십칠',
    ],
  ])('%i', (n, de, en, ko) => {
    expect([germanNumber(n), englishNumber(n), koreanNumber(n)]).toEqual([de, en, ko]);
  });

  it('says years and ordinals', () => {
    expect([1600, 1905, 1984, 2000, 2017].map(englishYear)).toEqual([
      'sixteen hundred',
      'nineteen oh five',
      'nineteen eighty-four',
      'two thousand',
      'two thousand seventeen',
    ]);
    expect([1600, 1984, 2017].map(germanYear)).toEqual([
      'sechzehnhundert',
      'neunzehnhundertvierundachtzig',
      'zweitausendsiebzehn',
    ]);
    expect([1, 7, 12, 20, 31].map(germanOrdinal)).toEqual([
      'ersten',
      'siebten',
      'zwölften',
      'zwanzigsten',
      'einunddreißigsten',
    ]);
    expect([3, 12, 20, 22].map(englishOrdinal)).toEqual(['third', 'twelfth', 'twentieth', 'twenty-second']);
  });
});

describe('phrases', () => {
  it('puts things where each language has them', () => {
    expect(counted(24, 0)).toEqual({ de: 'vierundzwanzig schafe', en: 'twenty-four sheep', ko: '양 이십사 마리' });
    expect(dated(new Date(Date.UTC(1984, 4, 3)))).toEqual({
      de: 'am donnerstag dem dritten mai neunzehnhundertvierundachtzig',
      en: 'on thursday the third of may nineteen eighty-four',
      ko: '천구백팔십사년 오월 삼일 목요일',
    });
  });

  it.each([
    [3, 0, 'drei uhr', "three o'clock", '세 시다'],
    [1, 0, 'ein uhr', "one o'clock", '한 시다'],
    [3, 30, 'halb vier', 'half past three', '세 시 반이다'],
    [12, 30, 'halb eins', 'half past twelve', '열두 시 반이다'],
    [6, 45, 'viertel vor sieben', 'a quarter to seven', '여섯 시 사십오 분이다'],
    [8, 25, 'fünf vor halb neun', 'twenty-five past eight', '여덟 시 이십오 분이다'],
    [8, 53, 'sieben vor neun', 'seven to nine', '여덟 시 오십삼 분이다'],
  ])('%i:%i', (hour, minute, de, en, ko) => {
    expect(timed(hour, minute)).toEqual({ de: `es ist ${de}`, en: `it is ${en}`, ko });
  });

  it('draws whole phrases only', () => {
    const random = new Generator(3);
    for (let i = 0; i < 2000; i++) {
      for (const text of Object.values(drawPhrase(random))) expect(text).not.toMatch(/undefined|NaN| {2}|^ | $/u);
    }
  });
});
