import { DataError, readPairTable, readParallelText } from '@timestep/datasets';
import type { Format } from '../format.ts';
import { mutateBytesAsText } from '../mutate/text.ts';

const texts = ['Go.\t가.\tCC-BY 2.0\nHe "ran.\t그가 뛰었다.\tCC\n', '\ufeffein hund\t개\r\n\r\nzwei\t둘\r\n'];
const words = ['\t', '\n', '\r\n', '"', '\ufeff', '\t\t', '\u2028'];

export const format: Format = {
  seeds: () => texts.map((text) => new TextEncoder().encode(text)),
  mutate: (bytes, random) => mutateBytesAsText(bytes, random, words),
  read: (bytes) => {
    readParallelText(bytes, bytes);
    readPairTable(bytes, { columns: [1, 0] });
  },
  isTyped: (error) => error instanceof DataError,
};
