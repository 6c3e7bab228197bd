import { Generator } from '@timestep/core';
import { describe, expect, test } from 'vitest';
import { tone } from '../testing/tones.ts';
import { createLogMel, frameCount, hannWindow } from './log-mel.ts';
import { hertzToMel, melFilterBank, melToHertz } from './mel.ts';

const generator = new Generator(3);
const noise = Float32Array.from({ length: 1234 }, () => generator.uniform(-1, 1));

describe('log-mel energies', () => {
  test('are those of a Fourier transform written out, in float64', () => {
    const [rate, window, hop, size, bands, floor, emphasis] = [8000, 200, 80, 256, 13, 1e-3, 0.9];
    const { data, steps } = createLogMel({
      sampleRate: rate,
      bands,
      floor,
      preEmphasis: emphasis,
      lowFrequency: 100,
      highFrequency: 3800,
    })(noise);
    expect(steps).toBe(Math.floor((noise.length - window) / hop) + 1);
    const [low, high] = [hertzToMel(100), hertzToMel(3800)];
    const corner = (i: number) => melToHertz(low + ((high - low) * i) / (bands + 1));
    const hann = Array.from({ length: window }, (_, n) => Math.sin((Math.PI * n) / window) ** 2);
    const energy = hann.reduce((sum, value) => sum + value ** 2, 0);
    for (let step = 0; step < steps; step++) {
      const powers = Array.from({ length: size / 2 + 1 }, (_, k) => {
        let [re, im] = [0, 0];
        for (let n = 0; n < window; n++) {
          const at = step * hop + n;
          const value = hann[n]! * (noise[at]! - emphasis * (at > 0 ? noise[at - 1]! : 0));
          re += value * Math.cos((2 * Math.PI * k * n) / size);
          im -= value * Math.sin((2 * Math.PI * k * n) / size);
        }
        return (re ** 2 + im ** 2) / energy;
      });
      for (let band = 0; band < bands; band++) {
        let sum = floor;
        powers.forEach((power, k) => {
          const f = (k * rate) / size;
          const rise = (f - corner(band)) / (corner(band + 1) - corner(band));
          const fall = (corner(band + 2) - f) / (corner(band + 2) - corner(band + 1));
          sum += power * Math.max(0, Math.min(rise, fall));
        });
        expect(data[step * bands + band]).toBeCloseTo(Math.log(sum), 4);
      }
    }
  });

  test('silence has the energy of the floor', () => {
    const silent = createLogMel({ sampleRate: 8000, floor: 1e-6 })(new Float32Array(400));
    for (const value of silent.data) expect(value).toBeCloseTo(Math.log(1e-6), 5);
  });

  test('a faster tempo spaces the same frames further apart', () => {
    const logMel = createLogMel({ sampleRate: 8000, bands: 10 });
    const [plain, fast] = [logMel(noise), logMel(noise, { tempo: 1.25 })];
    expect([plain.steps, fast.steps]).toEqual([13, 11]);
    const frame = ({ data }: { data: Float32Array }, step: number) => data.slice(step * 10, step * 10 + 10);
    // 100 samples from frame to frame meet 80 at every 400th.
    expect(frame(fast, 4)).toEqual(frame(plain, 5));
    expect(frame(fast, 8)).toEqual(frame(plain, 10));
    expect(frame(fast, 1)).not.toEqual(frame(plain, 1));
  });

  test('a warp above 1 reads a tone as a lower one', () => {
    const loudest = (warp: number) => {
      const { data } = createLogMel({ sampleRate: 8000 })(tone(1000, 8000, 2000), { warp });
      const frame = data.subarray(400, 440);
      return frame.indexOf(Math.max(...frame));
    };
    expect(loudest(1.15)).toBeLessThan(loudest(1));
    expect(loudest(0.87)).toBeGreaterThan(loudest(1));
  });

  test('short and empty recordings', () => {
    const logMel = createLogMel({ sampleRate: 8000 });
    expect(logMel(new Float32Array(0)).steps).toBe(0);
    expect(logMel(new Float32Array(3).fill(0.5)).steps).toBe(1);
    expect([
      frameCount(200, 200, 80),
      frameCount(279, 200, 80),
      frameCount(280, 200, 80),
      frameCount(1, 200, 80),
    ]).toEqual([1, 1, 2, 1]);
  });

  test('bad settings are refused', () => {
    expect(() => createLogMel({ sampleRate: 8000, highFrequency: 4001 })).toThrow(/highFrequency <= 4000/u);
    expect(() => createLogMel({ sampleRate: 8000, windowSeconds: 0 })).toThrow(/window/u);
    expect(() => createLogMel({ sampleRate: 8000, floor: 0 })).toThrow(/floor/u);
    expect(() => createLogMel({ sampleRate: 8000, bands: 0 })).toThrow(/bands/u);
  });
});

describe('the filter bank', () => {
  test('triangles add up to 1 between the first and the last peak', () => {
    const bank = melFilterBank({ bands: 20, sampleRate: 16_000, fftSize: 1024, lowFrequency: 0, highFrequency: 8000 });
    const sums = new Float64Array(513);
    bank.weights.forEach((filter, band) => filter.forEach((weight, i) => (sums[bank.starts[band]! + i]! += weight)));
    const [first, last] = [melToHertz(hertzToMel(8000) / 21), melToHertz((hertzToMel(8000) * 20) / 21)];
    for (let k = Math.ceil((first * 1024) / 16_000); k <= (last * 1024) / 16_000; k++)
      expect(sums[k]).toBeCloseTo(1, 10);
  });

  test('a filter narrower than a bin still has one', () => {
    const { weights } = melFilterBank({
      bands: 80,
      sampleRate: 8000,
      fftSize: 256,
      lowFrequency: 0,
      highFrequency: 4000,
    });
    for (const filter of weights) expect(filter.reduce((sum, weight) => sum + weight, 0)).toBeGreaterThan(0);
  });

  test('a warped bank ends where the plain one does', () => {
    const options = { bands: 40, sampleRate: 8000, fftSize: 256, lowFrequency: 60, highFrequency: 4000 };
    for (const warp of [0.8, 1.2]) {
      const { starts, weights } = melFilterBank({ ...options, warp });
      expect(starts[39]! + weights[39]!.length - 1).toBe(128);
      expect(Math.max(...weights.flatMap((filter) => [...filter]))).toBeLessThanOrEqual(1);
    }
    expect(() => melFilterBank({ ...options, warp: 0 })).toThrow(/warp/u);
  });

  test('mel and hertz are each other’s inverse, with 1000 Hz near 1000 mel', () => {
    expect(hertzToMel(1000)).toBeCloseTo(1000, 0);
    for (const hertz of [0, 50, 440, 3999]) expect(melToHertz(hertzToMel(hertz))).toBeCloseTo(hertz, 9);
  });
});

test('the Hann window is periodic: two copies half a length apart add up to 1', () => {
  const window = hannWindow(200);
  for (let n = 0; n < 100; n++) expect(window[n]! + window[n + 100]!).toBeCloseTo(1, 12);
});
