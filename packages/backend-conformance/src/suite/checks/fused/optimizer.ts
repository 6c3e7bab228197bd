import type { AdamSettings, FusedOpName, SgdSettings, Support } from '@timestep/backend-api';
import { exact, single, summed, unitRoundoff, type Accuracy } from '../../accuracy.ts';
import { SkipCheck, type Check } from '../../check.ts';
import { TestRandom } from '../../random.ts';
import { agree, collect, gives, type Results, type Side } from '../../side.ts';

/** Elements of each parameter: none, one, odd, many. */
const sizes = [5, 1, 0, 130, 1027];

/** The second moment has the size of a squared gradient, and must be right beside 0, too. */
const secondMoment: Accuracy = { relative: 1e-5, absolute: 1e-8 };

/**
 * In the first moment β₁m + (1 − β₁)(g + λp) the terms may cancel: four roundings (two products, the decay, the sum) of
 * values up to 1, as |m| ≤ 1 and |g| ≤ 3 here.
 */
const firstMoment: Accuracy = { relative: 1e-5, absolute: 4 * unitRoundoff };

function adamAccuracy(result: string): Accuracy {
  if (result.startsWith('parameter')) return single;
  return result.startsWith('first moment') ? firstMoment : secondMoment;
}

function refuseUnless(answer: Support): void {
  if (answer !== true) throw new SkipCheck(answer);
}

function named(prefix: string, buffers: readonly ReturnType<Side['put']>[]): Results {
  return Object.fromEntries(buffers.map((buffer, n) => [`${prefix} ${n}`, buffer]));
}

const adam: AdamSettings = {
  learningRate: 0.01,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  decoupled: false,
  step: 1,
};

interface AdamCase {
  readonly settings?: Partial<AdamSettings>;
  /** Steps one after the other, each with gradients of its own. */
  readonly steps?: number;
  /** The device scalar, or null. */
  readonly factor?: number | null;
  readonly sizes?: readonly number[];
  /** Gradients that are NaN. */
  readonly poisoned?: boolean;
}

const adamCases: Readonly<Record<string, AdamCase>> = {
  'the first step': {},
  'three steps': { steps: 3 },
  'the thousandth step': { settings: { step: 1000 } },
  'other betas and a large ε': { settings: { beta1: 0.5, beta2: 0.9, epsilon: 0.1 }, steps: 2 },
  'weight decay in the gradient': { settings: { weightDecay: 0.1 }, steps: 2 },
  'decoupled weight decay': { settings: { weightDecay: 0.1, decoupled: true }, steps: 2 },
  'a clip factor': { factor: 0.25, settings: { weightDecay: 0.1 }, steps: 2 },
  'a factor of 0': { factor: 0 },
  'a negative factor leaves all as it was': {
    factor: -1,
    settings: { weightDecay: 0.1, decoupled: true },
    poisoned: true,
  },
  '60 parameters': { sizes: Array.from({ length: 60 }, (_, n) => (n * 37) % 71) },
  'a parameter of 300,001 elements': { sizes: [300_001] },
  'no parameters': { sizes: [] },
};

function adamRecipe({ settings = {}, steps = 1, factor = null, sizes: lengths = sizes, poisoned = false }: AdamCase) {
  const all: AdamSettings = { ...adam, ...settings };
  return (side: Side): Results => {
    const random = new TestRandom(131);
    const later = all.step > 1;
    const slots = lengths.map((length) => ({
      parameter: side.put('f32', random.floats(length, -2, 2)),
      gradient: side.put('f32', new Float32Array(length)),
      firstMoment: side.put('f32', later ? random.floats(length) : new Float32Array(length)),
      secondMoment: side.put('f32', later ? random.floats(length, 0.1, 1) : new Float32Array(length)),
    }));
    const scalar = factor === null ? null : side.put('f32', [factor]);
    const op = side.backend.fused.adamStep!;
    refuseUnless(op.supports(slots, all));
    for (let n = 0; n < steps; n++) {
      for (const { gradient } of slots) {
        side.backend.write(
          gradient,
          poisoned ? new Float32Array(gradient.length).fill(NaN) : random.floats(gradient.length, -3, 3),
        );
      }
      op.run(slots, { ...all, step: all.step + n }, scalar);
    }
    return {
      ...named(
        'parameter',
        slots.map(({ parameter }) => parameter),
      ),
      ...named(
        'first moment',
        slots.map(({ firstMoment }) => firstMoment),
      ),
      ...named(
        'second moment',
        slots.map(({ secondMoment }) => secondMoment),
      ),
    };
  };
}

const sgd: SgdSettings = { learningRate: 0.1, momentum: 0, dampening: 0, nesterov: false, weightDecay: 0, first: true };

interface SgdCase extends Omit<AdamCase, 'settings'> {
  readonly settings?: Partial<SgdSettings>;
}

const sgdCases: Readonly<Record<string, SgdCase>> = {
  'without momentum': {},
  'weight decay': { settings: { weightDecay: 0.1 }, steps: 2 },
  'momentum, three steps from the first': { settings: { momentum: 0.9 }, steps: 3 },
  'momentum and dampening': { settings: { momentum: 0.9, dampening: 0.3 }, steps: 3 },
  'Nesterov momentum': { settings: { momentum: 0.9, nesterov: true, weightDecay: 0.05 }, steps: 3 },
  'a clip factor': { settings: { momentum: 0.8, weightDecay: 0.1 }, factor: 0.25, steps: 2 },
  'a negative factor leaves all as it was': {
    settings: { momentum: 0.8, weightDecay: 0.1, first: false },
    factor: -1,
    poisoned: true,
  },
  '60 parameters': { settings: { momentum: 0.8 }, sizes: Array.from({ length: 60 }, (_, n) => (n * 37) % 71) },
  'no parameters': { sizes: [] },
};

