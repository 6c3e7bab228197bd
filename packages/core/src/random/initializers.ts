import { ArgumentError, checkValue, is } from '@timestep/backend-api';
import { checkShape, sizeOf, type Shape } from '../shape.ts';
import { generatorRule, type Generator } from './generator.ts';

/**
 * Draws the values of a parameter, on the host: one seed gives one model on every backend. For a weight
 * `[outputs, inputs, …]` the fan-in is inputs·(the product of the rest), the fan-out outputs·(the product of the rest).
 */
export type Initializer = (shape: Shape, generator: Generator) => Float32Array;

/**
 * Returns an initializer that sets every element to `value`.
 *
 * @example
 * ```ts
 * constant(1)([3], new Generator(1)); // [1, 1, 1]
 * ```
 */
export function constant(value: number): Initializer {
  checkValue('constant', 'the value', value, is.number({ infinite: true }));
  return (shape) => room('constant', shape).fill(value);
}

/**
 * Returns an initializer that draws uniformly from [low, high).
 *
 * @example
 * ```ts
 * uniform(-0.1, 0.1)([8, 4], new Generator(1));
 * ```
 */
export function uniform(low: number, high: number): Initializer {
  checkValue('uniform', 'low', low, is.number());
  checkValue('uniform', 'high', high, is.number({ min: low }));
  return drawn('uniform', (shape, generator) => generator.fillUniform(room('uniform', shape), low, high));
}

/**
 * Returns an initializer that draws from a normal distribution with this mean and standard deviation.
 *
 * @example
 * ```ts
 * normal(0, 0.02)([8, 4], new Generator(1));
 * ```
 */
export function normal(mean = 0, deviation = 1): Initializer {
  checkValue('normal', 'mean', mean, is.number());
  checkValue('normal', 'deviation', deviation, is.number({ min: 0 }));
  return drawn('normal', (shape, generator) => generator.fillNormal(room('normal', shape), mean, deviation));
}

/** An initialiser that looks at what it is given. */
function drawn(where: string, draw: Initializer): Initializer {
  return (shape, generator) => {
    checkShape(where, shape);
    checkValue(where, 'generator', generator, generatorRule);
    return draw(shape, generator);
  };
}

/** The array for the values; a shape that no buffer holds is refused here, before anything is drawn. */
function room(where: string, shape: Shape): Float32Array {
  checkShape(where, shape);
  return new Float32Array(sizeOf(shape));
}

/**
 * Returns an initializer that draws uniformly from ±gain·√(6/(fan-in + fan-out)) (Glorot and Bengio 2010).
 *
 * @example
 * ```ts
 * xavierUniform()([8, 4], new Generator(1));
 * ```
 */
export function xavierUniform(gain = 1): Initializer {
  checkValue('xavierUniform', 'gain', gain, is.number({ min: 0 }));
  return drawn('xavierUniform', (shape, generator) => {
    const { inputs, outputs } = fans('xavierUniform', shape);
    const bound = gain * Math.sqrt(6 / (inputs + outputs));
    return uniform(-bound, bound)(shape, generator);
  });
}

/**
 * Returns an initializer that draws from a normal distribution with deviation gain·√(2/(fan-in + fan-out)) (Glorot
 * and Bengio 2010).
 *
 * @example
 * ```ts
 * xavierNormal()([8, 4], new Generator(1));
 * ```
 */
export function xavierNormal(gain = 1): Initializer {
  checkValue('xavierNormal', 'gain', gain, is.number({ min: 0 }));
  return drawn('xavierNormal', (shape, generator) => {
    const { inputs, outputs } = fans('xavierNormal', shape);
    return normal(0, gain * Math.sqrt(2 / (inputs + outputs)))(shape, generator);
  });
}

/**
 * Uniform in ±√(6/((1 + slope²)·fan-in)), for what a leaky ReLU of this negative slope follows (He et al. 2015). A
 * slope of √5, which gives ±1/√fan-in, is what PyTorch's Linear starts from.
 *
 * @example
 * ```ts
 * kaimingUniform(Math.sqrt(5))([8, 4], new Generator(1));
 * ```
 */
export function kaimingUniform(slope = 0): Initializer {
  checkValue('kaimingUniform', 'slope', slope, is.number());
  return drawn('kaimingUniform', (shape, generator) => {
    const bound = Math.sqrt(6 / ((1 + slope * slope) * fans('kaimingUniform', shape).inputs));
    return uniform(-bound, bound)(shape, generator);
  });
}

/**
 * Returns an initializer that draws from a normal distribution with deviation √(2/((1 + slope²)·fan-in)) (He et al.
 * 2015).
 *
 * @example
 * ```ts
 * kaimingNormal()([8, 4], new Generator(1));
 * ```
 */
export function kaimingNormal(slope = 0): Initializer {
  checkValue('kaimingNormal', 'slope', slope, is.number());
  return drawn('kaimingNormal', (shape, generator) =>
    normal(0, Math.sqrt(2 / ((1 + slope * slope) * fans('kaimingNormal', shape).inputs)))(shape, generator),
  );
}

/**
 * A matrix with orthonormal rows or, where it is taller than wide, orthonormal columns, times `gain` (Saxe et al.
 * 2014). The recurrent cells draw each gate's matrix on its own.
 *
 * @example
 * ```ts
 * orthogonal()([8, 8], new Generator(1));
 * ```
 */
export function orthogonal(gain = 1): Initializer {
  checkValue('orthogonal', 'gain', gain, is.number());
  return drawn('orthogonal', (shape, generator) => {
    const [rows, columns] = matrixShape('orthogonal', shape);
    return orthonormal(rows, columns, gain, generator);
  });
}

/** Modified Gram–Schmidt over normal vectors, each orthogonalised twice: once is not enough in the last bits. */
function orthonormal(rows: number, columns: number, gain: number, generator: Generator): Float32Array {
  const count = Math.min(rows, columns);
  const length = Math.max(rows, columns);
  const vectors: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const vector = Float64Array.from({ length }, () => generator.normal());
    for (const earlier of [...vectors, ...vectors]) {
      const overlap = dot(vector, earlier);
      for (let i = 0; i < length; i++) vector[i]! -= overlap * earlier[i]!;
    }
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  const wide = rows <= columns;
  return Float32Array.from({ length: rows * columns }, (_, index) => {
    const row = Math.floor(index / columns);
    const column = index % columns;
    return gain * (wide ? vectors[row]![column]! : vectors[column]![row]!);
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function matrixShape(where: string, shape: Shape): [number, number] {
  if (shape.length < 2)
    throw new ArgumentError(
      `[${where}] expected a weight of at least 2 axes, got shape [${shape.join(', ')}]; use uniform or constant for a vector`,
    );
  return [shape[0]!, sizeOf(shape.slice(1))];
}

function fans(where: string, shape: Shape): { inputs: number; outputs: number } {
  const [outputs, inputs] = matrixShape(where, shape);
  if (outputs === 0 || inputs === 0)
    throw new ArgumentError(`[${where}] expected a weight with elements, got shape [${shape.join(', ')}]`);
  return { inputs, outputs: outputs * sizeOf(shape.slice(2)) };
}
