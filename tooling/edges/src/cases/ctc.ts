import {
  ctcAlign,
  CTCBeamDecoder,
  ctcGreedyDecode,
  CTCLoss,
  LabelPriors,
  Transducer,
  transducerLoss,
  type Emissions,
} from '@timestep/ctc';
import type { Trial } from '../trial.ts';
import { covers, type EdgeCase } from './case.ts';

const C = 4;
const labels = [[1, 2], [3, 3], [2], [1]];

function targetsOf({ lengths }: Trial): number[][] {
  return lengths.map((_, n) => labels[n % labels.length]!);
}

function emissions(trial: Trial): Emissions {
  return { data: trial.host(C), shape: [trial.steps, trial.batch, C], lengths: trial.lengths };
}

const losses: readonly (readonly [string, ConstructorParameters<typeof CTCLoss>[0]])[] = [
  ['sum', { reduction: 'sum' }],
  ['none, zeroInfinity', { reduction: 'none', zeroInfinity: true }],
  ['mean, priors', { logPriors: [-1, -2, -1.5, -1], zeroInfinity: true }],
  ['none, priors', { logPriors: [-1, -2, -1.5, -1], reduction: 'none' }],
];

/** Every sequence of a transducer has a frame. */
const atLeastOne = ({ lengths }: Trial): number[] => lengths.map((length) => Math.max(1, length));

export const ctcCases: readonly EdgeCase[] = [
  ...losses.map(([title, options]): EdgeCase => ({
    title: `CTCLoss, ${title}`,
    covers: covers('ctc', 'CTCLoss'),
    run(trial, fused) {
      const loss = new CTCLoss({ ...options, fused });
      const found = loss.forward(trial.sequence('logits', C), targetsOf(trial), trial.lengths);
      return trial.found({ [options?.reduction ?? 'mean']: found });
    },
  })),
  {
    title: 'transducerLoss',
    covers: covers('ctc', 'transducerLoss'),
    needsSteps: true,
    run(trial) {
      const [targets, inputLengths] = [targetsOf(trial), atLeastOne(trial)];
      const width = 1 + Math.max(0, ...targets.map(({ length }) => length));
      const shape = [trial.steps, trial.batch, width, C];
      const logits = trial.padded('logits', shape, (index) => {
        const [u, n] = [Math.floor(index / C) % width, Math.floor(index / (width * C)) % trial.batch];
        return Math.floor(index / (width * C * trial.batch)) >= inputLengths[n]! || u > targets[n]!.length;
      });
      return trial.found({ losses: transducerLoss(logits, { targets, inputLengths, reduction: 'none' }) });
    },
  },
  {
    title: 'Transducer',
    covers: covers('ctc', 'Transducer'),
    needsSteps: true,
    run(trial) {
      const { backend, generator, batch } = trial;
      const sizes = { encoderSize: 3, classes: C, predictionSize: 3, embeddingSize: 2, jointSize: 4 };
      const model = new Transducer({ backend, generator, ...sizes });
      const inputLengths = atLeastOne(trial);
      const encoded = trial.padded('encoded', [trial.steps, batch, 3], (index) => {
        const frame = Math.floor(index / 3);
        return Math.floor(frame / batch) >= inputLengths[frame % batch]!;
      });
      return trial.found(
        { losses: model.loss(encoded, targetsOf(trial), inputLengths, 'none') },
        model.namedParameters(),
      );
    },
  },
  {
    title: 'ctcGreedyDecode',
    covers: covers('ctc', 'ctcGreedyDecode'),
    hostOnly: true,
    run: (trial) =>
      Object.fromEntries(
        ctcGreedyDecode(emissions(trial)).map(({ tokens, starts, ends, score }, n) => [
          `row ${n}`,
          [...tokens, ...starts, ...ends, score],
        ]),
      ),
  },
  {
    title: 'CTCBeamDecoder',
    covers: covers('ctc', 'CTCBeamDecoder'),
    hostOnly: true,
    run: (trial) =>
      Object.fromEntries(
        new CTCBeamDecoder({ tokens: ['', 'a', 'b', ' '] })
          .decode(emissions(trial))
          .map(([best], n) => [`row ${n}`, [...best!.tokens, best!.score]]),
      ),
  },
  {
    title: 'ctcAlign',
    covers: covers('ctc', 'ctcAlign'),
    hostOnly: true,
    run: (trial) =>
      Object.fromEntries(
        ctcAlign(
          emissions(trial),
          trial.lengths.map((length) => (length > 1 ? [1] : [])),
        ).map(({ path, score }, n) => [`row ${n}`, [...path, score]]),
      ),
  },
  {
    title: 'LabelPriors',
    covers: covers('ctc', 'LabelPriors'),
    hostOnly: true,
    run(trial) {
      const priors = new LabelPriors(C);
      priors.update(emissions(trial));
      return { 'row 0': priors.logPriors() };
    },
  },
];
