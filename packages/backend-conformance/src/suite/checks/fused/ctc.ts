import type { HostArray } from '@timestep/backend-api';
import { unitRoundoff, type Accuracy } from '../../accuracy.ts';
import type { Check } from '../../check.ts';
import { disciplineChecks, fusedChecks, type FusedCase } from '../../fused-case.ts';
import { TestRandom } from '../../random.ts';

interface CtcOptions {
  readonly steps: number;
  readonly classes: number;
  readonly blank?: number;
  /** The target of each sequence. */
  readonly targets: readonly (readonly number[])[];
  readonly inputLengths?: readonly number[];
  readonly zeroInfinity?: boolean;
  /** Logits in ±spread, 2 by default. */
  readonly spread?: number;
  /** NaN in every frame at and past an input length. */
  readonly poisoned?: boolean;
  /** The gradient of each loss; random by default. */
  readonly upstream?: readonly number[];
  /** Columns of the padded target array; the longest target by default. */
  readonly maxTargetLength?: number;
}

/**
 * Forward, the house's 10⁻⁵. Backward, γ = e^(α + β − ln p) carries the absolute error of its exponent: two sums of up
 * to T roundings of numbers as large as the loss, λ·√(2T)·u·loss with λ = 6 (see `summed`), where the loss is at most
 * about T·(ln C + spread).
 */
function accuracyOf({ steps, classes, spread = 2 }: CtcOptions): (result: string) => Accuracy {
  const largestLoss = steps * (Math.log(classes) + 2 * spread);
  const exponent = 6 * Math.sqrt(2 * steps) * unitRoundoff * largestLoss;
  return (result) =>
    result === 'losses'
      ? { relative: 1e-5, absolute: 2e-6, scale: 'largest' }
      : {
          relative: 1e-4,
          absolute: 1e-5 + exponent,
          scale: 2,
        };
}

export function ctcCase(options: CtcOptions, seed = 121): FusedCase {
  const random = new TestRandom(seed);
  const { steps, classes, blank = 0, targets, zeroInfinity = false, spread = 2, poisoned = false } = options;
  const batch = targets.length;
  const inputLengths = options.inputLengths ?? targets.map(() => steps);
  const maxTargetLength = options.maxTargetLength ?? Math.max(0, ...targets.map(({ length }) => length));
  // The padding is not a valid label, so that an implementation that reads it fails.
  const padded = new Int32Array(batch * maxTargetLength).fill(-12345);
  targets.forEach((target, n) => padded.set(target, n * maxTargetLength));
  const logits: HostArray = random.floats(steps * batch * classes, -spread, spread).map((x, at) => {
    const frame = Math.floor(at / classes);
    return poisoned && Math.floor(frame / batch) >= inputLengths[frame % batch]! ? NaN : x;
  });
  return {
    spec: {
      steps,
      batch,
      classes,
      blank,
      targets: padded,
      maxTargetLength,
      inputLengths: Int32Array.from(inputLengths),
      targetLengths: Int32Array.from(targets, ({ length }) => length),
      zeroInfinity,
    },
    inputs: { logits },
    upstream: { losses: options.upstream ? Float64Array.from(options.upstream) : random.floats(batch, 0.5, 2) },
    accuracy: accuracyOf(options),
  };
}

/** `length` labels other than the blank, in a pattern with repeats. */
function labels(length: number, classes: number, blank: number): number[] {
  const random = new TestRandom(122);
  return Array.from({ length }, () => (blank + random.integer(1, classes - 1)) % classes);
}

const mixed = [[1, 2, 3], [2, 2], [], [4, 4, 4], [1]];

const cases: Readonly<Record<string, CtcOptions>> = {
  'targets of several lengths': { steps: 8, classes: 6, targets: mixed },
  'input lengths': { steps: 8, classes: 6, targets: mixed, inputLengths: [5, 8, 3, 6, 1] },
  'repeated labels': {
    steps: 6,
    classes: 4,
    targets: [
      [2, 2, 2],
      [1, 1, 3],
      [3, 2, 2],
    ],
  },
  'repeated labels in just enough frames': {
    steps: 5,
    classes: 4,
    targets: [
      [2, 2, 2],
      [1, 2, 2],
    ],
    inputLengths: [5, 4],
  },
  'empty targets': { steps: 5, classes: 4, targets: [[], [], [1]], inputLengths: [5, 2, 3] },
  'no target at all': { steps: 4, classes: 3, targets: [[], []] },
  'the last class as the blank': {
    steps: 7,
    classes: 5,
    blank: 4,
    targets: [[0, 1], [3, 3], [2]],
    inputLengths: [7, 5, 6],
  },
  'one frame': { steps: 1, classes: 4, targets: [[2], []] },
  'one sequence': { steps: 9, classes: 5, targets: [[1, 4, 4, 2]] },
  'nothing but a blank': { steps: 3, classes: 1, targets: [[], []] },
  'no sequences': { steps: 3, classes: 4, targets: [] },
  'no frames, an empty target': { steps: 3, classes: 4, targets: [[], [1]], inputLengths: [0, 3] },
  'an infeasible target': {
    steps: 6,
    classes: 5,
    targets: [[1, 2, 3], [2, 2], [4]],
    inputLengths: [2, 6, 5],
  },
  'an infeasible repeat': {
    steps: 6,
    classes: 5,
    targets: [[1, 2], [2, 2], [4]],
    inputLengths: [2, 2, 5],
  },
  'no frames for a label': { steps: 4, classes: 5, targets: [[3], [1, 2]], inputLengths: [0, 4] },
  'an infeasible target with zeroInfinity': {
    steps: 6,
    classes: 5,
    targets: [
      [1, 2, 3],
      [2, 2],
      [4, 4],
    ],
    inputLengths: [2, 6, 2],
    zeroInfinity: true,
  },
  'every target infeasible with zeroInfinity': {
    steps: 3,
    classes: 5,
    targets: [
      [1, 2, 3, 4],
      [2, 2, 2],
    ],
    zeroInfinity: true,
  },
  'NaN past the input lengths': {
    steps: 7,
    classes: 5,
    targets: [[1, 2], [], [3, 3]],
    inputLengths: [4, 2, 7],
    poisoned: true,
  },
  'gradients of 0 and below 0': { steps: 6, classes: 5, targets: [[1, 2], [2, 2], [4]], upstream: [0, -1.5, 3] },
  'logits of ±60': {
    steps: 8,
    classes: 6,
    targets: [
      [1, 2, 3],
      [5, 5],
    ],
    spread: 60,
  },
  'padding beyond the longest target': { steps: 6, classes: 5, targets: [[1, 2], [3]], maxTargetLength: 7 },
  '200 frames': { steps: 200, classes: 12, targets: [labels(30, 12, 0), labels(60, 12, 0)], inputLengths: [200, 170] },
  'a target of 150 labels': { steps: 320, classes: 5, targets: [labels(150, 5, 0)] },
  '700 classes': { steps: 4, classes: 700, targets: [[699, 1], [350]] },
  '66,000 sequences': { steps: 2, classes: 2, targets: Array.from({ length: 66_000 }, (_, n) => (n % 3 ? [1] : [])) },
};

export const ctcChecks: readonly Check[] = [
  ...Object.entries(cases).flatMap(([title, options]) => fusedChecks('ctcLoss', title, () => ctcCase(options))),
  ...disciplineChecks('ctcLoss', (seed) =>
    ctcCase({ steps: 8, classes: 6, targets: mixed, inputLengths: [5, 8, 3, 6, 1] }, seed),
  ),
];
