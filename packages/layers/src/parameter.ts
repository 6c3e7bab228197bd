import {
  ArgumentError,
  checkValue,
  describe,
  is,
  OutOfMemoryError,
  ShapeError,
  Tensor,
  type Backend,
  type Generator,
  type HostData,
  type Initializer,
  type Shape,
} from '@timestep/core';
import { checkBackend, sizeOf, TensorStorage as Storage, unowned } from '@timestep/core/extend';

/**
 * A trainable tensor. It requires a gradient and lives until its module is disposed, outside every scope. Assign it to
 * a property of a {@link Module} to make it part of that module.
 *
 * ```ts
 * class Scale extends Module {
 *   readonly scale = new Parameter(backend, [4], new Float32Array(4).fill(1));
 * }
 * ```
 */
export class Parameter extends Tensor {
  /**
   * @param values f32, row-major, one for each element of `shape`
   * @throws ShapeError unless there is one value for each element
   */
  constructor(backend: Backend, shape: Shape, values: HostData) {
    checkValue('Parameter', 'shape', shape, is.arrayOf(is.size(0), 'a shape'));
    checkValue('Parameter', 'values', values, is.like('an array of numbers', 'length'));
    if (values.length !== sizeOf(shape)) {
      throw new ShapeError(
        `[Parameter] shape [${shape.join(', ')}] holds ${sizeOf(shape)} elements, got ${values.length}; pass one value for each`,
      );
    }
    const buffer = checkBackend('Parameter', backend).alloc('f32', values.length);
    backend.write(buffer, values);
    super(new Storage(backend, buffer), [...shape]);
    // A model made inside an open scope outlives it.
    unowned<Tensor>(this);
    this.requiresGrad = true;
  }

  /**
   * A parameter drawn by an initialiser. Its size is checked first, so that a layer too large for the backend is
   * refused before anything is drawn.
   *
   * @throws OutOfMemoryError where a buffer of the backend does not hold it
   */
  static draw(backend: Backend, shape: Shape, initializer: Initializer, generator: Generator): Parameter {
    checkRoom(backend, shape);
    return new Parameter(backend, shape, drawValues(initializer, shape, generator));
  }

  /** Clears the gradient, so that the next `backward` starts from zero. */
  zeroGrad(): void {
    this.grad?.dispose();
    this.grad = null;
  }
}

/**
 * What an initialiser of anyone's draws, checked.
 *
 * @throws ArgumentError where it does not return one number for each element
 */
export function drawValues(initializer: GateInitializer, shape: Shape, generator: Generator, gate = 0): Float32Array {
  const values: unknown = initializer(shape, generator, gate);
  if (!(values instanceof Float32Array) || values.length !== sizeOf(shape))
    throw new ArgumentError(
      `[initializer] expected a Float32Array of ${sizeOf(shape)} values for shape [${shape.join(', ')}], got ${describe(values)}; return the values that it draws`,
    );
  return values;
}

/** Draws one gate's block of a parameter. */
export type GateInitializer = (shape: Shape, generator: Generator, gate: number) => Float32Array;

/** @throws OutOfMemoryError where no buffer of the backend holds a parameter of this shape */
export function checkRoom(backend: Backend, shape: Shape): void {
  checkBackend('Parameter', backend);
  const bytes = 4 * sizeOf(shape);
  const { maxBufferBytes } = backend.capabilities;
  if (bytes > maxBufferBytes)
    throw new OutOfMemoryError(
      `[Parameter] a parameter of shape [${shape.join(', ')}] takes ${bytes} bytes, and a buffer of backend '${backend.name}' holds ${maxBufferBytes}; make the layer smaller`,
      bytes,
    );
}
