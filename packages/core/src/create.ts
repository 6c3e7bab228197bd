import { ArgumentError, DTypeError, ShapeError, type Backend, type DType, type HostArray } from '@timestep/backend-api';
import { checkBackend } from './check-backend.ts';
import { checkShape, show, sizeOf, type Shape } from './shape.ts';
import { Storage } from './storage.ts';
import { Tensor, type NestedArray } from './tensor.ts';

export interface TensorOptions {
  /** The shape; inferred from nested arrays, `[length]` for a typed array. */
  readonly shape?: Shape;
  /** f32 by default; a typed array brings its own. */
  readonly dtype?: DType;
  /** Make it a leaf that `backward` fills. */
  readonly requiresGrad?: boolean;
}

/**
 * A tensor with these contents.
 *
 * ```ts
 * tensor(backend, [[1, 2], [3, 4]]);                                    // f32 [2, 2]
 * tensor(backend, new Float32Array(6), { shape: [2, 3] });
 * tensor(backend, [3, 1, 2], { dtype: 'i32' });
 * ```
 *
 * @throws ShapeError for ragged nesting, or where the elements do not fill `shape`
 */
export function tensor(backend: Backend, data: NestedArray | HostArray, options: TensorOptions = {}): Tensor {
  checkBackend('tensor', backend);
  const { values, shape: inferred } = isHostArray(data) ? { values: data, shape: [data.length] } : flatten(data);
  const shape = options.shape ?? inferred;
  checkShape('tensor', shape);
  if (sizeOf(shape) !== values.length) {
    throw new ShapeError(`[tensor] shape ${show(shape)} holds ${sizeOf(shape)} elements, got ${values.length}`);
  }
  const dtype = options.dtype ?? dtypeOf(data);
  const buffer = backend.alloc(dtype, values.length);
  backend.write(buffer, values);
  return leaf(new Tensor(new Storage(backend, buffer), [...shape]), options.requiresGrad);
}

/** A tensor filled with one value. */
export function full(
  backend: Backend,
  shape: Shape,
  value: number,
  options: Omit<TensorOptions, 'shape'> = {},
): Tensor {
  checkBackend('full', backend);
  checkShape('full', shape);
  const buffer = backend.alloc(options.dtype ?? 'f32', sizeOf(shape));
  backend.fill(buffer, value);
  return leaf(new Tensor(new Storage(backend, buffer), [...shape]), options.requiresGrad);
}

/** A tensor of zeros. */
export function zeros(backend: Backend, shape: Shape, options?: Omit<TensorOptions, 'shape'>): Tensor {
  return full(backend, shape, 0, options);
}

/** A tensor of ones. */
export function ones(backend: Backend, shape: Shape, options?: Omit<TensorOptions, 'shape'>): Tensor {
  return full(backend, shape, 1, options);
}

/** `[start, start + step, …]`, up to and without `end`. */
export function arange(
  backend: Backend,
  start: number,
  end: number,
  step = 1,
  options: Pick<TensorOptions, 'dtype'> = {},
): Tensor {
  if (step === 0 || !Number.isFinite((end - start) / step))
    throw new ArgumentError(`[arange] expected a finite range and a step other than 0, got ${start}, ${end}, ${step}`);
  const values = Array.from({ length: Math.max(0, Math.ceil((end - start) / step)) }, (_, i) => start + i * step);
  return tensor(backend, values, { dtype: options.dtype ?? 'i32', shape: [values.length] });
}

function leaf(made: Tensor, requiresGrad: boolean | undefined): Tensor {
  if (requiresGrad) made.requiresGrad = true;
  return made;
}

function isHostArray(data: NestedArray | HostArray): data is HostArray {
  return ArrayBuffer.isView(data);
}

function dtypeOf(data: NestedArray | HostArray): DType {
  if (!isHostArray(data) || data instanceof Float32Array || data instanceof Float64Array) return 'f32';
  if (data instanceof Int32Array) return 'i32';
  if (data instanceof Uint32Array) return 'u32';
  throw new DTypeError(
    `[tensor] expected numbers, a Float32Array, Float64Array, Int32Array or Uint32Array, got ${Object.prototype.toString.call(data)}`,
  );
}

function flatten(data: NestedArray): { values: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let level: NestedArray | undefined = data; Array.isArray(level); level = level[0]) shape.push(level.length);
  const values: number[] = [];
  const visit = (part: NestedArray, depth: number): void => {
    if (!Array.isArray(part)) {
      if (depth !== shape.length || typeof part !== 'number')
        throw new ShapeError(
          `[tensor] expected numbers nested evenly to shape ${show(shape)}, found ${String(part)} at depth ${depth}`,
        );
      values.push(part);
    } else {
      if (part.length !== shape[depth])
        throw new ShapeError(
          `[tensor] ragged nesting: expected ${shape[depth]} entries at depth ${depth} for shape ${show(shape)}, found ${part.length}`,
        );
      for (const inner of part) visit(inner, depth + 1);
    }
  };
  visit(data, 0);
  return { values, shape };
}
