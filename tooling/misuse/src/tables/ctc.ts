import { backend } from './backend.ts';
import { Generator, zeros } from '@timestep/core';
import * as ctc from '@timestep/ctc';
import type { Entry } from '../mutations.ts';

const generator = new Generator(1);
const arpa = '\\data\\\nngram 1=4\n\\1-grams:\n-1 <s>\n-1 </s>\n-1 a\n-1 <unk>\n\\end\\\n';
const model = ctc.readArpa(arpa);
const tokens = ['', 'a', ' '];
const emissions = () => ({ data: [0, 1, 2, 1, 0, 2], shape: [2, 1, 3], lengths: [2] });
const frames = () => ({ data: [0, 1, 2, 1, 0, 2], shape: [2, 3] });
const decoder = new ctc.CTCBeamDecoder({ tokens });
const priors = new ctc.LabelPriors(3);
const loss = new ctc.CTCLoss();
const transducer = new ctc.Transducer({
  backend,
  encoderSize: 2,
  classes: 3,
  predictionSize: 2,
  embeddingSize: 2,
  jointSize: 2,
});
const encoded = () => zeros(backend, [2, 1, 2]);
const steps = await transducer.steps(encoded());
const stringToo = { '0': ['string', 'array'], '1': ['string', 'array'] };

export const ctcTable: readonly Entry[] = [
  { name: 'editDistance', call: ctc.editDistance, args: () => ['abc', 'abd'], also: stringToo },
  ...(['characterErrorRate', 'wordErrorRate', 'digitErrorRate'] as const).map((name): Entry => ({
    name,
    call: ctc[name],
    args: () => [['abc'], ['abd']],
  })),
  {
    name: 'confusionPairs',
    call: ctc.confusionPairs,
    args: () => [['abc'], ['abd'], { unit: 'character', matches: false }],
  },
  {
    name: 'ctcGreedyDecode',
    call: ctc.ctcGreedyDecode,
    args: () => [emissions(), { blank: 0 }],
    nullable: ['lengths'],
  },
  { name: 'ctcAlign', call: ctc.ctcAlign, args: () => [emissions(), [[1]], { blank: 0 }], nullable: ['lengths'] },
  { name: 'mergeTokens', call: ctc.mergeTokens, args: () => [[0, 1], [-1, -1], { blank: 0 }] },
  {
    name: 'wordSpans',
    call: ctc.wordSpans,
    args: () => [[{ token: 1, start: 0, end: 1, confidence: 1 }], tokens, ' '],
  },
  {
    name: 'CTCBeamDecoder',
    call: (options: ctc.BeamDecoderOptions) => new ctc.CTCBeamDecoder(options),
    args: () => [
      {
        tokens,
        blank: 0,
        beamWidth: 4,
        beamThreshold: 9,
        maxTokens: 2,
        tokenThreshold: -9,
        nBest: 2,
        wordSeparator: ' ',
        languageModel: model,
        unit: 'word',
        alpha: 1,
        beta: 1,
        unknownScore: -1,
        endOfSentence: true,
        lexicon: ['a'],
        hotWords: ['a'],
        hotWordWeight: 2,
      },
    ],
    nullable: ['wordSeparator', 'languageModel', 'lexicon'],
    also: { hotWords: ['options'], lexicon: ['Map'] },
  },
  {
    name: 'CTCBeamDecoder.decode',
    call: decoder.decode.bind(decoder),
    args: () => [emissions()],
    nullable: ['lengths'],
  },
  { name: 'CTCStream.push', call: (piece: ctc.Emissions) => decoder.stream().push(piece), args: () => [frames()] },
  {
    name: 'CTCBeamDecoder.decodeStream',
    call: decoder.decodeStream.bind(decoder),
    args: () => [[frames()]],
    also: { '0': ['Map'] },
  },
  { name: 'LabelPriors', call: (classes: number) => new ctc.LabelPriors(classes), args: () => [3] },
  { name: 'LabelPriors.update', call: priors.update.bind(priors), args: () => [emissions()], nullable: ['lengths'] },
  { name: 'LabelPriors.logPriors', call: priors.logPriors.bind(priors), args: () => [0.1] },
  { name: 'NgramModel.score', call: model.score.bind(model), args: () => [['a'], { end: true }] },
  { name: 'readArpa', call: ctc.readArpa, args: () => [arpa], also: { '0': ['array', 'ArrayBuffer'] } },
  {
    name: 'estimateNgrams',
    call: ctc.estimateNgrams,
    args: () => ['a b a\nb a c\n', { order: 2, discountFallback: true }],
    also: { '0': ['array', 'Map'], discountFallback: ['array'] },
  },
  {
    name: 'loadArpa',
    call: ctc.loadArpa,
    args: () => [new TextEncoder().encode(arpa), { maxBytes: 99 }],
    also: { '0': ['ArrayBuffer'] },
  },
  { name: 'readLexicon', call: ctc.readLexicon, args: () => ['a a'], also: { '0': ['array', 'ArrayBuffer'] } },
  {
    name: 'CTCLoss',
    call: (options: ctc.CTCLossOptions) => new ctc.CTCLoss(options),
    args: () => [
      { blank: 0, reduction: 'mean', zeroInfinity: true, logPriors: [0, 0, 0], priorScale: 0.3, fused: 'off' },
    ],
    nullable: ['logPriors'],
  },
  {
    name: 'CTCLoss.forward',
    call: loss.forward.bind(loss),
    args: () => [zeros(backend, [3, 1, 3]), [[1]], [3], null],
    nullable: [2, 3],
    also: { '3': ['array'] },
  },
  {
    name: 'transducerLoss',
    call: ctc.transducerLoss,
    args: () => [zeros(backend, [2, 1, 2, 3]), { targets: [[1]], inputLengths: [2], blank: 0, reduction: 'sum' }],
    nullable: ['inputLengths'],
  },
  {
    name: 'Transducer',
    call: (options: ctc.TransducerOptions) => new ctc.Transducer(options),
    args: () => [
      { backend, encoderSize: 2, classes: 3, predictionSize: 2, embeddingSize: 2, jointSize: 2, blank: 0, generator },
    ],
  },
  { name: 'Transducer.forward', call: transducer.forward.bind(transducer), args: () => [encoded(), [[1]]] },
  {
    name: 'Transducer.loss',
    call: transducer.loss.bind(transducer),
    args: () => [encoded(), [[1]], [2], 'sum'],
    nullable: [2],
  },
  { name: 'Transducer.steps', call: transducer.steps.bind(transducer), args: () => [encoded()] },
  {
    name: 'transducerGreedyDecode',
    call: ctc.transducerGreedyDecode,
    args: () => [steps, { maxSymbols: 2 }],
    open: [0],
  },
  {
    name: 'transducerBeamDecode',
    call: ctc.transducerBeamDecode,
    args: () => [steps, { maxSymbols: 2, beamWidth: 2, nBest: 1 }],
    open: [0],
  },
];

export const ctcWithout: Readonly<Record<string, string>> = {};
