import { DataError, readFasta } from '@timestep/datasets';
import type { Format } from '../format.ts';
import { mutateBytesAsText } from '../mutate/text.ts';

const texts = [
  '>P20698 ER membrane\nMKIIFFLV\nAC-*.x\n>P2\nACGT\n',
  '; a comment\r\n>é one\r\nmk\r\n\r\n> P3\r\nNN NN\r\n',
];
const words = ['>', '> ', ';', '>a b', '\r\n', '*', '-'];

export const format: Format = {
  seeds: () => texts.map((text) => new TextEncoder().encode(text)),
  mutate: (bytes, random) => mutateBytesAsText(bytes, random, words),
  read: (bytes) => readFasta(bytes),
  isTyped: (error) => error instanceof DataError,
};
