import { Generator } from '@timestep/core';
import * as datasets from '@timestep/datasets';
import * as node from '@timestep/datasets/node';
import type { Entry } from '../mutations.ts';
import { backend } from './backend.ts';
import { bound, entry, reasons } from './entry.ts';

const random = () => new Generator(1);
const samples = () => new Float32Array(500).fill(0.5);
const features = () => ({ data: new Float32Array(6), steps: 3, size: 2 });
const numbers = () => Float32Array.of(1, 2, 3, 5);
const waveform = () => ({ samples: samples(), sampleRate: 8000 });
const wav = datasets.encodeWav(waveform());
const bytes = { also: { '0': ['ArrayBuffer'] } };
const text = { also: { '0': ['array', 'ArrayBuffer'] } };
const logMelOptions = () => ({
  sampleRate: 8000,
  bands: 4,
  windowSeconds: 0.02,
  hopSeconds: 0.01,
  lowFrequency: 20,
  highFrequency: 4000,
  floor: 1e-6,
  preEmphasis: 0.9,
});
const room = () => ({ sampleRate: 8000, reverberationSeconds: 0.1, directToReverberant: 3, predelaySeconds: 0 });
const tokenBatch = () => {
  const { tokens, shape, lengths, symbols } = datasets.copyTask({ delay: 1, batch: 1 }, random());
  return { tokens, shape, lengths, symbols };
};
const table = datasets.readCsv('a,b\n1,2\n3,4');
const scalers = [datasets.StandardScaler, datasets.MinMaxScaler] as const;
const vocabulary = new datasets.Vocabulary(['a', '?'], { unknown: '?' });
const encoder = datasets.BytePairEncoder.train(['ab ab'], { size: 1 });
const pole = datasets.cartPole();
pole.reset(random());
const swing = datasets.pendulum();
swing.reset(random());

const audio: readonly Entry[] = [
  entry('readWav', datasets.readWav, () => [wav, { name: 'a.wav', dtype: 'float64' }], bytes),
  entry('encodeWav', datasets.encodeWav, () => [waveform(), { bits: 32, encoding: 'float' }], { open: [0] }),
  entry('createLogMel', datasets.createLogMel, () => [logMelOptions()]),
  entry('LogMel', datasets.createLogMel(logMelOptions()), () => [samples(), { warp: 1.1, tempo: 1.1 }]),
  entry('melFilterBank', datasets.melFilterBank, () => [
    { bands: 3, sampleRate: 8000, fftSize: 256, lowFrequency: 20, highFrequency: 4000, warp: 1 },
  ]),
  entry('toCepstra', datasets.toCepstra, () => [features(), { coefficients: 2, lifter: 22 }], { open: [0] }),
  entry('deltas', datasets.deltas, () => [features(), { width: 3 }], { open: [0] }),
  entry('joinFeatures', datasets.joinFeatures, () => [[features(), features()]]),
  entry('frameCount', datasets.frameCount, () => [100, 10, 5]),
  entry('hannWindow', datasets.hannWindow, () => [10]),
  entry('hertzToMel', datasets.hertzToMel, () => [1000]),
  entry('melToHertz', datasets.melToHertz, () => [1000]),
  entry('resample', datasets.resample, () => [samples(), 8000, 4000, { zeroCrossings: 8, rolloff: 0.9 }]),
  entry('createResampler', datasets.createResampler, () => [2, { zeroCrossings: 8, rolloff: 0.9 }]),
  entry('Resampler', datasets.createResampler(2), () => [samples()]),
  entry('maskTime', datasets.maskTime, () => [features(), { count: 1, maxWidth: 1, value: 0 }, random()], {
    open: [0],
  }),
  entry('maskFrequency', datasets.maskFrequency, () => [features(), { count: 1, maxWidth: 1, value: 0 }, random()], {
    open: [0],
  }),
  entry('addNoise', datasets.addNoise, () => [samples(), samples(), 10, 3]),
  entry('changeGain', datasets.changeGain, () => [samples(), 3]),
  entry('makeNoise', datasets.makeNoise, () => [10, 'pink', random()]),
  entry('rootMeanSquare', datasets.rootMeanSquare, () => [samples()]),
  entry('convolve', datasets.convolve, () => [samples(), samples()]),
  entry('createConvolver', datasets.createConvolver, () => [samples()]),
  entry('Convolver', datasets.createConvolver(samples()), () => [samples()]),
  entry('roomImpulse', datasets.roomImpulse, () => [room(), random()]),
  entry('changePitch', datasets.changePitch, () => [samples(), 8000, 1.1]),
  entry('changeSpeed', datasets.changeSpeed, () => [samples(), 1.1]),
  entry('changeTempo', datasets.changeTempo, () => [samples(), 8000, 1.1]),
  entry('normalizeFeatures', datasets.normalizeFeatures, () => [features(), { centre: 'all', epsilon: 1e-5 }], {
    open: [0],
  }),
  entry('stackFrames', datasets.stackFrames, () => [features(), 2], { open: [0] }),
];

