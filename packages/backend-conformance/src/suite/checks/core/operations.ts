import type { HostArray } from '@timestep/backend-api';
import { add, multiply, sum, tensor, type Tensor } from '@timestep/core';
import { backwardPass, forwardPass } from '../../accuracy.ts';
import type { Check } from '../../check.ts';
import type { DifferentiableOpName, FusedCase } from '../../fused-case.ts';
import { ctcCase } from '../fused/ctc.ts';
import { scanCase } from '../fused/scan.ts';
import { crossEntropyCase, layerNormCase, linearCase, softmaxCase } from '../fused/rows.ts';
import { sequenceCase, type SequenceOpName, type SequenceOptions } from '../fused/sequence-case.ts';
import { coreCalls } from './call.ts';
import { coreChecks, type CoreRecipe } from './side.ts';

/**
 * Both passes of a case through core's tape: L = Σ upstream∘output, its outputs, and ∂L/∂input under `d` and the
 * input's name.
 */
export function recipeOf(op: DifferentiableOpName, test: FusedCase): CoreRecipe {
  const { shapes, run } = coreCalls[op];
  return (backend) => {
    const shapeOf = shapes(test.spec);
    const put = (name: string, data: HostArray, requiresGrad: boolean) =>
      tensor(backend, data, { shape: shapeOf[name]!, requiresGrad });
    const inputs = Object.fromEntries(
      Object.entries(test.inputs).map(([name, data]) => {
        const wanted = !(data instanceof Int32Array) && (test.wanted?.includes(name) ?? true);
        return [name, data && put(name, data, wanted)];
      }),
    );
    const outputs = run(test.spec, inputs);
    const parts = Object.entries(test.upstream).flatMap(([name, data]) =>
      data === null ? [] : [sum(multiply(outputs[name]!, put(name, data, false)))],
    );
    parts.reduce((total, part) => add(total, part)).backward();
    const results: Record<string, Tensor> = { ...outputs };
    for (const [name, input] of Object.entries(inputs)) if (input?.grad) results[`d${name}`] = input.grad;
    return results;
  };
}

const sequences: Readonly<Record<string, SequenceOptions>> = {
  'random weights, inputs and states': {},
  'many steps in reverse': { steps: 30, batch: 3, hiddenSize: 9, reverse: true },
  'lengths, one of them 0': { lengths: [5, 0, 3] },
  'lengths in reverse, one of them 0': { lengths: [2, 5, 0], reverse: true },
  'NaN in the padding': { lengths: [2, 0, 4], poisoned: true },
  'no biases and no initial state': { without: ['biasIh', 'biasHh', 'h0', 'c0'] },
  'only the last state is used': { upstream: ['hN'], lengths: [5, 1, 3] },
};

const variants: Readonly<Record<SequenceOpName, Readonly<Record<string, SequenceOptions>>>> = {
  rnnSequence: { relu: { variant: { activation: 'relu' } } },
  gruSequence: { 'reset before': { variant: { reset: 'before' }, lengths: [4, 5, 1] } },
  lstmSequence: {
    peepholes: { variant: { peepholes: true, coupledGates: false, projectionSize: 0 } },
    'coupled gates': { variant: { peepholes: false, coupledGates: true, projectionSize: 0 } },
    'projection, lengths in reverse': {
      variant: { peepholes: false, coupledGates: false, projectionSize: 3 },
      lengths: [4, 5, 1],
      reverse: true,
    },
  },
};

const mixed = [[1, 2, 3], [2, 2], [], [4, 4, 4], [1]];

const others: readonly (readonly [op: DifferentiableOpName, title: string, build: () => FusedCase])[] = [
  ['linear', 'odd sizes', () => linearCase({ rows: 7, inputSize: 5, outputSize: 3 })],
  ['linear', 'no bias', () => linearCase({ rows: 6, inputSize: 4, outputSize: 9, bias: false })],
  ['softmax', 'odd sizes', () => softmaxCase({ rows: 5, columns: 7 })],
  ['softmax', 'logits around 1,000', () => softmaxCase({ rows: 6, columns: 9, offset: 1000 })],
  ['logSoftmax', 'odd sizes', () => softmaxCase({ rows: 5, columns: 7 })],
  ['logSoftmax', 'logits of ±500', () => softmaxCase({ rows: 6, columns: 9, spread: 500 })],
  [
    'crossEntropy',
    'ignored rows, label smoothing',
    () => crossEntropyCase({ rows: 9, columns: 6, labelSmoothing: 0.1, every: 4 }),
  ],
  [
    'crossEntropy',
    'ignored rows, by a class',
    () => crossEntropyCase({ rows: 12, columns: 5, ignoreIndex: 2, every: 4 }),
  ],
  ['layerNorm', 'odd sizes', () => layerNormCase({ rows: 5, columns: 7 })],
  ['layerNorm', 'neither weight nor bias', () => layerNormCase({ rows: 5, columns: 6, without: ['weight', 'bias'] })],
  ['linearScan', 'odd sizes', () => scanCase({ steps: 7, width: 5 })],
  [
    'linearScan',
    'many steps in reverse, no initial state',
    () => scanCase({ steps: 100, width: 3, reverse: true, initial: false }),
  ],
  [
    'ctcLoss',
    'targets and inputs of several lengths',
    () => ctcCase({ steps: 8, classes: 6, targets: mixed, inputLengths: [5, 8, 3, 6, 1] }),
  ],
  [
    'ctcLoss',
    'the last class as the blank',
    () => ctcCase({ steps: 7, classes: 5, blank: 4, targets: [[0, 1], [3, 3], [2]], inputLengths: [7, 5, 6] }),
  ],
  [
    'ctcLoss',
    'infeasible targets with zeroInfinity',
    () =>
      ctcCase({
        steps: 6,
        classes: 5,
        targets: [
          [1, 2, 3],
          [2, 2],
          [4, 4],
        ],
        inputLengths: [2, 6, 2],
        zeroInfinity: true,
      }),
  ],
  [
    'ctcLoss',
    'NaN past the input lengths',
    () => ctcCase({ steps: 7, classes: 5, targets: [[1, 2], [], [3, 3]], inputLengths: [4, 2, 7], poisoned: true }),
  ],
];

const sequenceCases = (['rnnSequence', 'lstmSequence', 'gruSequence'] as const).flatMap((op) =>
  Object.entries({ ...sequences, ...variants[op] }).map(
    ([title, options]) => [op, title, () => sequenceCase(op, options)] as const,
  ),
);

/**
 * Every fused operation as core's users meet it: the backend's own form, and core's fallback over the backend's
 * primitives.
 */
export const coreOperationChecks: readonly Check[] = [...others, ...sequenceCases].flatMap(([op, title, build]) => {
  const outputs = Object.keys(build().upstream);
  const accuracy = build().accuracy ?? ((result: string) => (outputs.includes(result) ? forwardPass : backwardPass));
  return coreChecks(op, title, () => recipeOf(op, build()), accuracy);
});
