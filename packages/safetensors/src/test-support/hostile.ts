/**
 * Run by mutation.test.ts in a process with little memory: prints what becomes of each of some large, hostile files.
 */
import { SafetensorsError } from '../errors.ts';
import { readSafetensors } from '../read.ts';
import { buildFile } from './build.ts';

const size = 8_000_000;
const many = (piece: (i: number) => string, length: number): string => {
  const pieces: string[] = [];
  for (let i = 0, total = 0; total < length; i++) {
    const next = piece(i);
    pieces.push(next);
    total += next.length + 1;
  }
  return pieces.join(',');
};

const files: (() => Uint8Array)[] = [
  () => buildFile('{"a":' + '['.repeat(size), 0),
  () => buildFile(`{"a":{"shape":[${many(() => '0', size)}],"dtype":"U8","data_offsets":[0,0]}}`, 0),
  () =>
    buildFile(
      `{"a":{"x":{${many((i) => `"${i.toString(36)}":[]`, size)}},"dtype":"U8","shape":[0],"data_offsets":[0]}}`,
      0,
    ),
  () => buildFile('{"a":{"dtype":"F64","shape":[1000000000000],"data_offsets":[0,8000000000000]}}', 8),
  () => buildFile(`{${many((i) => `"${i.toString(36)}":{"dtype":"U8","shape":[],"data_offsets":[0,1]}`, size)}}`, 1),
  () => buildFile('{}', 8, 99_999_999n),
  () => buildFile(`{"__metadata__":{${many((i) => `"${i.toString(36)}":""`, size)}}}`, 0),
];

for (const make of files) {
  let outcome = 'valid';
  try {
    readSafetensors(make());
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    outcome = error.code;
  }
  console.log(outcome);
}
