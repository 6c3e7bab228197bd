import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseJsonLines } from './json-lines.ts';
import { readParts, readWhole } from './parts.ts';
import type { Sample } from './sample.ts';
import { readFiles, writersOf } from './samples.ts';
import { parseUnipen } from './unipen.ts';

const unipen = `.INCLUDE doc
.SEGMENT DIGIT 0 ? "8"
.COMMENT 8 12 224
.PEN_DOWN
 267 333
 267 336
.PEN_UP
.DT 100
.PEN_DOWN
 1 2
.PEN_UP
.SEGMENT DIGIT 1 ? "3"
.COMMENT 3 7 1
.PEN_DOWN
 5 -6.5
.PEN_UP
`;

test('UNIPEN: labels, writers, strokes', () => {
  expect(parseUnipen(unipen, 'a.tra')).toEqual([
    {
      label: '8',
      writer: '12',
      ink: [
        [
          [267, 333],
          [267, 336],
        ],
        [[1, 2]],
      ],
    },
    { label: '3', writer: '7', ink: [[[5, -6.5]]] },
  ]);
  expect(parseUnipen(unipen.replaceAll('\n', '\r\n'), 'a.tra')).toHaveLength(2);
});

test.each([
  ['', /a\.tra holds no \.SEGMENT/u],
  [unipen.replace('"8"', ''), /a\.tra, line 2: a segment without a label/u],
  [unipen.replace('267 336', '267 x'), /a\.tra, line 6: expected a point "x y", got "267 x"/u],
  [unipen.replace('267 336', '267'), /a\.tra, line 6: expected a point/u],
  [unipen.slice(0, unipen.indexOf(' 5 -6.5')), /a\.tra, line 12: "3" has no points/u],
  ['.PEN_DOWN\n1 2\n', /a\.tra, line 1: a stroke before the first \.SEGMENT/u],
])('UNIPEN that is wrong: %#', (text, message) => expect(() => parseUnipen(text, 'a.tra')).toThrow(message));

test('JSON lines: a point at the origin lifts the pen', () => {
  const text = `{"writer":1,"char":"i","x":[0.3,0.3,0,0.3,0],"y":[0.3,0.6,0,0.7,0]}\n\n{"writer":"b","char":"a","x":[1],"y":[0]}\n`;
  expect(parseJsonLines(text, 'a.jsonl')).toEqual([
    {
      label: 'i',
      writer: '1',
      ink: [
        [
          [0.3, 0.3],
          [0.3, 0.6],
        ],
        [[0.3, 0.7]],
      ],
    },
    { label: 'a', writer: 'b', ink: [[[1, 0]]] },
  ]);
});

test.each([
  ['{"writer":1,"char":"a"', /a\.jsonl, line 1 is not JSON/u],
  [
    '{"writer":1,"char":"a","x":[1],"y":[1]}\n{"writer":1,"x":[1],"y":[1]}',
    /a\.jsonl, line 2: expected a "writer" and a "char"/u,
  ],
  ['{"writer":1,"char":"a","x":[1,2],"y":[1]}', /line 1: expected "x" and "y" to be equally many finite numbers/u],
  ['{"writer":1,"char":"a","x":[1,null],"y":[1,2]}', /equally many finite numbers/u],
  ['{"writer":1,"char":"a","x":[0,0],"y":[0,0]}', /line 1: "a" has no points/u],
  ['null', /line 1: expected a "writer"/u],
])('JSON lines that are wrong: %#', (text, message) => expect(() => parseJsonLines(text, 'a.jsonl')).toThrow(message));

test('a folder: every file of both kinds, writers apart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'timestep-ink-'));
  try {
    await expect(readFiles(folder)).rejects.toThrow(/holds no UNIPEN files/u);
    await expect(readFiles(join(folder, 'none'))).rejects.toThrow(/cannot read the folder .*none \(ENOENT\)/u);
    await writeFile(join(folder, 'one.jsonl'), '{"writer":1,"char":"a","x":[1],"y":[1]}');
    const request = { folder, config: {}, signal: new AbortController().signal };
    expect((await readParts(request)).train).toHaveLength(0);
    const segments = Array.from({ length: 9 }, (_, i) =>
      unipen.replace('8 12 224', `8 ${i + 2} 1`).replace('3 7 1', `3 ${i + 2} 2`),
    ).join('');
    await writeFile(join(folder, 'two.tra'), segments);
    expect((await readFiles(folder)).flatMap(({ samples }) => samples)).toHaveLength(19);
    const writers = (part?: { readonly samples: readonly Sample[] }) => writersOf(part!.samples);
    // In the order of their numbers: 10 comes after 9.
    const training = await readParts(request);
    expect(writers(training.validation)).toEqual(['9', '10']);
    expect(writers(training.train)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    // A model is judged on the writers that it has not seen.
    const saved = { alphabet: ['a'], writers: ['1', '2', '3', '4', '5', '6', '7'] };
    expect(writers((await readParts({ ...request, saved })).test)).toEqual(['8', '9', '10']);
    expect(writers((await readWhole({ ...request, saved })).test)).toHaveLength(10);
    // The official test part is test whole, and no writer of it is trained on.
    await writeFile(join(folder, 'three.tes'), unipen.replace('8 12 224', '8 7 1'));
    const both = await readParts(request);
    expect(both.test!.samples.map(({ writer }) => writer)).toEqual(['7', '7']);
    expect(writers(both.train)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
    expect(both.train!.samples).toHaveLength(15);
    await rm(join(folder, 'two.tra'));
    await rm(join(folder, 'one.jsonl'));
    const alone = await readParts(request);
    expect([alone.train, alone.validation, alone.test].map((part) => part!.samples.length)).toEqual([0, 0, 2]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
