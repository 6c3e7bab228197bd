import {
  type CTCRecognizer,
  type Reading,
  readSequences,
  searchReadings,
  type SearchSettings,
} from '@timestep/app-shared';
import { Generator } from '@timestep/core';
import { digitErrorRate, type ErrorRate } from '@timestep/ctc';
import type { Features } from '@timestep/datasets';
import { createExtractor, type FeatureOptions } from './data/features.ts';
import type { SpeechPart } from './data/parts.ts';
import { bySpeaker, drawRecordings, joinRecordings, type Utterance } from './data/utterances.ts';

/** Utterances with their features: the same ones for the same recordings, whatever the model. */
export interface TestSet {
  readonly utterances: readonly Utterance[];
  readonly features: readonly Features[];
}

/** The text of each label. */
export const digitNames = [...'0123456789'];

const evaluationSeed = 2006;
/** Validations judge the same part again and again. */
const drawn = new WeakMap<SpeechPart, TestSet>();

/** The utterances of a part, drawn with a fixed seed. */
export function drawTestSet(part: SpeechPart, features: FeatureOptions): TestSet {
  const known = drawn.get(part);
  if (known) return known;
  const random = new Generator(evaluationSeed);
  const speakers = bySpeaker(part.recordings);
  const extract = createExtractor(features);
  const utterances = Array.from({ length: part.length }, () =>
    joinRecordings(drawRecordings(speakers, random), random),
  );
  const test = { utterances, features: utterances.map(({ samples }) => extract(samples)) };
  drawn.set(part, test);
  return test;
}

export interface Evaluation {
  readonly error: ErrorRate;
  readonly readings: readonly Reading[];
}

export async function evaluate(
  model: CTCRecognizer,
  { utterances, features }: TestSet,
  search: SearchSettings,
): Promise<Evaluation> {
  const readings = await searchReadings(await readSequences(model, features), digitNames, search);
  return {
    error: digitErrorRate(
      utterances.map(({ digits }) => digits.join('')),
      readings.map(({ labels }) => labels.join('')),
    ),
    readings,
  };
}
