import { TimestepError } from '@timestep/core';
import { parseUnipen } from '../../../../apps/handwriting/src/data/unipen.ts';
import type { Format } from '../format.ts';
import { mutateBytesAsText } from '../mutate/text.ts';

const texts = [
  '.VERSION 1.0\n.SEGMENT DIGIT 0 ? "8"\n.COMMENT 8 12 1\n.PEN_DOWN\n10 20\n11 21\n.PEN_UP\n.PEN_DOWN\n12 -22.5\n.PEN_UP\n.DT 100\n',
  '.SEGMENT CHARACTER ? "é"\r\n.PEN_DOWN\r\n1 2 3\r\n.SEGMENT CHARACTER ? "b"\r\n.PEN_DOWN\r\n4 5\r\n.PEN_UP\r\n',
];
const words = ['.SEGMENT', '.COMMENT', '.PEN_DOWN', '.PEN_UP', '"8"', '""', '1 2', '\r\n'];

export const format: Format = {
  seeds: () => texts.map((text) => new TextEncoder().encode(text)),
  mutate: (bytes, random) => mutateBytesAsText(bytes, random, words),
  read: (bytes) => parseUnipen(new TextDecoder().decode(bytes), 'a.unipen'),
  isTyped: (error) => error instanceof TimestepError,
};
