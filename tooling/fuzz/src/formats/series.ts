import { DataError, readSeries } from '@timestep/datasets';
import type { Format } from '../format.ts';
import { mutateBytesAsText } from '../mutate/text.ts';

const texts = [
  '# about\n@problemName A\n@timeStamps false\n@classLabel true Up Down\n@data\n1,2,3:4,5.5,-6e1:Up\n?,2:0,1:Down\n',
  '@classLabel false\r\n@dimensions 1\r\n@data\r\n1,2\r\n3\r\n1e-3,?\r\n',
];
const words = ['@data', '@classLabel true', '@classLabel false', '@timeStamps true', '@', ':', ',', '?', 'Up', '\r\n'];

export const format: Format = {
  seeds: () => texts.map((text) => new TextEncoder().encode(text)),
  mutate: (bytes, random) => mutateBytesAsText(bytes, random, words),
  read: (bytes) => readSeries(bytes),
  isTyped: (error) => error instanceof DataError,
};
