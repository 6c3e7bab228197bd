import {
  type BeamFlags,
  type Reading,
  readSequences,
  type Recognizer,
  searchReadings,
  UsageError,
} from '@timestep/app-shared';
import { type Backend, Generator } from '@timestep/core';
import { characterErrorRate, type ErrorRate } from '@timestep/ctc';
import type { Features } from '@timestep/datasets';
import { drawText } from './data/drawing.ts';
import type { Sample } from './data/sample.ts';
import { byWriter, drawString, type Writing } from './data/strings.ts';
import { heldOutText } from './data/words.ts';
import { inkFeatures } from './ink/features.ts';

/** Writings with their features: the same ones for the same samples, whatever the model. */
export interface TestSet {
  readonly writings: readonly Writing[];
  readonly features: readonly Features[];
}

/** Strings of an evaluation, and the seed they are drawn with. */
const evaluationStrings = 512;
const evaluationSeed = 1997;

/**
 * Strings of 1–6 characters of one writer each; or, without samples, drawn words that training never saw and digit
 * strings.
 */
export function drawTestSet(samples: readonly Sample[], count = evaluationStrings): TestSet {
  const random = new Generator(evaluationSeed);
  const writers = byWriter(samples);
  const writings = Array.from({ length: count }, (): Writing => {
    if (samples.length > 0) return drawString(writers, random);
    const text = heldOutText(random);
    return { text, ink: drawText(text, random) };
  });
  return { writings, features: writings.map(({ ink }) => inkFeatures(ink)) };
}

export interface Evaluation {
  readonly error: ErrorRate;
  readonly texts: readonly string[];
  readonly readings: readonly Reading[];
}

/** @throws UsageError where a character was written that the model does not know */
export async function evaluate(
  backend: Backend,
  model: Recognizer,
  alphabet: readonly string[],
  { writings, features }: TestSet,
  search: BeamFlags = {},
): Promise<Evaluation> {
  const unknown = new Set(
    writings.flatMap(({ text }) => [...text].filter((character) => !alphabet.includes(character))),
  );
  if (unknown.size > 0)
    throw new UsageError(
      `[evaluate] the model does not know ${[...unknown]
        .slice(0, 8)
        .map((one) => JSON.stringify(one))
        .join(', ')}, only ${alphabet.join('')}; train one on such data`,
    );
  const readings = await searchReadings(await readSequences(backend, model, features), alphabet, search);
  const texts = readings.map(({ labels }) => labels.map((label) => alphabet[label]!).join(''));
  return {
    error: characterErrorRate(
      writings.map(({ text }) => text),
      texts,
    ),
    texts,
    readings,
  };
}
