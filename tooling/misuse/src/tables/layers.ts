import { backend } from './backend.ts';
import { Generator, tensor, zeros, type Backend, type Tensor } from '@timestep/core';
import * as layers from '@timestep/layers';
import type { Entry } from '../mutations.ts';
import { bound, entry, reasons } from './entry.ts';

const generator = new Generator(1);
const base = { backend, generator };
const fused = { ...base, fused: 'off' } as const;
const initializer = layers.uniform(-1, 1);
const activation = (x: Tensor): Tensor => x;

const x = (): Tensor => zeros(backend, [4, 2, 3]);
const image = (): Tensor => zeros(backend, [1, 2, 4, 4]);
const step = (): Tensor => zeros(backend, [2, 3]);
const symbols = (...shape: number[]): Tensor =>
  tensor(backend, new Int32Array(shape.reduce((a, b) => a * b, 1)), { shape });
const lengths = [4, 2];
const own = { inputSize: 3, hiddenSize: 4 };
const stack = { numLayers: 1, bidirectional: false, dropout: 0, lockedDropout: false, residual: false, fused: 'off' };
const gated = { bias: true, weightDropout: 0, initializer, recurrentInitializer: initializer };
const h = (...lead: number[]) => ({ h: zeros(backend, [...lead, 2, 4]) });

