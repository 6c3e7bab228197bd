import { ArgumentError, checkValue, is } from '@timestep/core';
import type { Module } from '@timestep/layers';

/**
 * The parameters of a model as one vector, in the order of `namedParameters`.
 */
export interface ParameterVector {
  readonly size: number;
  read(): Promise<Float64Array>;
  /** @throws ArgumentError for another length */
  write(vector: ArrayLike<number>): void;
}

/**
 * Gives access to a model's parameters as one vector.
 *
 * @throws ArgumentError for anything but a model
 * @example
 * ```ts
 * const vector = parameterVector(model);
 * vector.write((await vector.read()).map((value) => value / 2));
 * ```
 */
export function parameterVector(model: Module): ParameterVector {
  checkValue('parameterVector', 'model', model, is.like('a model (a Module)', 'parameters'));
  const parameters = model.parameters();
  const size = parameters.reduce((total, parameter) => total + parameter.size, 0);
  return {
    size,
    async read() {
      const vector = new Float64Array(size);
      let at = 0;
      for (const values of parameters.length > 0
        ? await parameters[0]!.backend.readMany(parameters.map(({ buffer }) => buffer))
        : []) {
        vector.set(values, at);
        at += values.length;
      }
      return vector;
    },
    write(vector) {
      checkValue('parameterVector', 'vector', vector, is.arrayOf(is.anything));
      if (vector.length !== size)
        throw new ArgumentError(`[parameterVector] expected ${size} numbers, got ${vector.length}`);
      const values = Float64Array.from(vector);
      let at = 0;
      for (const parameter of parameters) {
        parameter.assign(values.subarray(at, at + parameter.size));
        at += parameter.size;
      }
    },
  };
}
