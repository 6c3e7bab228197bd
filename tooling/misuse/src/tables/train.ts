import { backend } from './backend.ts';
import { Generator, ones, tensor, zeros, type Tensor } from '@timestep/core';
import { GRU, Linear } from '@timestep/layers';
import * as train from '@timestep/train';
import type { Entry } from '../mutations.ts';
import { bound, entry, reasons } from './entry.ts';
import { trainRunsTable } from './train-runs.ts';

const generator = new Generator(1);
const matrix = (): Tensor => zeros(backend, [2, 3]);
const mask = (): Tensor => tensor(backend, new Uint32Array([1, 0]));
const labels = (): Tensor => tensor(backend, new Int32Array([0, 1]));
const reduction = { reduction: 'mean' };
const reducible = { nullable: ['mask', 'weight', 'posWeight'], also: { posWeight: ['number'] } };
const linear = new Linear({ backend, inputSize: 3, outputSize: 2 });
const gru = new GRU({ backend, inputSize: 3, hiddenSize: 2 });

const losses: readonly (readonly [name: string, call: Entry['call'], options: () => object])[] = [
  ['mseLoss', train.mseLoss, () => ({ ...reduction })],
  ['l1Loss', train.l1Loss, () => ({ ...reduction })],
  ['huberLoss', train.huberLoss, () => ({ ...reduction, delta: 1 })],
  ['smoothL1Loss', train.smoothL1Loss, () => ({ ...reduction, beta: 1 })],
  ['klDivLoss', train.klDivLoss, () => ({ ...reduction, logTarget: false })],
  ['bceWithLogitsLoss', train.bceWithLogitsLoss, () => ({ ...reduction, posWeight: ones(backend, [3]) })],
];
const lossClasses: readonly (readonly [name: string, make: (options: never) => object, options: object])[] = [
  ['MSELoss', (options) => new train.MSELoss(options), { ...reduction }],
  ['L1Loss', (options) => new train.L1Loss(options), { ...reduction }],
  ['HuberLoss', (options) => new train.HuberLoss(options), { ...reduction, delta: 1 }],
  ['SmoothL1Loss', (options) => new train.SmoothL1Loss(options), { ...reduction, beta: 1 }],
  ['KLDivLoss', (options) => new train.KLDivLoss(options), { ...reduction, logTarget: false }],
  ['BCEWithLogitsLoss', (options) => new train.BCEWithLogitsLoss(options), { ...reduction, posWeight: 1 }],
  ['CrossEntropyLoss', (options) => new train.CrossEntropyLoss(options), { ...reduction, labelSmoothing: 0.1 }],
];

const contents = () => ({ state: { a: 1 }, tensors: new Map([['w', { shape: [1], data: new Float32Array(1) }]]) });
const checkpoint = new Uint8Array(await new Blob(train.encodeCheckpoint(contents()) as BlobPart[]).arrayBuffer());
const saved = await train.saveModel(linear);

const base = { learningRate: 0.1, maximize: false };
const adam = { ...base, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, amsgrad: false };
const named = (): [string, Tensor][] => linear.namedParameters();
const optimizers: readonly Entry[] = [
  entry(
    'Adam',
    (given: Tensor[], options: object) => new train.Adam(given, options),
    () => [named(), adam],
  ),
  entry(
    'AdamW',
    (given: Tensor[], options: object) => new train.AdamW(given, options),
    () => [named(), adam],
  ),
  entry(
    'SGD',
    (given: Tensor[], options: train.SGDOptions) => new train.SGD(given, options),
    () => [named(), { ...base, momentum: 0.9, dampening: 0, nesterov: true, weightDecay: 0 }],
  ),
  entry(
    'RMSprop',
    (given: Tensor[], options: object) => new train.RMSprop(given, options),
    () => [named(), { ...base, alpha: 0.9, epsilon: 1e-8, momentum: 0, centered: false, weightDecay: 0 }],
  ),
  entry(
    'Adagrad',
    (given: Tensor[], options: object) => new train.Adagrad(given, options),
    () => [named(), { ...base }],
  ),
  entry('Adam.step', bound(new train.Adam(named()), 'step'), () => [ones(backend, [1])], { nullable: [0] }),
];