/** Classes whose options are all here, with their right values. */
const optionsOf: Readonly<Record<string, object>> = {
  Linear: {
    ...fused,
    inputSize: 3,
    outputSize: 4,
    bias: true,
    weight: new layers.Parameter(backend, [4, 3], new Float32Array(12)),
    initializer,
  },
  Conv2d: {
    ...base,
    inputChannels: 2,
    outputChannels: 4,
    kernelSize: 3,
    stride: 1,
    padding: 1,
    dilation: 1,
    groups: 1,
    bias: true,
    initializer,
  },
  MaxPool1d: { kernelSize: 2, stride: 2, padding: 0 },
  AvgPool1d: { kernelSize: 2, stride: 2, padding: 0, countIncludePad: true },
  MaxPool2d: { kernelSize: 2, stride: 2, padding: 0 },
  AvgPool2d: { kernelSize: 2, stride: 2, padding: 0, countIncludePad: true },
  BatchNorm: { ...base, size: 3, axis: -1, epsilon: 1e-5, momentum: 0.1, affine: true, trackRunningStats: true },
  MultiHeadAttention: { ...base, size: 4, heads: 2, keySize: 3, valueSize: 3, bias: true, dropout: 0 },
  AdaptiveSoftmax: { ...fused, inputSize: 4, classes: 6, cutoffs: [2, 4], divValue: 2, headBias: false },
  CRF: { ...base, tags: 3, initializer },
  Embedding: { ...base, numEmbeddings: 5, embeddingSize: 3, paddingIndex: 0, initializer },
  Dropout: { rate: 0.5, generator, locked: false },
  LayerNorm: { ...fused, size: 3, epsilon: 1e-5, affine: true },
  Conv1d: {
    ...fused,
    inputSize: 3,
    outputSize: 4,
    kernelSize: 3,
    stride: 1,
    padding: 1,
    dilation: 1,
    bias: true,
    initializer,
  },
  RNN: { ...base, ...own, ...stack, ...gated, activation: 'tanh' },
  RNNCell: { ...base, ...own, ...gated, activation: 'tanh' },
  GRU: { ...base, ...own, ...stack, ...gated, reset: 'after' },
  GRUCell: { ...base, ...own, ...gated, reset: 'after' },
  LSTM: {
    ...base,
    ...own,
    ...stack,
    ...gated,
    projectionSize: 2,
    peepholes: true,
    coupledGates: false,
    forgetBias: 1,
    layerNorm: false,
  },
  LSTMCell: {
    ...base,
    ...own,
    ...gated,
    projectionSize: 2,
    peepholes: true,
    coupledGates: false,
    memorySpan: 9,
    layerNorm: false,
  },
  MGU: { ...base, ...own, ...stack, ...gated },
  MGUCell: { ...base, ...own, ...gated },
  Jordan: { ...base, ...own, ...stack, outputSize: 4, decay: 0.5, activation, outputActivation: activation },
  JordanCell: { ...base, ...own, outputSize: 4, decay: 0.5, activation, outputActivation: activation },
  IndRNN: { ...base, ...own, ...stack, activation: 'relu', initializer, recurrentInitializer: initializer },
  IndRNNCell: { ...base, ...own, activation: 'relu', initializer, recurrentInitializer: initializer },
  MinLSTM: { ...base, ...own, ...stack, bias: true, forgetBias: 1 },
  MinLSTMCell: { ...base, ...own, bias: true, forgetBias: 1 },
  MinGRU: { ...base, ...own, ...stack, bias: true },
  MinGRUCell: { ...base, ...own, bias: true },
  FullyRecurrent: { ...base, ...own, ...stack, outputSize: 2, activation },
  FullyRecurrentCell: { ...base, ...own, outputSize: 2, activation },
  FiniteImpulse: { ...base, ...own, taps: 2, activation, numLayers: 1 },
  FiniteImpulseCell: { ...base, ...own, taps: 2, activation },
  ConvLSTM: {
    ...base,
    ...stack,
    inputChannels: 1,
    hiddenChannels: 2,
    imageSize: [3, 3],
    kernelSize: 3,
    peepholes: true,
  },
  ConvLSTMCell: { ...base, inputChannels: 1, hiddenChannels: 2, imageSize: [3, 3], kernelSize: 3, peepholes: true },
  BahdanauAttention: { ...base, querySize: 3, valueSize: 3, attentionSize: 4 },
  LuongAttention: { ...base, querySize: 3, valueSize: 3, score: 'general' },
  ContinuousHopfield: { ...base, numPatterns: 2, patternSize: 3, beta: 1, steps: 1, initializer },
  HistoryCompressor: { ...base, symbols: 3, numLevels: 1, hiddenSize: 4, learningRate: 0.1, threshold: 0.9, window: 4 },
  EncoderDecoder: {
    ...base,
    sourceSymbols: 4,
    targetSymbols: 5,
    start: 0,
    end: 1,
    embeddingSize: 3,
    hiddenSize: 4,
    numLayers: 1,
    attention: 'bahdanau',
    dropout: 0,
  },
  LanguageModel: { ...fused, symbols: 5, layer: new layers.GRU({ ...base, ...own }), dropout: 0, tied: false },
  ManyToMany: { ...fused, layer: new layers.GRU({ ...base, ...own }), outputSize: 2 },
  ManyToOne: { ...fused, layer: new layers.GRU({ ...base, ...own }), outputSize: 2, pool: 'last' },
  OneToMany: { ...fused, inputSize: 3, outputSize: 3, layer: new layers.GRU({ ...base, ...own }) },
  OneToOne: { ...fused, ...own, outputSize: 2, activation },
  Recurrent: {
    ...stack,
    generator,
    inputSize: 3,
    cell: (inputSize: number) => new layers.GRUCell({ ...base, ...own, inputSize }),
  },
};

const also: Entry['also'] = {
  // A word of its own beside the number.
  padding: ['string'],
  generator: ['options'],
};

/** A number for both axes of an image, or one for each. */
const pairs: Entry['also'] = {
  kernelSize: ['array'],
  stride: ['array'],
  padding: ['array', 'string'],
  dilation: ['array'],
};

/** Classes that take more than `also` says, or null. */
const moreOf: Readonly<Record<string, Pick<Entry, 'also' | 'nullable'>>> = {
  Conv2d: { also: { ...also, ...pairs } },
  MaxPool2d: { also: pairs },
  AvgPool2d: { also: pairs },
  BatchNorm: { nullable: ['momentum'] },
};

const exported = layers as unknown as Readonly<Record<string, new (options: object) => layers.Module>>;
const made = <Layer>(name: string): Layer => new exported[name]!(optionsOf[name]!) as unknown as Layer;

