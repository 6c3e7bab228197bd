import { ArgumentError } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { byteForms } from '../testing/byte-forms.ts';
import { readFasta } from './fasta.ts';
import { readSeries } from './series.ts';
import { readTaggedSentences } from './tagged-sentences.ts';

const encode = (text: string) => new TextEncoder().encode(text);

describe('FASTA', () => {
  test('records on one or several lines, comments, either line end, no description', () => {
    const text = '\ufeff; a comment\r\n>P1 ER membrane\r\nMKI\r\nI FF\r\n\r\n> P2\r\n*acgt-n.\r\n>P3 x\r\n';
    expect(readFasta(text)).toEqual([
      { id: 'P1', description: 'ER membrane', sequence: 'MKIIFF' },
      { id: 'P2', description: '', sequence: '*acgt-n.' },
      { id: 'P3', description: 'x', sequence: '' },
    ]);
    expect(readFasta('')).toEqual([]);
  });

  test.each([
    ['MKI\n', 'line 1: expected a header that begins with >'],
    ['>a\nMK\n>\nM', 'line 3: expected an ID'],
    ['>a\nMK\nM1K', 'line 3: expected letters, got "1" in the sequence of a'],
  ])('%j: %s', (text, message) => {
    expect(() => readFasta(text, { name: 'a.fasta' })).toThrow(DataError);
    expect(() => readFasta(text, { name: 'a.fasta' })).toThrow(`a.fasta, ${message}`);
  });
});

describe('series', () => {
  const header = '# about\n@problemName A\n@timeStamps false\n@classLabel true Up Down\n@data\n';

  test('channels, unequal lengths, missing values and classes', () => {
    const { series, labels } = readSeries(`${header}1,2,3:4,5.5,-6e1:Up\n?,2:0,1:Down\n`);
    expect(labels).toEqual(['Up', 'Down']);
    expect(series.map(({ label }) => label)).toEqual(['Up', 'Down']);
    expect(series[0]!.features).toEqual({ data: Float32Array.of(1, 4, 2, 5.5, 3, -60), steps: 3, size: 2 });
    expect([...series[1]!.features.data]).toEqual([NaN, 0, 2, 1]);
    const plain = readSeries('@classLabel false\n@data\r\n1,2\r\n3\r\n');
    expect(plain.series.map(({ features, label }) => [...features.data, label])).toEqual([
      [1, 2, null],
      [3, null],
    ]);
  });

  test.each([
    ['1,2\n', 'line 1: expected a header line'],
    ['@problemName a\n', 'expected a line @data before the series'],
    ['@timeStamps true\n@data\n', 'line 2: time stamps are not read'],
    [`${header}1,2:Left\n`, 'line 6: expected one of the classes Up, Down at the end, got "Left"'],
    [`${header}1:2:Up\n1:Up\n`, 'line 7: expected 2 channels, got 1'],
    [`${header}1,2:3:Up\n`, 'line 6: expected 2 values of channel 1 as channel 0 has, got 1'],
    [`${header}1,x:Up\n`, 'line 6: expected a number as value 1 of channel 0'],
    [`${header}1,,2:Up\n`, 'line 6: expected a number as value 1 of channel 0'],
    [`${header}Up\n`, 'line 6: expected at least 1 channels, got 0'],
  ])('%j: %s', (text, message) => {
    expect(() => readSeries(text, { name: 'a.ts' })).toThrow(DataError);
    expect(() => readSeries(text, { name: 'a.ts' })).toThrow(message);
  });
});

test.each(byteForms)('the bytes may be a %s', (_, form) => {
  expect(readFasta(form(encode('>a\nM')))[0]!.sequence).toBe('M');
  expect(readSeries(form(encode('@data\n7'))).series[0]!.features.data[0]).toBe(7);
});

test.each([readFasta, readSeries])('%o refuses wrong arguments and bytes that are no UTF-8', (read) => {
  for (const source of [5, null, [1], Promise.resolve('')]) expect(() => read(source as never)).toThrow(ArgumentError);
  expect(() => read('@data\n', { names: 'a' } as never)).toThrow(/did you mean name/u);
  expect(() => read(Uint8Array.of(0xff))).toThrow(/no text in UTF-8/u);
});

describe('tagged sentences', () => {
  const files = (words: string, tags: string, labels: string) => ({ words, tags, labels });

  test('runs of blanks, blanks at the ends, either line end, empty lines', () => {
    expect(
      readTaggedSentences(
        files('\ufefffly  to\tboston \r\n\n 서울 \n', 'O O B-city \n\nS-LOCATION', 'flight\n\ntravel\n'),
      ),
    ).toEqual([
      { words: ['fly', 'to', 'boston'], tags: ['O', 'O', 'B-city'], label: 'flight' },
      { words: ['서울'], tags: ['S-LOCATION'], label: 'travel' },
    ]);
    expect(readTaggedSentences(files('', '', ''))).toEqual([]);
    for (const [, make] of byteForms)
      expect(readTaggedSentences({ words: make(encode('a b')), tags: 'O O', labels: 'x' })[0]!.words).toHaveLength(2);
  });

  test.each([
    [files('a b\nc', 'O O\nO O', 'x\ny'), 'line 2: expected a tag for each of the 1 words, got 2'],
    [
      files('a\nb', 'O', 'x\ny'),
      'line 2: expected one line of tags and one label for each of the 2 lines of words, got 1 and 2',
    ],
    [files('a\n \n', 'O\nO', 'x\ny'), 'line 2: expected words, got an empty line'],
    [files('a', 'O', ' '), 'line 1: the label is empty'],
  ])('%j: %s', (given, message) => {
    expect(() => readTaggedSentences(given, { name: 'atis' })).toThrow(DataError);
    expect(() => readTaggedSentences(given, { name: 'atis' })).toThrow(`atis, ${message}`);
  });
});
