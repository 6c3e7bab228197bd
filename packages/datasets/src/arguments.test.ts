import { ArgumentError, Generator } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { DataError } from './errors.ts';
import * as datasets from './index.ts';

const random = new Generator(1);
const samples = Float32Array.from({ length: 500 }, () => random.uniform(-1, 1));
const features = { data: new Float32Array(6), steps: 3, size: 2 };
const batch = datasets.embeddedReber(2, random);

/** Every exported function with right arguments; each is then called with one of them wrong. */
const calls: Record<string, readonly unknown[]> = {
  readWav: [datasets.encodeWav({ samples, sampleRate: 8000 }), { name: 'a.wav' }],
  encodeWav: [{ samples, sampleRate: 8000 }, { bits: 8 }],
  createLogMel: [{ sampleRate: 8000 }],
  shortTimeFourier: [samples, { windowLength: 64, hop: 16 }],
  inverseShortTimeFourier: [
    datasets.shortTimeFourier(samples, { windowLength: 64, hop: 16 }),
    { windowLength: 64, hop: 16 },
  ],
  griffinLim: [
    { data: new Float32Array(66), steps: 2, size: 33 },
    { windowLength: 64, hop: 16, iterations: 1 },
  ],
  magnitudesOfLogMel: [features, { sampleRate: 8000, bands: 2 }],
  deEmphasize: [samples, 0.97],
  readParallelText: ['a', 'b', {}],
  readPairTable: ['a\tb', {}],
  toCepstra: [features, { coefficients: 2 }],
  deltas: [features, { width: 3 }],
  joinFeatures: [[features, features]],
  frameCount: [100, 10, 5],
  hannWindow: [10],
  hertzToMel: [1000],
  melToHertz: [1000],
  melFilterBank: [{ bands: 3, sampleRate: 8000, fftSize: 256, lowFrequency: 20, highFrequency: 4000 }],
  resample: [samples, 8000, 4000, {}],
  createResampler: [2, {}],
  maskTime: [features, { count: 1, maxWidth: 1 }, random],
  maskFrequency: [features, { count: 1, maxWidth: 1 }, random],
  addNoise: [samples, samples, 10, 3],
  changeGain: [samples, 3],
  makeNoise: [10, 'pink', random],
  rootMeanSquare: [samples],
  convolve: [samples, samples],
  createConvolver: [samples],
  roomImpulse: [{ sampleRate: 8000, reverberationSeconds: 0.1, directToReverberant: 3 }, random],
  changePitch: [samples, 8000, 1.1],
  changeSpeed: [samples, 1.1],
  changeTempo: [samples, 8000, 1.1],
  bucketByLength: [[3, 4], { batchSize: 1 }],
  prefetch: [[1, 2], { depth: 1 }],
  batchSequences: [[features]],
  batchTargets: [[[1, 2], [3]]],
  cartPole: [{ velocities: false }],
  pendulum: [{ maxSteps: 3 }],
  normalizeFeatures: [features, { centre: 'all' }],
  stackFrames: [features, 2],
  shuffled: [[1, 2], random],
  addingProblem: [10, 2, random],
  originalAddingProblem: [30, 2, random],
  copyTask: [{ delay: 1, batch: 2 }, random],
  embeddedReber: [2, random],
  embeddedReberString: [random],
  legalSuccessors: [['B', 'T']],
  scoreReber: [new Float32Array(batch.legal.length), batch],
  temporalOrder: [{ relevant: 2, batch: 1 }, random],
  oneHot: [batch],
  batchTokens: [[[1, 2], [3]], { end: 0 }],
  readCsv: ['a,b\n1,2', { name: 'a.csv' }],
  readFasta: ['>a\nM', { name: 'a' }],
  readSeries: ['@data\n1', { name: 'a' }],
  readTaggedSentences: [{ words: 'a', tags: 'O', labels: 'x' }, { name: 'a' }],
  splitByTime: [10, { train: 0.5 }],
  windows: [features, { stepsIn: 1 }],
  words: ['a b'],
  characters: ['ab'],
  codePoints: ['ab'],
  toJamo: ['한'],
  fromJamo: [['\u1112', '\u1161']],
};

