import { ArgumentError, checkOptions, checkValue, is, type OptionRules } from '@timestep/core';

/** A saved scaler: plain JSON, with one number per feature. */
export interface ScalerState {
  readonly kind: 'standard' | 'min-max';
  /** `[D]`, subtracted first */
  readonly offset: readonly number[];
  /** `[D]`, the divisor */
  readonly scale: readonly number[];
}

const stateRules: OptionRules<ScalerState> = {
  kind: is.oneOf('standard', 'min-max'),
  offset: is.arrayOf(is.number(), 'an array of finite numbers'),
  scale: is.arrayOf(is.number({ above: 0 }), 'an array of positive numbers'),
};
const isData = is.anyOf(is.instanceOf(Float32Array), is.instanceOf(Float64Array));

/** Scales the features of a series: `y[t, d] = (x[t, d] − offset[d])/scale[d]`. */
class Scaler {
  /** `[D]`, subtracted first */
  readonly offset: Float64Array;
  /** `[D]`, the divisor */
  readonly scale: Float64Array;
  readonly #kind: ScalerState['kind'];

  protected constructor(kind: ScalerState['kind'], offset: Iterable<number>, scale: Iterable<number>) {
    this.#kind = kind;
    this.offset = Float64Array.from(offset);
    this.scale = Float64Array.from(scale);
  }

  /** D, the number of features per step */
  get size(): number {
    return this.offset.length;
  }

  /**
   * Scales data: `y[t, d] = (x[t, d] − offset[d])/scale[d]`.
   *
   * @param data `[…, D]`, row-major; NaN stays NaN
   * @throws ArgumentError if the length is not a multiple of D
   */
  transform(data: Float32Array | Float64Array): Float32Array {
    this.#check('transform', data);
    const { offset, scale, size } = this;
    return Float32Array.from(data, (value, i) => (value - offset[i % size]!) / scale[i % size]!);
  }

  /**
   * Undoes `transform`: `x[t, d] = y[t, d]·scale[d] + offset[d]`.
   *
   * @param data `[…, D]`, or `[…]` of one feature if `feature` is given
   * @param feature the feature that all of `data` belongs to, such as the forecast one
   * @throws ArgumentError if the length is not a multiple of D, or for a feature outside 0 … D − 1
   */
  inverse(data: Float32Array | Float64Array, feature?: number): Float32Array {
    const { offset, scale, size } = this;
    if (feature === undefined) {
      this.#check('inverse', data);
      return Float32Array.from(data, (value, i) => value * scale[i % size]! + offset[i % size]!);
    }
    checkValue('inverse', 'data', data, isData);
    checkValue('inverse', 'feature', feature, is.integer(0, size - 1));
    return Float32Array.from(data, (value) => value * scale[feature]! + offset[feature]!);
  }

  /** Returns plain JSON, which `load` reads. */
  save(): ScalerState {
    return { kind: this.#kind, offset: [...this.offset], scale: [...this.scale] };
  }

  #check(where: string, data: Float32Array | Float64Array): void {
    checkValue(where, 'data', data, isData);
    if (data.length % this.size !== 0)
      throw new ArgumentError(`[${where}] expected steps of ${this.size} features, got ${data.length} numbers`);
  }
}

/**
 * Scales each feature to mean 0 and standard deviation 1: `y = (x − mean)/σ`, where σ has the divisor n. A constant
 * feature becomes 0.
 *
 * Fit it to the training part only, so that the model learns nothing about the test part.
 *
 * @example
 * const scaler = StandardScaler.fit(training, 7);
 * const scaled = scaler.transform(series);
 * await writeFile('scaler.json', JSON.stringify(scaler.save()));
 */
export class StandardScaler extends Scaler {
  /**
   * @param data `[steps, size]`, row-major; NaN is left out
   * @param size D, the features of a step. 1 by default
   * @throws ArgumentError where a feature has no finite value, or an infinite one
   */
  static fit(data: Float32Array | Float64Array, size = 1): StandardScaler {
    const features = featuresOf('StandardScaler.fit', data, size);
    const means = features.map((values) => values.reduce((sum, value) => sum + value / values.length, 0));
    const deviations = features.map((values, d) =>
      Math.sqrt(values.reduce((sum, value) => sum + (value - means[d]!) ** 2 / values.length, 0)),
    );
    // The deviation of a constant feature is a rounding error, not 0.
    const scale = deviations.map((deviation, d) => (deviation > 1e-12 * Math.abs(means[d]!) ? deviation : 1));
    return new StandardScaler('standard', means, scale);
  }

  /** @throws ArgumentError for anything but what `save` gave */
  static load(state: ScalerState): StandardScaler {
    checkState('StandardScaler.load', state, 'standard');
    return new StandardScaler('standard', state.offset, state.scale);
  }
}

/**
 * Scales each feature to the range 0 … 1: `y = (x − min)/(max − min)`. A constant feature becomes 0.
 *
 * @example
 * MinMaxScaler.fit(Float32Array.of(2, 4, 6)).transform(Float32Array.of(3));    // 0.25
 */
export class MinMaxScaler extends Scaler {
  /**
   * @param data `[steps, size]`, row-major; NaN is left out
   * @param size D, the features of a step. 1 by default
   * @throws ArgumentError where a feature has no finite value, or an infinite one
   */
  static fit(data: Float32Array | Float64Array, size = 1): MinMaxScaler {
    const features = featuresOf('MinMaxScaler.fit', data, size);
    const least = features.map((values) => values.reduce((a, b) => Math.min(a, b), Infinity));
    const range = features.map((values, d) => values.reduce((a, b) => Math.max(a, b), -Infinity) - least[d]! || 1);
    return new MinMaxScaler('min-max', least, range);
  }

  /** @throws ArgumentError for anything but what `save` gave */
  static load(state: ScalerState): MinMaxScaler {
    checkState('MinMaxScaler.load', state, 'min-max');
    return new MinMaxScaler('min-max', state.offset, state.scale);
  }
}

function featuresOf(where: string, data: Float32Array | Float64Array, size: number): Float64Array[] {
  checkValue(where, 'data', data, isData);
  checkValue(where, 'size', size, is.integer(1, 2 ** 24));
  if (data.length % size !== 0)
    throw new ArgumentError(`[${where}] expected steps of ${size} features, got ${data.length} numbers`);
  return Array.from({ length: size }, (_, d) => {
    const values = Float64Array.from({ length: data.length / size }, (__, t) => data[t * size + d]!).filter(
      (value) => !Number.isNaN(value),
    );
    if (values.length === 0 || values.some((value) => !Number.isFinite(value)))
      throw new ArgumentError(
        `[${where}] expected finite values of feature ${d}, got ${values.length === 0 ? 'none' : 'an infinite one'}`,
      );
    return values;
  });
}

function checkState(where: string, state: ScalerState, kind: ScalerState['kind']): void {
  checkOptions(where, state, { ...stateRules, kind: is.oneOf(kind) });
  if (state.offset.length !== state.scale.length || state.offset.length === 0)
    throw new ArgumentError(
      `[${where}] expected offset and scale of one length, got ${state.offset.length} and ${state.scale.length}`,
    );
}
