import { DataError, readCsv } from '@timestep/datasets';
import type { Format } from '../format.ts';
import { mutateText } from '../mutate/text.ts';

const texts = [
  'date,HUFL,OT\n2016-07-01 00:00:00,5.827,30.5\n2016-07-01 01:00:00,,27.8\n2016-07-01 02:00:00,NA,-1e3\n',
  'Q,A,label\r\n"12시, 땡!","하루가 ""또"" 가네요.",0\r\n어디,"두 줄\n로",1\r\n',
];

export const format: Format = {
  seeds: () => texts.map((text) => new TextEncoder().encode(text)),
  mutate: (bytes, random) =>
    new TextEncoder().encode(mutateText(new TextDecoder().decode(bytes), random, ['"', '""', ',', '\r\n', 'NA'])),
  read: (bytes) => readCsv(bytes),
  isTyped: (error) => error instanceof DataError,
};
