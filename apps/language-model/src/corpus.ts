import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@timestep/app-shared';

/** A text, with the one that a model of it was trained on. */
export interface Corpus {
  readonly text: string;
  /** The number of lines. */
  readonly length: number;
  /** For the n-gram model beside the network; null where the folder has no training part. */
  readonly training: string | null;
}

/** The texts of a data set. */
export interface CorpusParts {
  readonly train?: Corpus;
  readonly validation?: Corpus;
  readonly test?: Corpus;
}

/** The file names of each part, of the data sets in the order in which they are looked for. */
const layouts = [
  { name: 'ptb', train: 'ptb.train.txt', validation: 'ptb.valid.txt', test: 'ptb.test.txt' },
  { name: 'text', train: 'train.txt', validation: 'valid.txt', test: 'test.txt' },
] as const;
const wholeFile = 'input.txt';

/** The shares of a single file that train and validate; as is usual for Tiny Shakespeare. */
const trainingShare = 0.9;

/**
 * Reads the texts of a folder: `ptb.train.txt`, `ptb.valid.txt` and `ptb.test.txt`; or `train.txt`, `valid.txt` and
 * `test.txt`; or one `input.txt`, whose last tenth validates.
 *
 * @throws UsageError where there is none of these files, and for a file that is not text
 */
export async function readCorpus(folder: string): Promise<CorpusParts & { readonly name: string }> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new UsageError(`[data] cannot read the folder ${folder}: ${String((error as Error).message)}`, {
      cause: error,
    });
  });
  const layout = layouts.find(({ train, validation, test }) =>
    [train, validation, test].some((n) => names.includes(n)),
  );
  if (layout) {
    const texts = await Promise.all(
      [layout.train, layout.validation, layout.test].map((name) =>
        names.includes(name) ? readText(join(folder, name)) : undefined,
      ),
    );
    return { name: layout.name, ...corpusParts(texts) };
  }
  if (names.includes(wholeFile)) {
    return { name: 'text', ...splitText(await readText(join(folder, wholeFile))) };
  }
  throw new UsageError(
    `[data] ${folder} holds no text to read; expected ptb.train.txt, train.txt, input.txt, or one of their validation or test files`,
  );
}

/** The first nine tenths of a text to train on, cut at the end of a line, and the rest to validate. */
export function splitText(text: string): CorpusParts {
  const cut = text.indexOf('\n', Math.floor(text.length * trainingShare)) + 1;
  return cut > 0 ? corpusParts([text.slice(0, cut), text.slice(cut)]) : corpusParts([text]);
}

function corpusParts([train, validation, test]: readonly (string | undefined)[]): CorpusParts {
  const corpus = (text: string): Corpus => ({
    text,
    length: text.split('\n').filter((line) => line.trim() !== '').length,
    training: train ?? null,
  });
  return {
    ...(train !== undefined && { train: corpus(train) }),
    ...(validation !== undefined && { validation: corpus(validation) }),
    ...(test !== undefined && { test: corpus(test) }),
  };
}

async function readText(file: string): Promise<string> {
  const bytes = await readFile(file);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UsageError(`[data] ${file} is not text in UTF-8; convert it first`, { cause: error });
  }
  if (text.includes('\0')) throw new UsageError(`[data] ${file} holds bytes of value 0, so it is not text`);
  if (text.trim() === '') throw new UsageError(`[data] ${file} is empty`);
  return text.endsWith('\n') ? text : `${text}\n`;
}
