import { Generator } from '@timestep/core';
import {
  addNoise,
  changeGain,
  createConvolver,
  createResampler,
  makeNoise,
  maskFrequency,
  maskTime,
  roomImpulse,
  type Features,
  type RandomSource,
} from '@timestep/datasets';
import type { Extractor } from './features.ts';
import { sampleRate } from './recordings.ts';

/** Rooms and noises are drawn once: making them takes ten times as long as applying them. */
const banks = (() => {
  const random = new Generator(2);
  return {
    rooms: Array.from({ length: 48 }, () =>
      createConvolver(
        roomImpulse(
          { sampleRate, reverberationSeconds: random.uniform(0.06, 0.3), directToReverberant: random.uniform(0, 12) },
          random,
        ),
      ),
    ),
    noises: (['white', 'pink', 'brown'] as const).map((color) => makeNoise(2 ** 16, color, random)),
  };
})();
/** Resamplers of speeds 0.8 … 1.25, evenly spaced in logarithm. */
const speeds = Array.from({ length: 23 }, (_, i) => 0.8 * (1.25 / 0.8) ** (i / 22));
const resamplers = speeds.map((factor) => createResampler(factor, { zeroCrossings: 6, rolloff: 0.88 }));

/**
 * Another voice in another place, from the waveform on: its speed and pitch together, its tempo alone, the length of
 * its vocal tract, level, room, noise and microphone; then masks over time and frequency.
 */
export function augment(samples: Float32Array, extract: Extractor, bands: number, random: RandomSource): Features {
  const which = random.integer(speeds.length);
  let sound = resamplers[which]!(samples);
  if (random.uniform() < 0.4) sound = banks.rooms[random.integer(banks.rooms.length)]!(sound);
  if (random.uniform() < 0.7) {
    const noise = banks.noises[random.integer(banks.noises.length)]!;
    const from = random.integer(Math.max(1, noise.length - sound.length));
    sound = addNoise(sound, noise.subarray(from, from + sound.length), random.uniform(5, 40));
  }
  sound = changeGain(sound, random.uniform(-15, 10));
  // Of speech played faster the tempo goes back half of the way: how fast and how high someone speaks are two things.
  const tempo = random.uniform(0.8, 1.25) / Math.sqrt(speeds[which]!);
  const features = extract(sound, {
    warp: Math.exp(random.uniform(-0.18, 0.18)),
    tempo,
    response: randomResponse(bands, random),
  });
  return maskFrequency(maskTime(features, { count: 2, maxWidth: 6 }, random), { count: 2, maxWidth: 6 }, random);
}

/** A smooth curve over the bands: straight lines between five random heights, with a deviation of 3 dB. */
function randomResponse(bands: number, random: RandomSource): Float32Array {
  const heights = Array.from({ length: 5 }, () => random.normal(0, 0.7));
  return Float32Array.from({ length: bands }, (_, band) => {
    const place = (band / Math.max(1, bands - 1)) * (heights.length - 1);
    const index = Math.min(heights.length - 2, Math.floor(place));
    return heights[index]! + (place - index) * (heights[index + 1]! - heights[index]!);
  });
}
