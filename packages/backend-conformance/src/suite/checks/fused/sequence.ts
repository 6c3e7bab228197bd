import type { Check } from '../../check.ts';
import { disciplineChecks, fusedChecks } from '../../fused-case.ts';
import {
  plainVariants,
  sequenceCase,
  type SequenceOpName,
  type SequenceOptions,
  type Variant,
} from './sequence-case.ts';

/** Every case of the plain variant. */
const cases: Readonly<Record<string, SequenceOptions>> = {
  'random weights, inputs and states': {},
  'sizes of 1': { steps: 1, batch: 1, inputSize: 1, hiddenSize: 1 },
  'odd sizes': { steps: 7, batch: 5, inputSize: 3, hiddenSize: 17 },
  'many steps': { steps: 70, batch: 3, inputSize: 4, hiddenSize: 16 },
  'many sequences': { steps: 3, batch: 37, inputSize: 9, hiddenSize: 8 },
  'one sequence': { steps: 9, batch: 1, inputSize: 5, hiddenSize: 12 },
  'H of 64, in whole tiles': { steps: 4, batch: 16, inputSize: 32, hiddenSize: 64 },
  'H of 130': { steps: 3, batch: 2, inputSize: 5, hiddenSize: 130 },
  'H of 260': { steps: 2, batch: 3, inputSize: 33, hiddenSize: 260 },
  'no steps': { steps: 0 },
  'no sequences': { batch: 0, lengths: [] },
  reverse: { reverse: true },
  'lengths, one of them 0': { lengths: [5, 0, 3] },
  'lengths in reverse, one of them 0': { lengths: [2, 5, 0], reverse: true },
  'lengths of many sequences in reverse': {
    steps: 9,
    batch: 19,
    lengths: Array.from({ length: 19 }, (_, n) => (n * 7) % 10),
    reverse: true,
  },
  'all lengths 0': { lengths: [0, 0, 0] },
  'full lengths': { lengths: [5, 5, 5] },
  'no step reaches the last frame': { lengths: [3, 1, 2], reverse: true },
  'NaN in the padding': { lengths: [2, 0, 4], poisoned: true },
  'NaN in the padding, in reverse': { lengths: [1, 4, 0], reverse: true, poisoned: true },
  'no biases': { without: ['biasIh', 'biasHh'] },
  'no input bias': { without: ['biasIh'] },
  'no hidden bias': { without: ['biasHh'] },
  'no initial state': { without: ['h0', 'c0'] },
  'no initial state, with lengths in reverse': { without: ['h0', 'c0'], lengths: [2, 5, 0], reverse: true },
  'saturated gates': {
    amplitude: 200,
    // A sum of a few hundred in float32 is good to about 3·10⁻⁵, and so is σ of it.
    accuracy: (result) => ({ relative: 1e-3, absolute: result.startsWith('d') ? 2e-3 : 1e-4, scale: 'largest' }),
  },
};

/** Backward passes that see some output gradients, or make some input gradients. */
const partial: Readonly<Record<string, SequenceOptions>> = {
  'only the gradient of output': { upstream: ['output'], lengths: [5, 0, 3] },
  'only the gradient of hN': { upstream: ['hN'], lengths: [5, 0, 3] },
  'only the gradient of hN, in reverse': { upstream: ['hN'], lengths: [2, 5, 0], reverse: true },
  'only x is wanted': { wanted: ['x'] },
  'only the weights are wanted': { wanted: ['weightIh', 'weightHh'] },
  'only the biases are wanted': { wanted: ['biasIh', 'biasHh'] },
  'only the hidden bias is wanted': { wanted: ['biasHh'], lengths: [4, 1, 3] },
  'only the initial state is wanted': { wanted: ['h0'], lengths: [5, 2, 3] },
};

const lstmPartial: Readonly<Record<string, SequenceOptions>> = {
  'only the gradient of cN': { upstream: ['cN'], lengths: [5, 0, 3] },
  'only the initial cell is wanted': { wanted: ['c0'], lengths: [5, 2, 3] },
  'no initial cell': { without: ['c0'] },
  'no initial hidden state': { without: ['h0'] },
};

/** Cases that each further variant is put through. */
const variantCases: Readonly<Record<string, SequenceOptions>> = {
  'random weights, inputs and states': {},
  'lengths in reverse': { steps: 6, batch: 4, hiddenSize: 9, lengths: [2, 6, 0, 5], reverse: true },
  'no biases and no initial state': { without: ['biasIh', 'biasHh', 'h0', 'c0'] },
  'many steps': { steps: 40, batch: 2, hiddenSize: 12 },
  'NaN in the padding': { lengths: [2, 0, 4], poisoned: true },
};

const lstmVariants: Readonly<Record<string, Variant>> = Object.fromEntries(
  [false, true].flatMap((peepholes) =>
    [false, true].flatMap((coupledGates) =>
      [0, 3].flatMap((projectionSize) => {
        const names = [
          peepholes && 'peepholes',
          coupledGates && 'coupled gates',
          projectionSize > 0 && 'projection',
        ].filter(Boolean);
        return names.length === 0 ? [] : [[names.join(' and '), { peepholes, coupledGates, projectionSize }]];
      }),
    ),
  ),
);

const variants: Readonly<Record<SequenceOpName, Readonly<Record<string, Variant>>>> = {
  rnnSequence: { relu: { activation: 'relu' } },
  lstmSequence: lstmVariants,
  gruSequence: { 'reset before': { reset: 'before' } },
};

function backwardOnly(checks: readonly Check[]): Check[] {
  return checks.filter(({ name }) => name.includes(' backward: '));
}

function checksOf(op: SequenceOpName): Check[] {
  const partials = op === 'lstmSequence' ? { ...partial, ...lstmPartial } : partial;
  return [
    ...Object.entries(cases).flatMap(([title, options]) => fusedChecks(op, title, () => sequenceCase(op, options))),
    ...Object.entries(partials).flatMap(([title, options]) =>
      backwardOnly(fusedChecks(op, title, () => sequenceCase(op, options))),
    ),
    ...Object.entries(variants[op]).flatMap(([name, variant]) =>
      Object.entries(variantCases).flatMap(([title, options]) =>
        fusedChecks(op, `${name}, ${title}`, () => sequenceCase(op, { ...options, variant })),
      ),
    ),
    ...disciplineChecks(op, (seed) => sequenceCase(op, { seed, lengths: [4, 2, 5], variant: plainVariants[op] })),
    ...backwardOnly(
      fusedChecks(op, '66,000 sequences', () =>
        sequenceCase(op, { steps: 1, batch: 66_000, inputSize: 1, hiddenSize: 1 }),
      ),
    ),
  ];
}

export const sequenceChecks: readonly Check[] = (['rnnSequence', 'lstmSequence', 'gruSequence'] as const).flatMap(
  checksOf,
);