function sgdRecipe({ settings = {}, steps = 1, factor = null, sizes: lengths = sizes, poisoned = false }: SgdCase) {
  const all: SgdSettings = { ...sgd, ...settings };
  return (side: Side): Results => {
    const random = new TestRandom(132);
    const slots = lengths.map((length) => ({
      parameter: side.put('f32', random.floats(length, -2, 2)),
      gradient: side.put('f32', new Float32Array(length)),
      // Before the first step the velocity holds anything: here NaN.
      velocity:
        all.momentum === 0 ? null : all.first ? side.make('f32', length) : side.put('f32', random.floats(length)),
    }));
    const scalar = factor === null ? null : side.put('f32', [factor]);
    const op = side.backend.fused.sgdStep!;
    refuseUnless(op.supports(slots, all));
    for (let n = 0; n < steps; n++) {
      for (const { gradient } of slots) {
        side.backend.write(
          gradient,
          poisoned ? new Float32Array(gradient.length).fill(NaN) : random.floats(gradient.length, -3, 3),
        );
      }
      op.run(slots, { ...all, first: all.first && n === 0 }, scalar);
    }
    const velocities = slots.flatMap(({ velocity }) => (velocity ? [velocity] : []));
    return {
      ...named(
        'parameter',
        slots.map(({ parameter }) => parameter),
      ),
      ...named('velocity', velocities),
    };
  };
}

function normRecipe(gradients: readonly (Float64Array | Float32Array)[], maxNorm: number) {
  return (side: Side): Results => {
    const [norm, factor] = [side.make('f32', 1), side.make('f32', 1)];
    const op = side.backend.fused.globalNorm!;
    const buffers = gradients.map((gradient) => side.put('f32', gradient));
    refuseUnless(op.supports(buffers));
    op.run(buffers, maxNorm, norm, factor);
    return { norm, factor };
  };
}

function check(
  op: FusedOpName,
  title: string,
  recipe: (side: Side) => Results,
  accuracy: (result: string) => Accuracy,
): Check {
  return { name: `${op}: ${title}`, op, run: (context) => agree(context, recipe, accuracy) };
}

interface NormCase {
  readonly lengths: readonly number[];
  readonly maxNorm: number;
  /** Gradients in ±spread, 1 by default */
  readonly spread?: number;
}

const norms: Readonly<Record<string, NormCase>> = {
  'clips a norm above the limit': { lengths: sizes, maxNorm: 0.5 },
  'leaves a norm below the limit': { lengths: sizes, maxNorm: 1000 },
  'a limit of 0 does not clip': { lengths: sizes, maxNorm: 0 },
  'one gradient of one element': { lengths: [1], maxNorm: 0.01 },
  '60 gradients': { lengths: Array.from({ length: 60 }, (_, n) => (n * 37) % 71), maxNorm: 1 },
  'a gradient of 300,001 elements': { lengths: [3, 300_001], maxNorm: 1 },
  'no gradients': { lengths: [], maxNorm: 1 },
  'gradients of 0': { lengths: [5], maxNorm: 1, spread: 0 },
  'large gradients': { lengths: [100], maxNorm: 1, spread: 1e15 },
};

function normCheck(title: string, { lengths, maxNorm, spread = 1 }: NormCase): Check {
  return {
    name: `globalNorm: ${title}`,
    op: 'globalNorm',
    async run(context) {
      const random = new TestRandom(133);
      const gradients = lengths.map((length) => random.floats(length, -spread, spread));
      const terms = lengths.reduce((sum, length) => sum + length, 1);
      // The sum of squares has no cancellation, and the root halves its relative error.
      const { norm } = await collect(context.reference, normRecipe(gradients, maxNorm));
      await agree(context, normRecipe(gradients, maxNorm), (result) =>
        result === 'norm' ? summed(terms, norm!) : { relative: 1e-4, absolute: 1e-12 },
      );
    },
  };
}

/** Each non-finite value, first and last and in a later gradient. */
const strange: readonly (readonly [name: string, gradients: readonly Float32Array[]])[] = [
  ['NaN', [Float32Array.of(1, NaN, 2), Float32Array.of(3)]],
  [
    'NaN in the last element of a later gradient',
    [Float32Array.of(1), Float32Array.from({ length: 1001 }, (_, n) => (n === 1000 ? NaN : 1))],
  ],
  ['+∞', [Float32Array.of(Infinity, 1)]],
  ['−∞', [Float32Array.of(1, -Infinity)]],
];

export const optimizerChecks: readonly Check[] = [
  ...Object.entries(norms).map(([title, test]) => normCheck(title, test)),
  ...strange.map(([title, gradients]): Check => ({
    name: `globalNorm: ${title} makes the factor −1, clipped or not`,
    op: 'globalNorm',
    async run(context) {
      for (const maxNorm of [0, 1]) {
        await gives(
          context,
          (side) => {
            const { factor } = normRecipe(gradients, maxNorm)(side);
            return { factor: factor! };
          },
          { factor: Float32Array.of(-1) },
          exact,
          `maxNorm ${maxNorm}`,
        );
      }
    },
  })),
  ...Object.entries(adamCases).map(([title, test]) =>
    check('adamStep', title, adamRecipe(test), (result) => (test.factor === -1 ? exact : adamAccuracy(result))),
  ),
  ...Object.entries(sgdCases).map(([title, test]) =>
    check('sgdStep', title, sgdRecipe(test), () => (test.factor === -1 ? exact : single)),
  ),
];
