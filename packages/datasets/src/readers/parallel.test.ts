import { describe, expect, it } from 'vitest';
import { readPairTable, readParallelText } from './parallel.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('readParallelText', () => {
  it('pairs lines, of text and of bytes, with both line ends, a byte order mark and empty lines', () => {
    const pairs = [
      { source: 'ein hund', target: '개' },
      { source: '', target: '' },
      { source: 'zwei "hunde"\ttab', target: '개 둘' },
    ];
    expect(readParallelText('ein hund\n\nzwei "hunde"\ttab', bytes('\ufeff개\r\n\r\n개 둘\r\n'))).toEqual(pairs);
  });

  it('counts an empty last line, but not a last line end', () => {
    expect(readParallelText('a\n\n', 'b\n\n')).toHaveLength(2);
    expect(() => readParallelText('a\n\n', 'b\n')).toThrow(/has 2 lines .* has 1;/u);
  });

  it('names the files that do not fit', () => {
    expect(() => readParallelText('a\nb', 'c', { names: ['train.de', 'train.en'] })).toThrow(
      expect.objectContaining({
        code: 'PARALLEL_INVALID',
        message: expect.stringContaining('train.de has 2 lines and train.en has 1') as string,
      }),
    );
    expect(() => readParallelText('a', '')).toThrow(/the target text is empty/u);
    expect(() => readParallelText(Uint8Array.of(0xe4), 'a')).toThrow(expect.objectContaining({ code: 'NOT_UTF8' }));
  });
});

describe('readPairTable', () => {
  it('reads two columns of a table, quotes as they are', () => {
    const table = 'He said "hi.\t그가 말했다.\tCC\nGo.\t가.\n';
    expect(readPairTable(table, { columns: [1, 0] })).toEqual([
      { source: '그가 말했다.', target: 'He said "hi.' },
      { source: '가.', target: 'Go.' },
    ]);
  });

  it('names the line that lacks a column', () => {
    expect(() => readPairTable('a\tb\n\nc d', { name: 'kor.txt' })).toThrow(
      '[readPairTable] kor.txt, line 3: expected at least 2 columns separated by tabs, got 1',
    );
  });
});
