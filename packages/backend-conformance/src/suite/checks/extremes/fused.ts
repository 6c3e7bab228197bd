import type { HostArray } from '@timestep/backend-api';
import { backwardPass, forwardPass, type Accuracy } from '../../accuracy.ts';
import { SkipCheck, type Check, type CheckContext } from '../../check.ts';
import { forwardBackward, requireSupport, type DifferentiableOpName, type FusedCase } from '../../fused-case.ts';
import { agree } from '../../side.ts';
import { agreeThroughCore } from '../core/side.ts';
import { recipeOf } from '../core/operations.ts';
import { ctcCase } from '../fused/ctc.ts';
import { crossEntropyCase, layerNormCase, linearCase, softmaxCase } from '../fused/rows.ts';
import { scanCase } from '../fused/scan.ts';
import { sequenceCase } from '../fused/sequence-case.ts';

const values = [Infinity, -Infinity, NaN, 1e30, -1e30, 1e-40, -0];

interface ExtremeCase {
  readonly build: () => FusedCase;
  /** Inputs whose square a float32 cannot hold at 10³⁰, as float64 can. */
  readonly squared?: readonly string[];
  /**
   * Inputs that stay finite: an infinite one makes ∞ − ∞, in other places of the fused formula than of the plain one.
   */
  readonly finite?: readonly string[];
}

/** A sequence of one step, a whole one, and one without any; so that padding meets the extreme value. */
const padded = { steps: 3, batch: 3, lengths: [1, 3, 0] };

/** A small case of every operation with two passes: one that is missing here does not compile. */
const cases: Readonly<Record<DifferentiableOpName, readonly ExtremeCase[]>> = {
  rnnSequence: [
    { build: () => sequenceCase('rnnSequence', { steps: 3, batch: 2 }) },
    { build: () => sequenceCase('rnnSequence', { steps: 3, batch: 2, variant: { activation: 'relu' } }) },
    { build: () => sequenceCase('rnnSequence', padded) },
    { build: () => sequenceCase('rnnSequence', { ...padded, variant: { activation: 'relu' } }) },
    { build: () => sequenceCase('rnnSequence', { ...padded, reverse: true, variant: { activation: 'relu' } }) },
  ],
  lstmSequence: [
    { build: () => sequenceCase('lstmSequence', { steps: 3, batch: 2 }) },
    { build: () => sequenceCase('lstmSequence', padded) },
    {
      build: () =>
        sequenceCase('lstmSequence', {
          ...{ steps: 3, batch: 2, reverse: true, lengths: [3, 2] },
          variant: { peepholes: false, coupledGates: true, projectionSize: 3 },
        }),
      squared: ['weightHr'],
    },
  ],
  gruSequence: [
    { build: () => sequenceCase('gruSequence', { steps: 3, batch: 2 }) },
    { build: () => sequenceCase('gruSequence', { steps: 3, batch: 2, variant: { reset: 'before' } }) },
    { build: () => sequenceCase('gruSequence', padded) },
    { build: () => sequenceCase('gruSequence', { ...padded, reverse: true, variant: { reset: 'before' } }) },
  ],
  linear: [{ build: () => linearCase({ rows: 3, inputSize: 5, outputSize: 7 }) }],
  softmax: [{ build: () => softmaxCase({ rows: 3, columns: 5 }) }],
  logSoftmax: [{ build: () => softmaxCase({ rows: 3, columns: 5 }) }],
  crossEntropy: [{ build: () => crossEntropyCase({ rows: 4, columns: 5 }) }],
  layerNorm: [{ build: () => layerNormCase({ rows: 3, columns: 5 }), squared: ['x'], finite: ['weight'] }],
  linearScan: [{ build: () => scanCase({ steps: 5, width: 3 }) }],
  ctcLoss: [undefined, [5, 2, 4]].map((inputLengths) => ({
    build: () =>
      ctcCase({
        steps: 5,
        classes: 4,
        targets: [
          [1, 2],
          [3, 3],
          [1, 1, 1],
        ],
        ...(inputLengths ? { inputLengths } : {}),
      }),
  })),
};

/** The case with one extreme value in each of its inputs in turn. */
function* withExtremes({
  build,
  squared = [],
  finite = [],
}: ExtremeCase): Iterable<{ label: string; test: FusedCase; accuracy: (result: string) => Accuracy }> {
  for (const [name, data] of Object.entries(build().inputs)) {
    if (data === null || data instanceof Int32Array) continue;
    for (const value of values) {
      if (squared.includes(name) && Math.abs(value) === 1e30) continue;
      if (finite.includes(name) && Math.abs(value) === Infinity) continue;
      const test = build();
      const changed: HostArray = test.inputs[name]!.slice();
      changed[1] = value;
      yield {
        label: `${value} in ${name}`,
        test: { ...test, inputs: { ...test.inputs, [name]: changed } },
        accuracy: (result) => (result in test.upstream ? forwardPass : backwardPass),
      };
    }
  }
}

function checksOf(op: DifferentiableOpName, cases: readonly ExtremeCase[]): Check[] {
  return [
    {
      name: `extremes: ${op} fused`,
      op,
      ieee: true,
      async run(context) {
        const supported = cases.filter(({ build }) => supports(context, op, build()));
        if (supported.length === 0) throw new SkipCheck('no case is supported');
        for (const one of supported) {
          for (const { label, test, accuracy } of withExtremes(one))
            await agree(context, forwardBackward(op, test), accuracy, label);
        }
      },
    },
    {
      name: `extremes: ${op} fallback`,
      ieee: true,
      async run(context) {
        for (const one of cases) {
          for (const { label, test, accuracy } of withExtremes(one))
            await agreeThroughCore(context, 'off', recipeOf(op, test), accuracy, label);
        }
      },
    },
  ];
}

function supports(context: CheckContext, op: DifferentiableOpName, test: FusedCase): boolean {
  try {
    requireSupport(context, op, test);
    return true;
  } catch (error) {
    if (error instanceof SkipCheck) return false;
    throw error;
  }
}

/** Every fused operation, and core's fallback of it, with infinities, NaN, denormal and very large values inside. */
export const fusedExtremeChecks: readonly Check[] = (Object.keys(cases) as DifferentiableOpName[]).flatMap((op) =>
  checksOf(op, cases[op]),
);