const update = (name: string, metric: object, args: Entry['args']): Entry =>
  entry(`${name}.update`, bound(metric, 'update'), args, { nullable: [2] });
const classes = { classes: 3, average: 'macro', ignoreIndex: -100 };
const counted = { ignoreIndex: -100 };
const labelled = (): readonly unknown[] => [
  [0, 1],
  [1, 1],
  [1, 0],
];
const scored = (): readonly unknown[] => [
  [0.2, 0.8, 0.1, 0.9],
  [1, 1],
  [1, 0],
];
const metrics: readonly Entry[] = [
  entry(
    'Accuracy',
    (options: object) => new train.Accuracy(options),
    () => [counted],
  ),
  update('Accuracy', new train.Accuracy(), labelled),
  entry(
    'TopKAccuracy',
    (options: train.TopKAccuracyOptions) => new train.TopKAccuracy(options),
    () => [{ ...counted, k: 2 }],
  ),
  update('TopKAccuracy', new train.TopKAccuracy({ k: 2 }), scored),
  entry(
    'ConfusionMatrix',
    (options: train.ConfusionMatrixOptions) => new train.ConfusionMatrix(options),
    () => [{ ...counted, classes: 3 }],
  ),
  update('ConfusionMatrix', new train.ConfusionMatrix({ classes: 3 }), labelled),
  entry(
    'Precision',
    (options: train.ClassScoreOptions) => new train.Precision(options),
    () => [classes],
  ),
  update('Precision', new train.Precision({ classes: 3 }), labelled),
  entry(
    'Recall',
    (options: train.ClassScoreOptions) => new train.Recall(options),
    () => [classes],
  ),
  entry(
    'F1Score',
    (options: train.ClassScoreOptions) => new train.F1Score(options),
    () => [classes],
  ),
  entry(
    'Perplexity',
    (options: object) => new train.Perplexity(options),
    () => [counted],
  ),
  update('Perplexity', new train.Perplexity(), scored),
  entry('Perplexity.updateLoss', bound(new train.Perplexity(), 'updateLoss'), () => [1, 2, 3]),
  entry(
    'BitsPerCharacter',
    (options: object) => new train.BitsPerCharacter(options),
    () => [counted],
  ),
  entry(
    'AUROC',
    () => new train.AUROC(),
    () => [],
  ),
  update('AUROC', new train.AUROC(), labelled),
  entry(
    'MeanAbsoluteError',
    () => new train.MeanAbsoluteError(),
    () => [],
  ),
  update('MeanAbsoluteError', new train.MeanAbsoluteError(), labelled),
  entry(
    'MeanSquaredError',
    (options: object) => new train.MeanSquaredError(options),
    () => [{ squared: false }],
  ),
  entry(
    'MeanAbsoluteScaledError',
    (options: train.MeanAbsoluteScaledErrorOptions) => new train.MeanAbsoluteScaledError(options),
    () => [{ training: [1, 2, 4, 8], season: 1, columns: 2 }],
  ),
  entry(
    'BLEU',
    (options: object) => new train.BLEU(options),
    () => [{ tokenize: 'none', smooth: 'exp', lowercase: true, maxOrder: 4, effectiveOrder: false }],
  ),
  entry('BLEU.update', bound(new train.BLEU(), 'update'), () => [['a b'], [['a b', 'c']]]),
  entry(
    'SlotF1',
    () => new train.SlotF1(),
    () => [],
  ),
  entry('SlotF1.update', bound(new train.SlotF1(), 'update'), () => [[['B-a', 'O']], [['B-a', 'I-a']]]),
  entry('tagChunks', train.tagChunks, () => [['B-a', 'O']]),
];