const batches: readonly Entry[] = [
  entry('bucketByLength', datasets.bucketByLength, () => [
    [3, 4],
    { batchSize: 1, random: random(), window: 2, dropLast: false },
  ]),
  entry('prefetch', datasets.prefetch, () => [[1, 2], { depth: 1 }], {
    also: { '0': ['string', 'Map', 'function'] },
  }),
  entry('batchSequences', datasets.batchSequences, () => [[features()]]),
  entry('batchTargets', datasets.batchTargets, () => [[[1, 2], [3]]]),
  entry('batchToTensor', datasets.batchToTensor, () => [backend, datasets.batchSequences([features()])], {
    open: [1],
    also: { lengths: ['any'] },
    nullable: ['lengths'],
  }),
  entry('batchTokens', datasets.batchTokens, () => [[[1, 2], [3]], { padding: 0, start: 1, end: 0 }]),
  entry('shuffled', datasets.shuffled, () => [[1, 2], random()]),
];

const tasks: readonly Entry[] = [
  entry('cartPole', datasets.cartPole, () => [{ velocities: false, maxSteps: 9 }]),
  entry('cartPole.reset', bound(pole, 'reset'), () => [random()]),
  entry('cartPole.step', bound(pole, 'step'), () => [[1]]),
  entry('pendulum', datasets.pendulum, () => [{ velocities: false, maxSteps: 3 }]),
  entry('pendulum.reset', bound(swing, 'reset'), () => [random()]),
  entry('pendulum.step', bound(swing, 'step'), () => [[1]]),
  entry('addingProblem', datasets.addingProblem, () => [10, 2, random()]),
  entry('originalAddingProblem', datasets.originalAddingProblem, () => [30, 2, random()]),
  entry('copyTask', datasets.copyTask, () => [{ delay: 1, batch: 2, alphabet: 3, length: 2 }, random()]),
  entry('embeddedReber', datasets.embeddedReber, () => [2, random()]),
  entry('embeddedReberString', datasets.embeddedReberString, () => [random()]),
  entry('legalSuccessors', datasets.legalSuccessors, () => [['B', 'T']]),
  entry(
    'scoreReber',
    datasets.scoreReber,
    () => {
      const batch = datasets.embeddedReber(2, random());
      return [new Float32Array(batch.legal.length), batch];
    },
    { open: [1], also: { targets: ['any'] }, nullable: ['targets'] },
  ),
  entry('temporalOrder', datasets.temporalOrder, () => [{ relevant: 2, batch: 1, scale: 1 }, random()]),
  entry('oneHot', datasets.oneHot, () => [tokenBatch()], { open: [0] }),
];

const tables: readonly Entry[] = [
  entry(
    'readCsv',
    datasets.readCsv,
    () => ['1;2\n3;4', { name: 'a.csv', delimiter: ';', header: false, types: { 0: 'number' }, missing: ['?'] }],
    text,
  ),
  entry('Table.numbers', bound(table, 'numbers'), () => ['a']),
  entry('Table.matrix', bound(table, 'matrix'), () => [['a', 'b']]),
  ...scalers.flatMap((Scaler) => {
    const scaler = Scaler.fit(numbers(), 2);
    return [
      entry(`${Scaler.name}.fit`, Scaler.fit.bind(Scaler), () => [numbers(), 2]),
      entry(`${Scaler.name}.load`, Scaler.load.bind(Scaler), () => [scaler.save()]),
      entry(`${Scaler.name}.transform`, bound(scaler, 'transform'), () => [numbers()]),
      entry(`${Scaler.name}.inverse`, bound(scaler, 'inverse'), () => [numbers(), 1]),
    ];
  }),
  entry('splitByTime', datasets.splitByTime, () => [10, { train: 0.5, validation: 0.2, gap: 0 }]),
  entry('windows', datasets.windows, () => [features(), { stepsIn: 1, stepsOut: 1, stride: 1, targets: [0] }], {
    open: [0],
  }),
  entry('windows.batch', bound(datasets.windows(features(), { stepsIn: 1 }), 'batch'), () => [[0, 1]]),
];

