import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { UsageError } from '@timestep/app-shared';
import { readTaggedSentences } from '@timestep/datasets';
import type { Examples } from './example.ts';
import { drawSample } from './sample.ts';

interface ExampleParts {
  readonly train?: Examples | undefined;
  readonly validation?: Examples | undefined;
  readonly test?: Examples | undefined;
  readonly about: string;
}

/**
 * The examples of a folder: parts `train`, `valid` and `test` with `seq.in`, `seq.out` and `label`, as ATIS and SNIPS
 * have them, or the files of 3i4K.
 *
 * @throws UsageError where the folder holds neither; DataError for files in another format
 */
export async function readExamples(folder: string | null): Promise<ExampleParts> {
  if (folder === null) {
    return {
      train: drawSample(3000, 1),
      validation: drawSample(400, 2),
      test: drawSample(400, 3),
      about: 'sentences from patterns, in English and Korean',
    };
  }
  const [train, validation, test] = await Promise.all(
    ['train', 'valid', 'test'].map((part) => readTagged(join(folder, part))),
  );
  if (train ?? validation ?? test)
    return { train, validation, test, about: `sentences of ${basename(folder)} with intents and slots` };
  const both = await readIntents(join(folder, 'fci_train_val.txt'));
  const judged = await readIntents(join(folder, 'fci_test.txt'));
  if (both ?? judged) {
    return {
      train: both?.filter((_, line) => line % 10 !== 9),
      validation: both?.filter((_, line) => line % 10 === 9),
      test: judged,
      about: `utterances of ${basename(folder)} with intents`,
    };
  }
  throw new UsageError(
    `[data] ${folder} holds no data that this app reads; expected folders train, valid or test with seq.in, seq.out and label, or fci_train_val.txt`,
  );
}

async function readTagged(folder: string): Promise<Examples | undefined> {
  if (!existsSync(join(folder, 'seq.in'))) return undefined;
  const [words, tags, labels] = await Promise.all(
    ['seq.in', 'seq.out', 'label'].map(async (name) => {
      try {
        return await readFile(join(folder, name));
      } catch (cause) {
        throw new UsageError(`[data] cannot read ${join(folder, name)}; expected it beside seq.in`, { cause });
      }
    }),
  );
  const files = { words: words!, tags: tags!, labels: labels! };
  return readTaggedSentences(files, { name: folder }).map((sentence) => ({
    text: sentence.words.join(' '),
    intent: sentence.label,
    tags: sentence.tags,
  }));
}

const kinds = [
  'fragment',
  'statement',
  'question',
  'command',
  'rhetorical question',
  'rhetorical command',
  'intonation-dependent',
];

async function readIntents(file: string): Promise<Examples | undefined> {
  if (!existsSync(file)) return undefined;
  const lines = (await readFile(file, 'utf8')).replace(/^\ufeff/u, '').split(/\r?\n/u);
  return lines.flatMap((line, k) => {
    if (line.trim() === '') return [];
    const [, label, text] = /^(\d)\t(.*\S.*)$/u.exec(line) ?? [];
    const intent = kinds[Number(label)];
    if (intent === undefined)
      throw new UsageError(`[data] ${file}, line ${k + 1}: expected a label 0…6, a tab and an utterance`);
    return [{ text: text!, intent, tags: null }];
  });
}
