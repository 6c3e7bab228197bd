import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '@timestep/app-shared';
import { Generator } from '@timestep/core';
import { readPairTable, readParallelText, type SentencePair } from '@timestep/datasets';
import { drawPhrase, sampleLanguages } from './sample/phrases.ts';

/** Sentence pairs of one part. */
export interface Pairs {
  readonly pairs: readonly SentencePair[];
  readonly length: number;
  /** Words and punctuation are separated by blanks and lower-cased already. */
  readonly tokenized: boolean;
  /** Translate greedily, as the validations during training do. */
  readonly quick?: boolean;
}

/** The parts of a corpus in one direction. */
export interface Corpus {
  readonly train: Pairs | undefined;
  readonly validation: Pairs | undefined;
  readonly test: Pairs | undefined;
}

type PartName = keyof Corpus;

/** How the files of a part may begin, the first that is there is taken. */
const stems: Readonly<Record<PartName, readonly string[]>> = {
  train: ['train'],
  validation: ['val', 'valid', 'validation', 'dev', 'jhe.dev'],
  test: ['test_2016_flickr', 'test', 'test_2017_flickr', 'jhe.eval'],
};
/** A file that is tokenised already comes before the raw one. */
const variants = ['.lc.norm.tok', ''];

export const partOf = (pairs: readonly SentencePair[], tokenized: boolean): Pairs => ({
  pairs,
  length: pairs.length,
  tokenized,
});

/** The languages of a translation. */
export interface Direction {
  readonly from: string;
  readonly to: string;
}

/**
 * Reads the parts of a folder: two files a part, such as `train.de` and `train.en`, or a Tatoeba table.
 *
 * @throws UsageError for a folder without files of the two languages; DataError for files that do not fit together
 */
export async function readCorpus(folder: string, direction: Direction): Promise<Corpus> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new UsageError(`[translation] cannot read the folder ${folder}; pass --data a folder that exists`, { cause });
  });
  const tables = await readTables(folder, names, direction);
  const read = async (part: PartName): Promise<Pairs | undefined> =>
    tables[part] ?? (await readPart(folder, names, part, direction));
  const corpus = { train: await read('train'), validation: await read('validation'), test: await read('test') };
  if (!corpus.train && !corpus.validation && !corpus.test) {
    const { from, to } = direction;
    throw new UsageError(
      `[translation] ${folder} holds no parallel text from ${from} to ${to}; expected two files such as train.${from} and train.${to}, val.* or test.*. It holds ${names.slice(0, 8).join(', ') || 'nothing'}; other languages are named by --from and --to`,
    );
  }
  return corpus;
}

async function readPart(
  folder: string,
  names: readonly string[],
  part: PartName,
  { from, to }: Direction,
): Promise<Pairs | undefined> {
  for (const stem of stems[part]) {
    for (const variant of variants) {
      const [source, target] = [`${stem}${variant}.${from}`, `${stem}${variant}.${to}`];
      if (!names.includes(source) || !names.includes(target)) continue;
      const files = [join(folder, source), join(folder, target)] as const;
      const [one, other] = await Promise.all(files.map(async (file) => readFile(file)));
      return partOf(readParallelText(one!, other!, { names: files }), variant !== '');
    }
  }
  return undefined;
}

/** Tatoeba's tables hold English in the first column and the other language in the second. */
async function readTables(folder: string, names: readonly string[], { from, to }: Direction): Promise<Partial<Corpus>> {
  const read = async (name: string): Promise<SentencePair[] | undefined> => {
    if (!names.includes(name) || (from === 'en') === (to === 'en')) return undefined;
    const file = join(folder, name);
    const columns = from === 'en' ? ([0, 1] as const) : ([1, 0] as const);
    return readPairTable(await readFile(file), { columns, name: file });
  };
  const [both, test] = [await read('tatoeba.train_valid.tsv'), await read('tatoeba.test.tsv')];
  const split = both && splitPairs(both, 0.1);
  return {
    ...(split && { train: partOf(split[0], false), validation: partOf(split[1], false) }),
    ...(test && { test: partOf(test, false) }),
  };
}

/**
 * Splits pairs at random, the same way each time; pairs that share a sentence stay together.
 *
 * @returns the large and the small part
 */
export function splitPairs(pairs: readonly SentencePair[], share: number): [SentencePair[], SentencePair[]] {
  // Union-find over pairs: each sentence leads to the first pair that holds it.
  const parents = pairs.map((_, i) => i);
  const rootOf = (i: number): number => {
    while (parents[i] !== i) i = parents[i]!;
    return i;
  };
  const first = new Map<string, number>();
  pairs.forEach(({ source, target }, i) => {
    for (const key of [`source ${source}`, `target ${target}`]) {
      const before = first.get(key);
      if (before === undefined) first.set(key, i);
      else parents[rootOf(i)] = rootOf(before);
    }
  });
  const random = new Generator(1);
  const chosen = new Map<number, boolean>();
  const isSmall = (i: number): boolean => {
    const root = rootOf(i);
    if (!chosen.has(root)) chosen.set(root, random.uniform() < share);
    return chosen.get(root)!;
  };
  const small = pairs.map((_, i) => isSmall(i));
  return [pairs.filter((_, i) => !small[i]), pairs.filter((_, i) => small[i])];
}

/**
 * Draws the sample: counts, dates and times in two of its languages, no phrase in two parts. In the training part a phrase
 * may come twice: the clock has only 720 times.
 *
 * @throws UsageError for another language
 */
export function drawSample({ from, to }: Direction): Required<Corpus> {
  const known = sampleLanguages as readonly string[];
  for (const language of [from, to])
    if (!known.includes(language))
      throw new UsageError(
        `[translation] the sample has no language ${JSON.stringify(language)}; expected one of ${known.join(', ')}, or --data a folder`,
      );
  const [source, target] = [from, to] as (typeof sampleLanguages)[number][];
  const random = new Generator(20);
  const held = new Set<string>();
  const draw = (size: number, hold: boolean): Pairs => {
    const pairs: SentencePair[] = [];
    while (pairs.length < size) {
      const phrase = drawPhrase(random);
      if (held.has(phrase.en)) continue;
      if (hold) held.add(phrase.en);
      pairs.push({ source: phrase[source!], target: phrase[target!] });
    }
    return partOf(pairs, true);
  };
  return { test: draw(500, true), validation: draw(200, true), train: draw(8000, false) };
}
