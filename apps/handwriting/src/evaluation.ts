import {
  type CTCRecognizer,
  type Reading,
  readSequences,
  searchReadings,
  type SearchSettings,
  UsageError,
} from '@timestep/app-shared';
import { Generator } from '@timestep/core';
import { characterErrorRate, type ErrorRate } from '@timestep/ctc';
import type { Features } from '@timestep/datasets';
import { drawText } from './data/drawing.ts';
import type { InkPart } from './data/parts.ts';
import { byWriter, drawString, type Writing } from './data/strings.ts';
import { heldOutText } from './data/words.ts';
import { inkFeatures } from './ink/features.ts';

/** Writings with their features: the same ones for the same samples, whatever the model. */
export interface TestSet {
  readonly writings: readonly Writing[];
  readonly features: readonly Features[];
}

const evaluationSeed = 1997;
/** Validations judge the same part again and again. */
const drawn = new WeakMap<InkPart, TestSet>();

/**
 * Strings of 1–6 characters of one writer each; or, without samples, drawn words that training never saw and digit
 * strings. They are drawn with a fixed seed.
 */
export function drawTestSet(part: InkPart): TestSet {
  const known = drawn.get(part);
  if (known) return known;
  const random = new Generator(evaluationSeed);
  const writers = byWriter(part.samples);
  const writings = Array.from({ length: part.length }, (): Writing => {
    if (part.samples.length > 0) return drawString(writers, random);
    const text = heldOutText(random);
    return { text, ink: drawText(text, random) };
  });
  const test = { writings, features: writings.map(({ ink }) => inkFeatures(ink)) };
  drawn.set(part, test);
  return test;
}

export interface Evaluation {
  readonly error: ErrorRate;
  readonly texts: readonly string[];
  readonly readings: readonly Reading[];
}

/** @throws UsageError where a character was written that the model does not know */
export async function evaluate(
  model: CTCRecognizer,
  alphabet: readonly string[],
  { writings, features }: TestSet,
  search: SearchSettings,
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
  const readings = await searchReadings(await readSequences(model, features), alphabet, search);
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