const constructors = Object.entries(optionsOf).map(([name, options]): Entry => ({
  name,
  call: (given: object) => new exported[name]!(given),
  args: () => [options],
  also,
  ...moreOf[name],
}));

const gru = made<layers.GRU>('GRU');
const cell = made<layers.GRUCell>('GRUCell');
const model = made<layers.EncoderDecoder>('EncoderDecoder');
const attention = made<layers.LuongAttention>('LuongAttention');
const language = made<layers.LanguageModel<layers.HiddenState>>('LanguageModel');
const many = made<layers.ManyToMany<layers.HiddenState>>('ManyToMany');
const toOne = made<layers.ManyToOne<layers.HiddenState>>('ManyToOne');
const oneToMany = made<layers.OneToMany<layers.HiddenState>>('OneToMany');
const hopfield = new layers.HopfieldNetwork(3);
const continuous = made<layers.ContinuousHopfield>('ContinuousHopfield');
const conv = made<layers.Conv1d>('Conv1d');
const source = () => ({ tokens: symbols(4, 2), lengths });
const features = layers.createStream(gru);
const spins = [1, -1, 1];

const calls: Entry[] = [
  {
    name: 'GRU.forward',
    call: gru.forward.bind(gru),
    args: () => [x(), { lengths, state: h(1) }],
    nullable: ['lengths', 'state'],
  },
  { name: 'GRU.step', call: gru.step.bind(gru), args: () => [step(), h(1)], nullable: [1] },
  { name: 'GRUCell.forward', call: cell.forward.bind(cell), args: () => [step(), h()], nullable: [1] },
  { name: 'Linear.forward', call: bound(made('Linear'), 'forward'), args: () => [x()] },
  { name: 'LayerNorm.forward', call: bound(made('LayerNorm'), 'forward'), args: () => [x()] },
  { name: 'Dropout.forward', call: bound(made('Dropout'), 'forward'), args: () => [x()] },
  { name: 'Embedding.forward', call: bound(made('Embedding'), 'forward'), args: () => [symbols(4, 2)] },
  { name: 'Conv1d.forward', call: conv.forward.bind(conv), args: () => [x(), { lengths }], nullable: ['lengths'] },
  { name: 'Conv2d.forward', call: bound(made('Conv2d'), 'forward'), args: () => [image()] },
  ...['MaxPool2d', 'AvgPool2d'].map((name) => entry(`${name}.forward`, bound(made(name), 'forward'), () => [image()])),
  entry('GlobalMaxPool2d', bound(new layers.GlobalMaxPool2d(), 'forward'), () => [image()]),
  entry('GlobalAvgPool2d', bound(new layers.GlobalAvgPool2d(), 'forward'), () => [image()]),
  ...['MaxPool1d', 'AvgPool1d', 'BatchNorm'].map((name) =>
    entry(`${name}.forward`, bound(made(name), 'forward'), () => [x(), { lengths }], { nullable: ['lengths'] }),
  ),
  entry('GlobalMaxPool1d', bound(new layers.GlobalMaxPool1d(), 'forward'), () => [x(), { lengths }], {
    nullable: ['lengths'],
  }),
  entry('GlobalAvgPool1d', bound(new layers.GlobalAvgPool1d(), 'forward'), () => [x(), { lengths }], {
    nullable: ['lengths'],
  }),
  entry(
    'MultiHeadAttention.forward',
    bound(made('MultiHeadAttention'), 'forward'),
    () => [zeros(backend, [4, 2, 4]), { keys: x(), values: x(), lengths, causal: true }],
    { nullable: ['lengths'] },
  ),
  entry('AdaptiveSoftmax.forward', bound(made('AdaptiveSoftmax'), 'forward'), () => [zeros(backend, [2, 4]), [0, 5]]),
  entry('AdaptiveSoftmax.logProbabilities', bound(made('AdaptiveSoftmax'), 'logProbabilities'), () => [
    zeros(backend, [2, 4]),
  ]),
  entry('CRF.forward', bound(made('CRF'), 'forward'), () => [x(), symbols(4, 2), { lengths }], {
    nullable: ['lengths'],
  }),
  entry('CRF.decode', bound(made('CRF'), 'decode'), () => [x(), { lengths }], { nullable: ['lengths'] }),
  { name: 'OneToOne.forward', call: bound(made('OneToOne'), 'forward'), args: () => [x()] },
  {
    name: 'Sequential',
    call: (...stages: layers.Stage[]) => new layers.Sequential(...stages),
    args: () => [gru, made('Dropout')],
    also: { '0': ['function'], '1': ['function'] },
  },
  {
    name: 'Sequential.forward',
    call: bound(new layers.Sequential(gru), 'forward'),
    args: () => [x(), { lengths }],
    nullable: ['lengths'],
  },
  {
    name: 'FiniteImpulse.forward',
    call: bound(made('FiniteImpulse'), 'forward'),
    args: () => [x(), { lengths }],
    nullable: ['lengths'],
  },
  {
    name: 'ConvLSTM.forward',
    call: bound(made('ConvLSTM'), 'forward'),
    args: () => [zeros(backend, [2, 2, 1, 3, 3]), { lengths: [2, 1] }],
    nullable: ['lengths'],
  },
  { name: 'Attention.remember', call: attention.remember.bind(attention), args: () => [x(), lengths], nullable: [1] },
  {
    name: 'Attention.forward',
    call: attention.forward.bind(attention),
    args: () => [x(), { ...attention.remember(x(), lengths) }],
    nullable: ['mask'],
  },
  { name: 'EncoderDecoder.encode', call: model.encode.bind(model), args: () => [source()], nullable: ['lengths'] },
  {
    name: 'EncoderDecoder.forward',
    call: model.forward.bind(model),
    args: () => [source(), symbols(3, 2), { teacherForcing: 1 }],
    nullable: ['lengths'],
  },
  {
    name: 'EncoderDecoder.step',
    call: model.step.bind(model),
    args: () => [symbols(2), model.encode(source())],
    open: [1],
  },
  {
    name: 'EncoderDecoder.selectRows',
    call: model.selectRows.bind(model),
    args: () => [model.encode(source()), [1, 0]],
    open: [0],
  },
  {
    name: 'LanguageModel.forward',
    call: language.forward.bind(language),
    args: () => [symbols(4, 2), { lengths, state: h(1) }],
    nullable: ['lengths', 'state'],
  },
  { name: 'LanguageModel.step', call: language.step.bind(language), args: () => [symbols(2), h(1)], nullable: [1] },
  {
    name: 'ManyToMany.forward',
    call: many.forward.bind(many),
    args: () => [x(), { lengths, state: h(1) }],
    nullable: ['lengths', 'state'],
  },
  { name: 'ManyToMany.step', call: many.step.bind(many), args: () => [step(), h(1)], nullable: [1] },
  {
    name: 'ManyToOne.forward',
    call: toOne.forward.bind(toOne),
    args: () => [x(), { lengths, state: h(1) }],
    nullable: ['lengths', 'state'],
  },
  { name: 'OneToMany.forward', call: oneToMany.forward.bind(oneToMany), args: () => [step(), { steps: 2 }] },
  { name: 'HopfieldNetwork', call: (size: number) => new layers.HopfieldNetwork(size), args: () => [3] },
  { name: 'HopfieldNetwork.store', call: hopfield.store.bind(hopfield), args: () => [spins] },
  { name: 'HopfieldNetwork.energy', call: hopfield.energy.bind(hopfield), args: () => [spins] },
  {
    name: 'HopfieldNetwork.recall',
    call: hopfield.recall.bind(hopfield),
    args: () => [spins, { update: 'asynchronous', generator, maxSweeps: 3 }],
    also,
  },
  { name: 'ContinuousHopfield.forward', call: continuous.forward.bind(continuous), args: () => [x()] },
  { name: 'ContinuousHopfield.energy', call: continuous.energy.bind(continuous), args: () => [x()] },
  { name: 'HistoryCompressor.observe', call: bound(made('HistoryCompressor'), 'observe'), args: () => [1] },
  {
    name: 'Module.loadStateDict',
    call: gru.loadStateDict.bind(gru),
    args: () => [new Map(), { strict: false }],
    also: { '0': ['options'] },
  },
  { name: 'Module.train', call: gru.train.bind(gru), args: () => [false] },
  { name: 'Module.freeze', call: gru.freeze.bind(gru), args: () => [false] },
  { name: 'Module.to', call: gru.to.bind(gru), args: () => [backend] },
  {
    name: 'Parameter',
    call: (...args: [Backend, number[], number[]]) => new layers.Parameter(...args),
    args: () => [backend, [2], [1, 2]],
  },
  {
    name: 'beamDecode',
    call: layers.beamDecode,
    args: () => [model, source(), { maxLength: 2, beamWidth: 2, lengthPenalty: 0 }],
    nullable: ['lengths'],
  },
  {
    name: 'beamSearch',
    call: layers.beamSearch,
    args: () => [model, model.encode({ tokens: symbols(4, 1) }), { maxLength: 2, beamWidth: 2, lengthPenalty: 0 }],
    open: [1],
  },
  {
    name: 'greedySearch',
    call: layers.greedySearch,
    args: () => [model, model.encode({ tokens: symbols(4, 1) }), 1, { maxLength: 2 }],
    open: [1],
  },
  { name: 'rowsOf', call: layers.rowsOf, args: () => [x(), [0], 1] },
  {
    name: 'greedyDecode',
    call: layers.greedyDecode,
    args: () => [model, source(), { maxLength: 2 }],
    nullable: ['lengths'],
  },
  {
    name: 'generate',
    call: layers.generate,
    args: () =>
      [language, { prompt: [1], length: 1, seed: 1, stop: 4, state: h(1), temperature: 1, topK: 2, topP: 1 }].map(
        (value, k) => (k === 1 ? { ...(value as object), state: { h: zeros(backend, [1, 1, 4]) } } : value),
      ),
    nullable: ['state'],
    also: { stop: ['array', 'function'] },
  },
  {
    name: 'sampleSymbol',
    call: layers.sampleSymbol,
    args: () => [[1, 2], generator, { temperature: 1, topK: 2, topP: 1 }],
  },
  {
    name: 'stream',
    call: layers.stream,
    args: () => [gru, [[1, 2, 3]], { backend, capacity: 2, state: { h: zeros(backend, [1, 1, 4]) } }],
    nullable: ['state'],
    also: { '1': ['Map'] },
  },
  { name: 'maskSteps', call: layers.maskSteps, args: () => [x(), new Int32Array(lengths)], nullable: [1] },
  {
    name: 'OneToMany.forward',
    call: oneToMany.forward.bind(oneToMany),
    args: () => [step(), { targets: zeros(backend, [2, 2, 3]) }],
  },
  {
    name: 'createStream',
    call: (...args: Parameters<typeof layers.createStream>) => layers.createStream(...args).dispose(),
    args: () => [gru, { fused: 'auto' }],
  },
  { name: 'FeatureStream.step', call: bound(features, 'step'), args: () => [new Float32Array(3)] },
  { name: 'FeatureStream.restore', call: bound(features, 'restore'), args: () => [new Float32Array(4)] },
  { name: 'inEvalMode', call: layers.inEvalMode, args: () => [gru, () => 1] },
];

export const layersTable: readonly Entry[] = [...constructors, ...calls];

export const layersWithout: Readonly<Record<string, string>> = {
  ...reasons(
    'of core, and in its table',
    'constant',
    'kaimingNormal',
    'kaimingUniform',
    'normal',
    'orthogonal',
    'uniform',
    'xavierNormal',
    'xavierUniform',
  ),
  ...reasons('an abstract class, called through its subclasses', 'Cell', 'GatedCell', 'ProjectedCell', 'ScanCell'),
};
