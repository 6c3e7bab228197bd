import { ArgumentError, checkOptions, is, type OptionRules, ShapeError } from '@timestep/core';

/** A list of numbers: the typed array that `Tensor.data()` returns, or a plain array. */
export type Numbers = Float32Array | Float64Array | readonly number[];

/**
 * The output of a network for each frame: logits or log-probabilities over C classes, one of which is the blank. The
 * decoders accept both, because log-softmax does not change log-probabilities.
 */
export interface Emissions {
  /** Row-major, of `shape` */
  readonly data: Numbers;
  /** `[T, C]` for one utterance or `[T, N, C]` for N of them */
  readonly shape: readonly number[];
  /** `[N]`: the number of valid frames of each utterance, each 0…T; T by default */
  readonly lengths?: ArrayLike<number> | undefined;
}

/** The log-probabilities of one utterance, `[steps, classes]`, row-major. */
export interface Frames {
  readonly data: Float32Array;
  readonly steps: number;
  readonly classes: number;
}

const rules: OptionRules<Emissions> = {
  data: (value) =>
    Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array
      ? null
      : 'a Float32Array, a Float64Array or an array of numbers (await tensor.data() gives one)',
  shape: is.arrayOf(is.size(0), 'a shape, an array of sizes'),
  lengths: is.nullable(is.like('an array of one length for each utterance', 'length')),
};

/** Options of the functions that only need the index of the blank. */
export interface BlankOptions {
  /** Index of the blank class, 0 by default. */
  readonly blank?: number | undefined;
}

/** Returns the blank of a call's options, 0 by default. */
export function blankOf(where: string, options: BlankOptions): number {
  checkOptions(where, options, blankRules);
  return options.blank ?? 0;
}

const blankRules: OptionRules<BlankOptions> = { blank: is.optional(is.integer(0)) };

/** Checks the data, lengths and blank of emissions against their shape, and returns the sizes. */
export function checkEmissions(
  where: string,
  emissions: Emissions,
  blank: number,
): { T: number; N: number; C: number; lengths: number[] } {
  checkOptions(where, emissions, rules);
  const { data, shape } = emissions;
  if (shape.length !== 2 && shape.length !== 3) {
    throw new ShapeError(
      `[${where}] expected emissions of shape [T, C] or [T, N, C], got [${shape.join(', ')}]; reshape them first`,
    );
  }
  const T = shape[0]!;
  const N = shape.length === 3 ? shape[1]! : 1;
  const C = shape[shape.length - 1]!;
  if (data.length !== T * N * C) {
    throw new ShapeError(
      `[${where}] expected ${T * N * C} numbers for shape [${shape.join(', ')}], got ${data.length}; pass the shape that the data has`,
    );
  }
  checkBlank(where, blank, C);
  const lengths = Array.from(emissions.lengths ?? new Array<number>(N).fill(T));
  if (lengths.length !== N) {
    throw new ArgumentError(
      `[${where}] expected ${N} lengths, one for each utterance, got ${lengths.length}; pass lengths of shape [N]`,
      'INVALID_LENGTHS',
    );
  }
  lengths.forEach((length, n) => {
    if (!Number.isInteger(length) || length < 0 || length > T) {
      throw new ArgumentError(
        `[${where}] expected lengths in 0…${T}, got ${length} for utterance ${n}; count frames, not samples`,
        'INVALID_LENGTHS',
      );
    }
  });
  return { T, N, C, lengths };
}

/** Checks that `blank` is one of C classes. @throws ArgumentError `INVALID_BLANK` */
export function checkBlank(where: string, blank: number, C: number): void {
  if (!Number.isInteger(blank) || blank < 0 || blank >= C) {
    throw new ArgumentError(
      `[${where}] expected a blank index in 0…${C - 1}, got ${blank}; pass the class that means "no label"`,
      'INVALID_BLANK',
    );
  }
}

/**
 * Applies log-softmax to the valid frames of each utterance.
 *
 * @param checkClasses called before the work with the number of classes, once shape and data are known to fit
 * @throws ArgumentError `NAN_IN_EMISSIONS` if a valid frame holds a NaN or +∞, or only −∞
 */
export function framesOf(
  where: string,
  emissions: Emissions,
  blank: number,
  checkClasses?: (classes: number) => void,
): Frames[] {
  const { N, C, lengths } = checkEmissions(where, emissions, blank);
  checkClasses?.(C);
  return lengths.map((steps, n) => {
    const out = new Float32Array(steps * C);
    for (let t = 0; t < steps; t++) {
      logSoftmaxRow(emissions.data, (t * N + n) * C, out, t * C, C);
      if (Number.isNaN(out[t * C]!)) throw badFrame(where, t, n);
    }
    return { data: out, steps, classes: C };
  });
}

/** Computes `out = x − ln Σ eˣ` of one row. A row with a NaN or +∞, or with only −∞, becomes all NaN. */
export function logSoftmaxRow(x: Numbers, from: number, out: Float32Array, to: number, C: number): void {
  let max = -Infinity;
  for (let c = 0; c < C; c++) {
    const value = x[from + c]!;
    // Not a plain `value > max`, which would skip a NaN.
    if (!(value <= max)) max = value;
    if (max !== max) break;
  }
  let total = 0;
  for (let c = 0; c < C; c++) total += Math.exp(x[from + c]! - max);
  const shift = max + Math.log(total);
  for (let c = 0; c < C; c++) out[to + c] = x[from + c]! - shift;
}

/** Creates the error for a frame whose softmax is undefined. */
export function badFrame(where: string, frame: number, utterance: number): ArgumentError {
  return new ArgumentError(
    `[${where}] frame ${frame} of utterance ${utterance} holds a NaN or +∞, expected finite logits or log-probabilities; look for a loss that diverged in training`,
    'NAN_IN_EMISSIONS',
  );
}
