import { makeNoise, rootMeanSquare, type RandomSource } from '@timestep/datasets';
import { Generator } from '@timestep/core';
import { sampleRate, type Recording } from './recordings.ts';

/** Several digits that one speaker says after one another. */
export interface Utterance {
  /** At `sampleRate` */
  readonly samples: Float32Array;
  readonly digits: readonly number[];
  readonly speaker: string;
}

/** Recordings in an utterance, and the pauses between them in seconds. */
export const mostDigits = 5;
const pauseSeconds = [0.02, 0.15] as const;
/** The noise in a pause lies this far below the speech around it, in dB. */
const pauseLevel = -45;

/** The recordings of each speaker. */
export type Speakers = ReadonlyMap<string, readonly Recording[]>;

export function bySpeaker(recordings: readonly Recording[]): Speakers {
  const speakers = new Map<string, Recording[]>();
  for (const recording of recordings) {
    const own = speakers.get(recording.speaker) ?? [];
    own.push(recording);
    speakers.set(recording.speaker, own);
  }
  return speakers;
}

/**
 * Draws 1 … `most` recordings (uniformly many) of one speaker, with a speaker and recordings that are drawn uniformly
 * too.
 */
export function drawRecordings(speakers: Speakers, random: RandomSource, most = mostDigits): Recording[] {
  const names = [...speakers.keys()];
  const own = speakers.get(names[random.integer(names.length)]!)!;
  return Array.from({ length: 1 + random.integer(most) }, () => own[random.integer(own.length)]!);
}

/** Joins recordings with pauses of 20–150 ms (uniform) of low noise. */
export function joinRecordings(recordings: readonly Recording[], random: RandomSource): Utterance {
  const pauses = recordings.slice(1).map(() => Math.round(random.uniform(...pauseSeconds) * sampleRate));
  const total = [...recordings.map((one) => one.samples), ...pauses].reduce<number>(
    (sum, one) => sum + (typeof one === 'number' ? one : one.length),
    0,
  );
  const samples = new Float32Array(total);
  let at = 0;
  recordings.forEach((recording, i) => {
    samples.set(recording.samples, at);
    at += recording.samples.length + (pauses[i] ?? 0);
  });
  const level = rootMeanSquare(samples) * 10 ** (pauseLevel / 20);
  at = 0;
  pauses.forEach((length, i) => {
    at += recordings[i]!.samples.length;
    const from = random.integer(hiss.length - length);
    for (let n = 0; n < length; n++) samples[at + n] = level * hiss[from + n]!;
    at += length;
  });
  return { samples, digits: recordings.map((one) => one.digit), speaker: recordings[0]!.speaker };
}

/**
 * Noise of unit power that pauses are cut from: drawing Gaussian numbers for each pause took longer than its features.
 */
const hiss = makeNoise(2 ** 16, 'white', new Generator(1));