const wrongValues: readonly unknown[] = [
  undefined,
  null,
  NaN,
  -1,
  0.5,
  1e12,
  true,
  'text',
  10n,
  Symbol('s'),
  () => 1,
  { unknown: 1 },
  [null],
  [['a']],
  [{ data: [1], steps: 1, size: 1 }],
  new Date(),
  new Float64Array(2),
  { data: new Float32Array(5), steps: 3, size: 2 },
];

/** Wrong values that are right after all: what may be left out, any length, any level. */
const harmless: Record<string, readonly string[]> = {
  readWav: ['1: undefined'],
  encodeWav: ['1: undefined'],
  deltas: ['1: undefined'],
  frameCount: ['0: 1000000000000', '1: 1000000000000', '2: 0.5', '2: 1000000000000'],
  hertzToMel: ['0: 0.5', '0: 1000000000000'],
  melToHertz: ['0: 0.5'],
  resample: ['1: 0.5', '3: undefined'],
  createResampler: ['0: 0.5', '1: undefined'],
  addNoise: ['2: -1', '2: 0.5', '3: undefined', '3: 1000000000000'],
  changeGain: ['1: -1', '1: 0.5'],
  changePitch: ['2: 0.5'],
  changeSpeed: ['1: 0.5'],
  changeTempo: ['2: 0.5'],
  bucketByLength: ['0: Float64Array'],
  prefetch: ['0: Array', '0: Array', '0: Array', '0: Float64Array', '1: undefined'],
  cartPole: ['0: undefined'],
  pendulum: ['0: undefined'],
  normalizeFeatures: ['1: undefined'],
  batchTokens: ['1: undefined'],
  readCsv: ['0: text', '0: Float64Array', '1: undefined'],
  readFasta: ['1: undefined'],
  readParallelText: ['0: text', '0: Float64Array', '1: text', '1: Float64Array', '2: undefined'],
  readPairTable: ['1: undefined'],
  deEmphasize: ['1: undefined', '1: 0.5'],
  readSeries: ['1: undefined'],
  readTaggedSentences: ['1: undefined'],
  splitByTime: ['0: 1000000000000'],
  words: ['0: text'],
  characters: ['0: text'],
  codePoints: ['0: text'],
  toJamo: ['0: text'],
  fromJamo: ['0: text'],
  shuffled: ['0: Array', '0: Array', '0: Array', '0: Float64Array'],
};

it('covers every exported function', () => {
  const functions = Object.entries(datasets).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []));
  // Classes, and a function that needs a device.
  const others = [
    'BytePairEncoder',
    'DataError',
    'MinMaxScaler',
    'StandardScaler',
    'Table',
    'Vocabulary',
    'batchToTensor',
  ];
  expect([...Object.keys(calls), ...others].sort()).toEqual(functions.sort());
});

describe.each(Object.entries(calls))('%s', (name, right) => {
  const call = (values: readonly unknown[]): unknown =>
    (datasets as unknown as Record<string, (...values: readonly unknown[]) => unknown>)[name]!(...values);

  it('refuses wrong arguments with a typed error', () => {
    expect(() => call(right)).not.toThrow();
    const accepted: string[] = [];
    for (let position = 0; position < right.length; position++) {
      for (const wrong of wrongValues) {
        try {
          call(right.with(position, wrong));
          accepted.push(`${position}: ${nameOf(wrong)}`);
        } catch (error) {
          const typed = error instanceof ArgumentError || error instanceof DataError;
          expect(typed, `${position}: ${nameOf(wrong)} ${String(error)}`).toBe(true);
        }
      }
    }
    expect(accepted).toEqual(harmless[name] ?? []);
  });
});

function nameOf(value: unknown): string {
  return Object(value) === value ? Object.prototype.toString.call(value).slice(8, -1) : String(value);
}