export const trainTable: readonly Entry[] = [
  ...metrics,
  ...losses.map(([name, call, options]) => entry(name, call, () => [matrix(), matrix(), options()], reducible)),
  entry(
    'crossEntropyLoss',
    train.crossEntropyLoss,
    () => [matrix(), labels(), { ...reduction, labelSmoothing: 0.1, ignoreIndex: -1, mask: mask(), fused: 'off' }],
    reducible,
  ),
  ...lossClasses.map(([name, make, options]) => entry(name, make, () => [options], reducible)),
  entry('MSELoss.forward', bound(new train.MSELoss(), 'forward'), () => [matrix(), matrix()]),
  ...optimizers,
  entry('clipGradientNorm', train.clipGradientNorm, () => [[ones(backend, [3])], 1]),
  entry('clipGradientValue', train.clipGradientValue, () => [[ones(backend, [3])], 1]),
  entry('constantRate', train.constantRate, () => []),
  entry('cosine', train.cosine, () => [{ steps: 9, warmup: 1, floor: 0 }]),
  entry('oneCycle', train.oneCycle, () => [{ steps: 9, rise: 0.3, start: 0.1, end: 0.1, shape: 'linear' }]),
  entry('stepDecay', train.stepDecay, () => [{ every: 2, gamma: 0.5 }]),
  entry('plateau', train.plateau, () => [
    {
      factor: 0.1,
      patience: 2,
      mode: 'min',
      threshold: 0.1,
      thresholdMode: 'relative',
      cooldown: 0,
      floor: 0,
      epsilon: 1e-8,
    },
  ]),
  entry('encodeCheckpoint', train.encodeCheckpoint, () => [contents()], { also: { state: ['any'] } }),
  entry('decodeCheckpoint', train.decodeCheckpoint, () => [checkpoint, 'name'], { also: { '0': ['ArrayBuffer'] } }),
  entry('loadModel', train.loadModel, () => [linear, saved, { strict: true }], { also: { '1': ['ArrayBuffer'] } }),
  entry('recomputeSequence', train.recomputeSequence, () => [gru, zeros(backend, [3, 1, 3]), { segment: 2 }]),
  entry('recomputeFinalState', train.recomputeFinalState, () => [gru, zeros(backend, [3, 1, 3]), { segment: 2 }]),
  entry('shuffledBatches', train.shuffledBatches, () => [5, 2, generator, { dropLast: false }]),
  entry('epochData', train.epochData, () => [() => [[0]], () => 1, { seed: 1, ahead: 0, epochs: 2 }]),
  entry('generatedData', train.generatedData, () => [() => 1, { seed: 1, ahead: 0, count: 2 }]),
  entry('windowData', train.windowData, () => [[1, 2, 3, 4, 5], { steps: 2, batch: 1, epochs: 1 }]),
  entry('cmaES', train.cmaES, () => [[0, 0], { seed: 1, deviation: 0.5, populationSize: 4 }]),
  entry('openES', train.openES, () => [
    [0, 0],
    { seed: 1, deviation: 0.5, populationSize: 4, learningRate: 0.1, weightDecay: 0 },
  ]),
  entry('parameterVector', train.parameterVector, () => [linear]),
  entry('saveModel', train.saveModel, () => [linear]),
  entry('gradientFlowPicture', train.gradientFlowPicture, () => [{}], { open: [0] }),
  entry(
    'MemorylessPolicy',
    (network: Linear) => new train.MemorylessPolicy(network),
    () => [linear],
  ),
  entry(
    'RecurrentPolicy',
    (layer: GRU, head: Linear) => new train.RecurrentPolicy(layer, head),
    () => [gru, new Linear({ backend, inputSize: 2, outputSize: 1 })],
  ),
  entry('memoryStorage', train.memoryStorage, () => []),
  ...trainRunsTable,
];

export const trainWithout: Readonly<Record<string, string>> = {
  ...reasons('an error class: every message is fine', 'NonFiniteLossError', 'TrainError'),
  ...reasons('an abstract class, called through its subclasses', 'Optimizer', 'Policy'),
};
