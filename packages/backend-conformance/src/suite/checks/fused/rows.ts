import type { Accuracy } from '../../accuracy.ts';
import type { Check } from '../../check.ts';
import { disciplineChecks, fusedChecks, type FusedCase } from '../../fused-case.ts';
import { TestRandom } from '../../random.ts';

const manyRows = 70_000;

interface LinearOptions {
  readonly rows: number;
  readonly inputSize: number;
  readonly outputSize: number;
  readonly bias?: boolean;
  readonly wanted?: readonly string[];
}

export function linearCase({ rows, inputSize, outputSize, bias = true, wanted }: LinearOptions, seed = 111): FusedCase {
  const random = new TestRandom(seed);
  return {
    spec: { rows, inputSize, outputSize },
    inputs: {
      x: random.floats(rows * inputSize),
      weight: random.floats(outputSize * inputSize),
      bias: bias ? random.floats(outputSize) : null,
    },
    upstream: { y: random.floats(rows * outputSize) },
    ...(wanted ? { wanted } : {}),
  };
}

const linears: Readonly<Record<string, LinearOptions>> = {
  'odd sizes': { rows: 7, inputSize: 5, outputSize: 3 },
  'sizes of 1': { rows: 1, inputSize: 1, outputSize: 1 },
  'whole tiles': { rows: 64, inputSize: 32, outputSize: 48 },
  'beyond a tile': { rows: 67, inputSize: 131, outputSize: 65 },
  'no bias': { rows: 6, inputSize: 4, outputSize: 9, bias: false },
  'no rows': { rows: 0, inputSize: 4, outputSize: 3 },
  'only the weight is wanted': { rows: 9, inputSize: 4, outputSize: 3, wanted: ['weight'] },
  'only the bias is wanted': { rows: 9, inputSize: 4, outputSize: 3, wanted: ['bias'] },
  '70,000 rows': { rows: manyRows, inputSize: 3, outputSize: 2 },
};

interface RowsOptions {
  readonly rows: number;
  readonly columns: number;
  /** Added to every x. */
  readonly offset?: number;
  /** x in ±spread, 3 by default; 0 makes every x of a row the same. */
  readonly spread?: number;
}

const softmaxes: Readonly<Record<string, RowsOptions>> = {
  'odd sizes': { rows: 5, columns: 7 },
  'one class': { rows: 4, columns: 1 },
  'one row of many classes': { rows: 1, columns: 1027 },
  'no rows': { rows: 0, columns: 5 },
  'equal logits': { rows: 3, columns: 6, spread: 0 },
  'logits around 1,000': { rows: 6, columns: 9, offset: 1000 },
  'logits around −1,000': { rows: 6, columns: 9, offset: -1000 },
  'logits of ±500': { rows: 6, columns: 9, spread: 500 },
  '70,000 rows': { rows: manyRows, columns: 3 },
};

function rowsOf(random: TestRandom, { rows, columns, offset = 0, spread = 3 }: RowsOptions): Float64Array {
  return random.floats(rows * columns, -spread, spread).map((x) => Math.fround(x + offset));
}

export function softmaxCase(options: RowsOptions, seed = 112): FusedCase {
  const random = new TestRandom(seed);
  const { rows, columns } = options;
  return {
    spec: { rows, classes: columns },
    inputs: { x: rowsOf(random, options) },
    upstream: { y: random.floats(rows * columns) },
  };
}

interface CrossEntropyOptions extends RowsOptions {
  readonly labelSmoothing?: number;
  readonly ignoreIndex?: number;
  /** Ignored rows are those n with n % every = 0. */
  readonly every?: number;
}

const crossEntropies: Readonly<Record<string, CrossEntropyOptions>> = {
  'odd sizes': { rows: 7, columns: 5 },
  'one class': { rows: 3, columns: 1 },
  'many classes': { rows: 3, columns: 1027 },
  'no rows': { rows: 0, columns: 5 },
  'ignored rows': { rows: 12, columns: 5, every: 3 },
  'ignored rows, by a class': { rows: 12, columns: 5, ignoreIndex: 2, every: 4 },
  'every row ignored': { rows: 4, columns: 5, every: 1 },
  'label smoothing': { rows: 9, columns: 6, labelSmoothing: 0.1, every: 4 },
  'label smoothing of 1': { rows: 5, columns: 6, labelSmoothing: 1 },
  'logits around 1,000': { rows: 6, columns: 9, offset: 1000 },
  'logits of ±500': { rows: 6, columns: 9, spread: 500 },
  '70,000 rows': { rows: manyRows, columns: 3, labelSmoothing: 0.2, every: 7 },
};

