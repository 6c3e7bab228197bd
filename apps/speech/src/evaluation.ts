import { type BeamFlags, type Reading, readSequences, type Recognizer, searchReadings } from '@timestep/app-shared';
import { type Backend, Generator } from '@timestep/core';
import { digitErrorRate, type ErrorRate } from '@timestep/ctc';
import type { Features } from '@timestep/datasets';
import { createExtractor, type FeatureOptions } from './data/features.ts';
import type { Recording } from './data/recordings.ts';
import { bySpeaker, drawRecordings, joinRecordings, type Utterance } from './data/utterances.ts';

/** Utterances with their features: the same ones for the same recordings, whatever the model. */
export interface TestSet {
  readonly utterances: readonly Utterance[];
  readonly features: readonly Features[];
}

/** The text of each label. */
export const digitNames = [...'0123456789'];

/** Utterances of an evaluation, and the seed they are drawn with. */
export const evaluationUtterances = 256;
const evaluationSeed = 2006;

export function drawTestSet(
  recordings: readonly Recording[],
  features: FeatureOptions,
  count = evaluationUtterances,
): TestSet {
  const random = new Generator(evaluationSeed);
  const speakers = bySpeaker(recordings);
  const extract = createExtractor(features);
  const utterances = Array.from({ length: count }, () => joinRecordings(drawRecordings(speakers, random), random));
  return { utterances, features: utterances.map(({ samples }) => extract(samples)) };
}

export interface Evaluation {
  readonly error: ErrorRate;
  readonly readings: readonly Reading[];
}

export async function evaluate(
  backend: Backend,
  model: Recognizer,
  { utterances, features }: TestSet,
  search: BeamFlags = {},
): Promise<Evaluation> {
  const readings = await searchReadings(await readSequences(backend, model, features), digitNames, search);
  return {
    error: digitErrorRate(
      utterances.map(({ digits }) => digits.join('')),
      readings.map(({ labels }) => labels.join('')),
    ),
    readings,
  };
}
