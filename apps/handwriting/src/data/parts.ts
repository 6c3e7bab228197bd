import type { DataRequest, Parts } from '@timestep/app-shared';
import * as v from 'valibot';
import { characters } from '../ink/fonts.ts';
import type { Sample } from './sample.ts';
import { readFiles, splitWriters, writersOf } from './samples.ts';
import { trainingWords } from './words.ts';

/** Characters that people wrote, or none for drawn text. */
export interface InkPart {
  readonly samples: readonly Sample[];
  /** Samples or words of a training part, strings of one to judge on. */
  readonly length: number;
}

/** What a model file keeps: the character of each label, and whose writing it has seen. */
export const savedSchema = v.strictObject({
  alphabet: v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.minLength(1)),
  writers: v.array(v.string()),
});
export type InkSaved = v.InferOutput<typeof savedSchema>;

/** Strings to judge on; more where there are so many samples that they hold fewer characters. */
const strings = 512;
/** Updates on real data; drawn text alone takes fewer. */
const steps = 2400;

const drawnPart = (length: number): InkPart => ({ samples: [], length });
const trainingPart = (samples: readonly Sample[]): InkPart => ({ samples, length: samples.length });
const judgedPart = (samples: readonly Sample[]): InkPart => ({
  samples,
  length: samples.length === 0 ? 0 : Math.max(strings, Math.ceil(samples.length / 3.5)),
});

/**
 * Reads a folder of writing; without one the text is drawn. The last fifth of the writers are for validation. The test
 * part is the files `*.tes`, else all writers that training does not see.
 *
 * @throws UsageError that names the folder, or the file and the line at fault
 */
export async function readParts<Config>({ folder, saved }: DataRequest<Config>): Promise<Parts<InkPart, Config>> {
  if (folder === null) return drawnParts();
  const files = await readFiles(folder);
  const of = (official: boolean) =>
    files.filter(({ name }) => name.endsWith('.tes') === official).flatMap(({ samples }) => samples);
  const [official, others] = [of(true), of(false)];
  const { train, test } = splitWriters(others);
  const seen = new Set(saved === undefined ? writersOf(train) : v.parse(savedSchema, saved).writers);
  return {
    train: trainingPart(train),
    validation: judgedPart(test),
    test: judgedPart(official.length > 0 ? official : others.filter(({ writer }) => !seen.has(writer))),
    ...description([...official, ...others], folder),
  };
}

/** Reads a folder of writing with nothing held back: all of it is for training, and all to judge on. */
export async function readWhole<Config>({ folder }: DataRequest<Config>): Promise<Parts<InkPart, Config>> {
  if (folder === null) return drawnParts();
  const all = (await readFiles(folder)).flatMap(({ samples }) => samples);
  const judged = judgedPart(all);
  return { train: trainingPart(all), validation: judged, test: judged, ...description(all, folder) };
}

/** The character of each label. */
export function alphabetOf({ samples }: InkPart): string[] {
  return samples.length > 0 ? [...new Set(samples.map(({ label }) => label))].sort() : [...characters];
}

function drawnParts<Config>(): Parts<InkPart, Config> {
  return {
    train: drawnPart(trainingWords.length),
    validation: drawnPart(strings),
    test: drawnPart(strings),
    about: 'drawn words and strings',
  };
}

function description(samples: readonly Sample[], folder: string) {
  return { about: `${samples.length} characters of ${writersOf(samples).length} writers in ${folder}`, steps };
}
