import type { RandomSource } from '@timestep/datasets';
import { boxOf, type Ink, mapPoints, type Point, type Stroke } from '../ink/ink.ts';
import { bend, gapRange } from './drawing.ts';
import type { Sample } from './sample.ts';

/** Text and the ink that was written for it. */
export interface Writing {
  readonly text: string;
  readonly ink: Ink;
}

/** Characters in a string of samples. */
const mostCharacters = 6;
/** The least width that a gap is measured in, as a share of the height of the string. */
const leastWidth = 0.25;

/** The samples of each writer. */
export type Writers = ReadonlyMap<string, readonly Sample[]>;

export function byWriter(samples: readonly Sample[]): Writers {
  const writers = new Map<string, Sample[]>();
  for (const sample of samples) {
    const own = writers.get(sample.writer) ?? [];
    own.push(sample);
    writers.set(sample.writer, own);
  }
  return writers;
}

export interface StringOptions {
  /** Characters at most; 6 at most and by default */
  readonly most?: number;
  /** Changes each character */
  readonly change?: (ink: Ink) => Ink;
}

/**
 * Draws 1–6 characters (uniformly many) of one writer, with a writer and samples that are drawn uniformly too, and
 * joins them.
 */
export function drawString(
  writers: Writers,
  random: RandomSource,
  { most = mostCharacters, change = (ink) => ink }: StringOptions = {},
): Writing {
  const names = [...writers.keys()];
  const own = writers.get(names[random.integer(names.length)]!)!;
  const samples = Array.from(
    { length: 1 + random.integer(Math.min(most, mostCharacters)) },
    () => own[random.integer(own.length)]!,
  );
  return joinSamples(
    samples.map(({ label, ink }) => ({ text: label, ink: change(ink) })),
    random,
  );
}

/** Sets characters side by side on one base line, with gaps of 0–0.3 of the width of the one before (uniform). */
export function joinSamples(samples: readonly Writing[], random: RandomSource): Writing {
  const boxes = samples.map(({ ink }) => boxOf(ink)!);
  const height = Math.max(...boxes.map(({ bottom, top }) => top - bottom));
  const ink: Stroke[] = [];
  let x = 0;
  samples.forEach((sample, i) => {
    const { left, right, bottom } = boxes[i]!;
    const start = x;
    ink.push(...mapPoints(sample.ink, ([px, py]): Point => [px - left + start, py - bottom]));
    x += right - left + random.uniform(...gapRange) * Math.max(leastWidth * height, right - left);
  });
  return { text: samples.map(({ text }) => text).join(''), ink };
}

/** Another hand: one character stretched, sheared, turned and bent by smooth waves. */
export function varyCharacter(ink: Ink, random: RandomSource): Ink {
  const { left, right, bottom, top } = boxOf(ink)!;
  const size = Math.max(top - bottom, right - left) || 1;
  const [sx, sy, shear, angle] = [
    size * random.uniform(0.85, 1.18),
    size * random.uniform(0.85, 1.18),
    random.normal(0, 0.12),
    random.normal(0, 0.09),
  ];
  const unit = mapPoints(ink, ([x, y]): Point => [(x - left) / size, (y - bottom) / size]);
  return mapPoints(bend(unit, random, 0.025), ([x, y]): Point => {
    const [px, py] = [sx * (x + shear * y), sy * y];
    return [px * Math.cos(angle) - py * Math.sin(angle), px * Math.sin(angle) + py * Math.cos(angle)];
  });
}

/** Another hand for a whole string: its slant, width and slope, and a tremble. */
export function varyString({ text, ink }: Writing, random: RandomSource): Writing {
  const { bottom, top } = boxOf(ink)!;
  const size = top - bottom || 1;
  const [slant, width, slope, tremble] = [
    random.normal(0, 0.15),
    random.uniform(0.8, 1.25),
    random.normal(0, 0.05),
    size * random.uniform(0, 0.012),
  ];
  return {
    text,
    ink: mapPoints(ink, ([x, y]): Point => [
      width * x + slant * y + random.normal(0, tremble),
      y + slope * x + random.normal(0, tremble),
    ]),
  };
}
