import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UsageError } from '@timestep/app-shared';
import type { Examples } from './example.ts';
import { drawSample } from './sample.ts';

/** The files of a data set, by part, and how a line is read. */
interface Format {
  readonly files: Readonly<Record<'train' | 'validation' | 'test', string>>;
  /** Text and label of a line; null for a line that is neither */
  parse(line: string): readonly [label: string, text: string] | null;
  readonly expected: string;
  /** Of lines that come before the first example */
  readonly header?: string;
}

const formats = {
  sst2: {
    files: { train: 'stsa.binary.train', validation: 'stsa.binary.dev', test: 'stsa.binary.test' },
    parse: (line) => {
      const [, label, text] = /^([01]) (.*\S.*)$/u.exec(line) ?? [];
      return label === undefined ? null : [label, text!];
    },
    expected: 'a label 0 or 1, a blank and a sentence',
  },
  nsmc: {
    files: { train: 'ratings_train.txt', validation: 'ratings_valid.txt', test: 'ratings_test.txt' },
    parse: (line) => {
      const [, text, label, ...more] = line.split('\t');
      return more.length === 0 && (label === '0' || label === '1') ? [label, text!] : null;
    },
    expected: 'an id, a review and a label 0 or 1, parted by tabs',
    header: 'id\tdocument\tlabel',
  },
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof formats;

interface ExampleParts {
  readonly train?: Examples | undefined;
  readonly validation?: Examples | undefined;
  readonly test?: Examples | undefined;
  readonly about: string;
  /** null for the sample */
  readonly format: FormatName | null;
}

/**
 * The examples of a folder in the format of SST-2 or NSMC, or the sample.
 *
 * @throws UsageError where the folder holds neither, or a line has another form
 */
export async function readExamples(folder: string | null): Promise<ExampleParts> {
  if (folder === null) {
    return {
      train: drawSample(2400, 1),
      validation: drawSample(400, 2),
      test: drawSample(400, 3),
      about: 'remarks on films from patterns, in English and Korean',
      format: null,
    };
  }
  for (const [name, format] of Object.entries(formats) as [FormatName, Format][]) {
    const { files } = format;
    if (!Object.values(files).some((file) => existsSync(join(folder, file)))) continue;
    const read = (file: string) => readPart(join(folder, file), format);
    const [train, validation, test] = await Promise.all([read(files.train), read(files.validation), read(files.test)]);
    return { train, validation, test, about: `sentences of ${basename(folder)}`, format: name };
  }
  throw new UsageError(
    `[data] ${folder} holds no data that this app reads; expected ${formats.sst2.files.train} or ${formats.nsmc.files.train}, or their other parts`,
  );
}

async function readPart(file: string, { parse, expected, header }: Format): Promise<Examples | undefined> {
  if (!existsSync(file)) return undefined;
  const lines = (await readFile(file, 'utf8')).replace(/^\ufeff/u, '').split(/\r?\n/u);
  return lines.flatMap((line, k) => {
    if (line.trim() === '' || (k === 0 && line === header)) return [];
    const parsed = parse(line);
    if (!parsed) throw new UsageError(`[data] ${file}, line ${k + 1}: expected ${expected}`);
    return [{ text: parsed[1], positive: parsed[0] === '1' }];
  });
}