const texts: readonly Entry[] = [
  entry('words', datasets.words, () => ['a b']),
  entry('characters', datasets.characters, () => ['ab']),
  entry('codePoints', datasets.codePoints, () => ['ab']),
  entry('toJamo', datasets.toJamo, () => ['한']),
  entry('fromJamo', datasets.fromJamo, () => [['\u1112', '\u1161']], { also: { '0': ['string'] } }),
  entry('readFasta', datasets.readFasta, () => ['>a\nM', { name: 'a' }], text),
  entry('readSeries', datasets.readSeries, () => ['@data\n1', { name: 'a' }], text),
  entry(
    'Vocabulary',
    (tokens: string[], options: object) => new datasets.Vocabulary(tokens, options),
    () => [['a', '?'], { unknown: '?' }],
  ),
  entry(
    'Vocabulary.from',
    datasets.Vocabulary.from.bind(datasets.Vocabulary),
    () => [[['a']], { specials: ['?'], unknown: '?', minimumCount: 1, maximumSize: 9 }],
    { also: { '0': ['string'] } },
  ),
  entry('Vocabulary.fromCounts', datasets.Vocabulary.fromCounts.bind(datasets.Vocabulary), () => [
    new Map([['a', 1]]),
    { specials: ['?'], unknown: '?', minimumCount: 1, maximumSize: 9 },
  ]),
  entry('Vocabulary.load', datasets.Vocabulary.load.bind(datasets.Vocabulary), () => [vocabulary.save()], {
    nullable: ['unknown'],
  }),
  entry('Vocabulary.encode', bound(vocabulary, 'encode'), () => [['a']], { also: { '0': ['string'] } }),
  entry('Vocabulary.decode', bound(vocabulary, 'decode'), () => [[0]]),
  entry('Vocabulary.indexOf', bound(vocabulary, 'indexOf'), () => ['a']),
  entry('Vocabulary.tokenAt', bound(vocabulary, 'tokenAt'), () => [0]),
  entry('Vocabulary.has', bound(vocabulary, 'has'), () => ['a'], { also: { '0': ['any'] }, nullable: [0] }),
  entry(
    'BytePairEncoder',
    (merges: [string, string][]) => new datasets.BytePairEncoder(merges),
    () => [[['a', 'b']]],
  ),
  entry(
    'BytePairEncoder.train',
    datasets.BytePairEncoder.train.bind(datasets.BytePairEncoder),
    () => [['ab ab'], { size: 1, minimumCount: 1 }],
    { also: { '0': ['string'] } },
  ),
  entry('BytePairEncoder.load', datasets.BytePairEncoder.load.bind(datasets.BytePairEncoder), () => [encoder.save()]),
  entry('BytePairEncoder.encode', bound(encoder, 'encode'), () => ['ab']),
  entry('BytePairEncoder.decode', bound(encoder, 'decode'), () => [['a']], { also: { '0': ['string'] } }),
];

const missing = '/nonexistent/file';
const refused = (promise: Promise<unknown>) => promise.catch((error: unknown) => errorOfAMissingFile(error));

/** The file does not exist, so the error that says so is the right end of a right call. */
function errorOfAMissingFile(error: unknown): void {
  if (!(error instanceof datasets.DataError && error.code === 'FILE_FAILED')) throw error;
}

const files: readonly Entry[] = [
  entry('cacheFolder', node.cacheFolder, () => [{ XDG_CACHE_HOME: '/cache' }, 'linux'], { open: [0] }),
  entry(
    'sha256Of',
    (file: string) => refused(node.sha256Of(file)),
    () => [missing],
  ),
];

export const datasetsTable: readonly Entry[] = [...audio, ...batches, ...tasks, ...tables, ...texts, ...files];

export const datasetsExports: Readonly<Record<string, unknown>> = { ...datasets, ...node };

export const datasetsWithout: Readonly<Record<string, string>> = {
  ...reasons('an error class: every message is fine', 'DataError'),
  ...reasons(
    'called wrongly by packages/datasets/src/arguments.test.ts',
    'deEmphasize',
    'griffinLim',
    'inverseShortTimeFourier',
    'magnitudesOfLogMel',
    'readPairTable',
    'readParallelText',
    'readTaggedSentences',
    'shortTimeFourier',
  ),
  ...reasons('their own tests call them wrongly, without the network', 'download', 'unpackTarGz'),
};