export function crossEntropyCase(options: CrossEntropyOptions, seed = 113): FusedCase {
  const random = new TestRandom(seed);
  const { rows, columns, labelSmoothing = 0, ignoreIndex = -100, every } = options;
  const targets = random
    .integers(rows, 0, columns - 1)
    .map((target, n) => (every !== undefined && n % every === 0 ? ignoreIndex : target));
  return {
    spec: { rows, classes: columns, labelSmoothing, ignoreIndex },
    inputs: { logits: rowsOf(random, options), targets },
    upstream: { losses: random.floats(rows, -2, 2) },
  };
}

interface LayerNormOptions extends RowsOptions {
  readonly without?: readonly string[];
  readonly epsilon?: number;
  readonly wanted?: readonly string[];
  readonly accuracy?: Accuracy;
}

const layerNorms: Readonly<Record<string, LayerNormOptions>> = {
  'odd sizes': { rows: 5, columns: 7 },
  'many columns': { rows: 3, columns: 1027 },
  'one column': { rows: 4, columns: 1 },
  'no rows': { rows: 0, columns: 5 },
  'no weight': { rows: 5, columns: 6, without: ['weight'] },
  'no bias': { rows: 5, columns: 6, without: ['bias'] },
  'neither weight nor bias': { rows: 5, columns: 6, without: ['weight', 'bias'] },
  'equal elements': { rows: 3, columns: 8, spread: 0, offset: 2, epsilon: 1e-2 },
  'a large ε': { rows: 5, columns: 7, epsilon: 0.5 },
  // The mean of values near 1,000 is good to 6·10⁻⁵ in float32, a few 10⁻⁵ of their spread; a variance taken as
  // E[x²] − mean² would be off by tens of percent.
  'a mean far above the spread': {
    rows: 4,
    columns: 64,
    offset: 1000,
    accuracy: { relative: 1e-3, absolute: 1e-3, scale: 'largest' },
  },
  'only the bias is wanted': { rows: 5, columns: 6, wanted: ['bias'] },
  '70,000 rows': { rows: manyRows, columns: 3, epsilon: 0.1 },
};

export function layerNormCase(options: LayerNormOptions, seed = 114): FusedCase {
  const random = new TestRandom(seed);
  const { rows, columns, without = [], epsilon = 1e-5, accuracy, wanted } = options;
  return {
    spec: { rows, columns, epsilon },
    inputs: {
      x: rowsOf(random, options),
      weight: without.includes('weight') ? null : random.floats(columns),
      bias: without.includes('bias') ? null : random.floats(columns),
    },
    upstream: { y: random.floats(rows * columns) },
    ...(wanted ? { wanted } : {}),
    ...(accuracy ? { accuracy: () => accuracy } : {}),
  };
}

export const rowChecks: readonly Check[] = [
  ...Object.entries(linears).flatMap(([title, options]) => fusedChecks('linear', title, () => linearCase(options))),
  ...disciplineChecks('linear', (seed) => linearCase({ rows: 9, inputSize: 5, outputSize: 4 }, seed)),
  ...(['softmax', 'logSoftmax'] as const).flatMap((op) => [
    ...Object.entries(softmaxes).flatMap(([title, options]) => fusedChecks(op, title, () => softmaxCase(options))),
    ...disciplineChecks(op, (seed) => softmaxCase({ rows: 5, columns: 7 }, seed)),
  ]),
  ...Object.entries(crossEntropies).flatMap(([title, options]) =>
    fusedChecks('crossEntropy', title, () => crossEntropyCase(options)),
  ),
  ...disciplineChecks('crossEntropy', (seed) => crossEntropyCase({ rows: 8, columns: 5, every: 3 }, seed)),
  ...Object.entries(layerNorms).flatMap(([title, options]) =>
    fusedChecks('layerNorm', title, () => layerNormCase(options)),
  ),
  ...disciplineChecks('layerNorm', (seed) => layerNormCase({ rows: 5, columns: 7 }, seed)),
];
