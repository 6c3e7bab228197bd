import { realpath } from 'node:fs/promises';
import type { DataRequest, Parts } from '@timestep/app-shared';
import * as v from 'valibot';
import { shippedData } from '../shipped.ts';
import type { FeatureOptions } from './features.ts';
import { readRecordings, type Recording } from './recordings.ts';

/** Recordings to train on or to draw utterances from. */
export interface SpeechPart {
  readonly recordings: readonly Recording[];
  /** The shipped voices that training mixes in: they bring accents that a few speakers lack. */
  readonly mixed: readonly Recording[];
  /** Recordings of a training part, utterances of one to judge on. */
  readonly length: number;
}

const seconds = v.pipe(v.number(), v.minValue(0.001), v.maxValue(1));
/** What a model file keeps: how its sound becomes features, and whom it has heard. */
export const savedSchema = v.strictObject({
  features: v.strictObject({
    sampleRate: v.pipe(v.number(), v.integer(), v.minValue(1000), v.maxValue(200_000)),
    bands: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(512)),
    windowSeconds: seconds,
    hopSeconds: seconds,
  }) satisfies v.GenericSchema<unknown, FeatureOptions>,
  speakers: v.array(v.string()),
});
export type SpeechSaved = v.InferOutput<typeof savedSchema>;

/** Utterances to judge on; more where there are so many recordings that they hold fewer digits. */
const utterances = 256;

const trainingPart = (recordings: readonly Recording[], mixed: readonly Recording[]): SpeechPart => ({
  recordings,
  mixed,
  length: recordings.length,
});
const judgedPart = (recordings: readonly Recording[]): SpeechPart => ({
  recordings,
  mixed: [],
  length: recordings.length === 0 ? 0 : Math.max(utterances, Math.ceil(recordings.length / 3)),
});

/**
 * Reads a folder of recordings. Index 5 and up is for training, 0–4 for validation. The test part is all recordings of
 * speakers that the model has not heard, or will not hear, in training.
 *
 * @throws UsageError, DataError as `readRecordings` does
 */
export async function readParts<Config>({ folder, saved }: DataRequest<Config>): Promise<Parts<SpeechPart, Config>> {
  const all = await readRecordings(folder ?? shippedData, 'all');
  const train = all.filter(({ index }) => index >= 5);
  const heard = new Set(saved === undefined ? speakersOf(train) : v.parse(savedSchema, saved).speakers);
  return {
    train: trainingPart(train, saved === undefined ? await mixedVoices(folder) : []),
    validation: judgedPart(all.filter(({ index }) => index < 5)),
    test: judgedPart(all.filter(({ speaker }) => !heard.has(speaker))),
    ...description(all, folder),
  };
}

/** Reads a folder of recordings with nothing held back: all are for training, and all to judge on. */
export async function readWhole<Config>({ folder, saved }: DataRequest<Config>): Promise<Parts<SpeechPart, Config>> {
  const all = await readRecordings(folder ?? shippedData, 'all');
  const judged = judgedPart(all);
  return {
    train: trainingPart(all, saved === undefined ? await mixedVoices(folder) : []),
    validation: judged,
    test: judged,
    ...description(all, folder),
  };
}

export function speakersOf(recordings: readonly Recording[]): string[] {
  return [...new Set(recordings.map(({ speaker }) => speaker))];
}

/** Voices of people are learned later than synthetic ones. */
function description(all: readonly Recording[], folder: string | null) {
  const about = `${all.length} recordings of ${speakersOf(all).length} speakers${folder === null ? '' : ` in ${folder}`}`;
  return { about, ...(folder === null ? {} : { steps: 1600 }) };
}

async function mixedVoices(folder: string | null): Promise<readonly Recording[]> {
  if (folder === null || (await realpath(folder)) === (await realpath(shippedData))) return [];
  return await readRecordings(shippedData, 'train');
}
