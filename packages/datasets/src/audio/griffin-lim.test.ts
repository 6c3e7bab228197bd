import { Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { deEmphasize, griffinLim, magnitudesOfLogMel } from './griffin-lim.ts';
import { createLogMel } from './log-mel.ts';
import { inverseShortTimeFourier, shortTimeFourier } from './stft.ts';

const random = new Generator(5);
/** Harmonics whose pitch and level move, a little noise below them. */
const sound = Float32Array.from({ length: 3000 }, (_, n) => {
  const pitch = 2 * Math.PI * (0.02 * n + 2 * Math.sin(n / 900));
  const level = 0.5 + 0.4 * Math.sin(n / 400);
  return (
    level * (0.5 * Math.sin(pitch) + 0.2 * Math.sin(2 * pitch) + 0.1 * Math.sin(5 * pitch)) + 0.002 * random.normal()
  );
});
const stft = { windowLength: 200, hop: 50 };

/** ‖|STFT(x)| − M‖ / ‖M‖ */
function distance(samples: Float32Array, magnitudes: Float32Array): number {
  const { re, im } = shortTimeFourier(samples, stft);
  let [difference, total] = [0, 0];
  magnitudes.forEach((magnitude, i) => {
    difference += (Math.hypot(re[i]!, im[i]!) - magnitude) ** 2;
    total += magnitude ** 2;
  });
  return Math.sqrt(difference / total);
}

describe('shortTimeFourier', () => {
  it('is the sum of its definition', () => {
    const { re, im, steps, bins } = shortTimeFourier(sound, stft);
    expect([steps, bins]).toEqual([1 + Math.floor(2800 / 50), 129]);
    for (const [t, k] of [
      [0, 3],
      [7, 128],
      [steps - 1, 41],
    ] as const) {
      let [x, y] = [0, 0];
      for (let n = 0; n < 200; n++) {
        const value = (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / 200)) * sound[t * 50 + n]!;
        x += value * Math.cos((2 * Math.PI * k * n) / 256);
        y -= value * Math.sin((2 * Math.PI * k * n) / 256);
      }
      expect(re[t * bins + k]).toBeCloseTo(x, 9);
      expect(im[t * bins + k]).toBeCloseTo(y, 9);
    }
  });

  it('is undone by its inverse, away from the ends', () => {
    const back = inverseShortTimeFourier(shortTimeFourier(sound, stft), stft);
    // A float32 of up to 1 is exact to 2⁻²⁴; the window's share at sample 20 is 0.1.
    for (let n = 20; n < 2980; n++) expect(Math.abs(back[n]! - sound[n]!)).toBeLessThan(2e-7);
  });

  it('refuses what does not fit together', () => {
    expect(() => shortTimeFourier(sound, { windowLength: 200, hop: 201 })).toThrow(
      /hop to be at most windowLength 200/u,
    );
    expect(() => shortTimeFourier(sound, { windowLength: 200, hop: 50, fftSize: 300 })).toThrow(/power of 2/u);
    expect(() => inverseShortTimeFourier(shortTimeFourier(sound, stft), { windowLength: 300, hop: 50 })).toThrow(
      /expected \[T, 257\] numbers/u,
    );
  });
});

describe('griffinLim', () => {
  const { re, im, steps, bins } = shortTimeFourier(sound, stft);
  const data = Float32Array.from(re, (value, i) => Math.hypot(value, im[i]!));

  it('comes nearer to the magnitudes with each iteration, and with momentum nearer still', () => {
    const after = (iterations: number, momentum: number): number =>
      distance(
        griffinLim({ data, steps, size: bins }, { ...stft, iterations, momentum, random: new Generator(1) }),
        data,
      );
    const plain = [0, 10, 60].map((iterations) => after(iterations, 0));
    expect(plain[1]).toBeLessThan(0.7 * plain[0]!);
    expect(plain[2]).toBeLessThan(0.8 * plain[1]!);
    expect(after(60, 0.99)).toBeLessThan(0.8 * plain[2]!);
  });

  it('has nothing to say about no frames', () => {
    expect(griffinLim({ data: new Float32Array(0), steps: 0, size: 129 }, stft)).toHaveLength(0);
    expect(() => griffinLim({ data: data.slice(0, 128 * steps), steps, size: 128 }, stft)).toThrow(
      /expected magnitudes \[T, 129\]/u,
    );
  });
});

it('goes from log-mel energies to a sound with the same ones', () => {
  const options = { sampleRate: 8000, bands: 30, windowSeconds: 0.025, hopSeconds: 0.00625 };
  const logMel = createLogMel(options);
  const wanted = logMel(sound);
  const magnitudes = magnitudesOfLogMel(wanted, options);
  const back = deEmphasize(griffinLim(magnitudes, { ...stft, iterations: 60 }));
  const got = logMel(back);
  expect(got.steps).toBe(wanted.steps);
  let error = 0;
  for (let i = 3 * 30; i < wanted.data.length - 3 * 30; i++) error += Math.abs(got.data[i]! - wanted.data[i]!);
  // In nats of energy; other phases, and energies that no sound has, leave some.
  expect(error / wanted.data.length).toBeLessThan(0.7);
});

it('undoes pre-emphasis', () => {
  const emphasized = sound.map((value, n) => value - 0.97 * (sound[n - 1] ?? 0));
  deEmphasize(emphasized).forEach((value, n) => expect(Math.abs(value - sound[n]!)).toBeLessThan(1e-5));
});
