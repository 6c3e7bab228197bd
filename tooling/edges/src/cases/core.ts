import {
  add,
  ctcLoss,
  gruSequence,
  lstmSequence,
  multiply,
  rnnSequence,
  scan,
  tanh,
  type Tensor,
} from '@timestep/core';
import type { Trial } from '../trial.ts';
import { covers, type EdgeCase } from './case.ts';

const [D, H] = [3, 4];

function weights(trial: Trial, gates: number, outputSize = H) {
  return {
    weightIh: trial.whole('weightIh', gates * H, D),
    weightHh: trial.whole('weightHh', gates * H, outputSize),
    biasIh: trial.whole('biasIh', gates * H),
    biasHh: trial.whole('biasHh', gates * H),
    h0: trial.whole('h0', trial.batch, outputSize),
  };
}

const sequences: Readonly<
  Record<string, { name: string; run: (trial: Trial, given: object) => Record<string, Tensor> }>
> = {
  rnnSequence: {
    name: 'rnnSequence',
    run: (trial, given) => rnnSequence({ x: trial.sequence('x', D), ...weights(trial, 1), ...given }),
  },
  gruSequence: {
    name: 'gruSequence',
    run: (trial, given) => gruSequence({ x: trial.sequence('x', D), ...weights(trial, 3), ...given }),
  },
  lstmSequence: {
    name: 'lstmSequence',
    run: (trial, given) =>
      lstmSequence({
        x: trial.sequence('x', D),
        ...weights(trial, 4),
        c0: trial.whole('c0', trial.batch, H),
        ...given,
      }),
  },
  'lstmSequence, peepholes and projection': {
    name: 'lstmSequence',
    run: (trial, given) =>
      lstmSequence({
        x: trial.sequence('x', D),
        ...weights(trial, 4, 2),
        weightHr: trial.whole('weightHr', 2, H),
        peephole: trial.whole('peephole', 3, H),
        ...given,
      }),
  },
};

export const coreCases: readonly EdgeCase[] = [
  ...Object.entries(sequences).flatMap(([title, { name, run }]) =>
    [false, true].map((reverse): EdgeCase => ({
      title: `${title}${reverse ? ', in reverse' : ''}`,
      covers: covers('core', name),
      run: (trial, fused) => trial.found(run(trial, { lengths: trial.lengths, reverse, fused }), [], ['output']),
    })),
  ),
  {
    title: 'scan of a step of the user',
    covers: covers('core', 'scan'),
    run(trial) {
      const scale = trial.whole('scale', D);
      const { output, state } = scan<{ h: Tensor }>(
        (x, { h }) => {
          const next = tanh(add(multiply(x, scale), multiply(h, x)));
          return { output: multiply(next, next), state: { h: next } };
        },
        trial.sequence('x', D),
        { h: trial.whole('h', trial.batch, D) },
        { lengths: trial.lengths },
      );
      return trial.found({ output, h: state.h }, [], ['output']);
    },
  },
  ...[false, true].map((zeroInfinity): EdgeCase => ({
    title: `ctcLoss${zeroInfinity ? ', zeroInfinity' : ''}`,
    covers: covers('core', 'ctcLoss'),
    run(trial, fused) {
      // The second cannot be aligned where it has two frames.
      const targets = trial.lengths.map((_, n) => [[1, 2], [3, 3], [], [1]][n % 4]!);
      const logits = trial.sequence('logits', 5);
      return trial.found({
        losses: ctcLoss(logits, { targets, inputLengths: trial.lengths, zeroInfinity, fused }),
      });
    },
  })),
];
