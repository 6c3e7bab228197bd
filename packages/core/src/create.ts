import {
  ArgumentError,
  checkOptions,
  checkValue,
  describe,
  DTypeError,
  is,
  ShapeError,
  type Backend,
  type DType,
  type HostArray,
  type OptionRules,
} from '@timestep/backend-api';
import { checkBackend } from './check-backend.ts';
import { checkHostData } from './host-data.ts';
import { checkNumber, dtypeRule } from './ops/check.ts';
import { checkShape, show, sizeOf, type Shape } from './shape.ts';
import { TensorStorage } from './storage.ts';
import { Tensor, type NestedArray } from './tensor.ts';

/** Options of {@link tensor}. */
export interface TensorOptions {
  /** The shape; inferred from nested arrays, `[length]` for a typed array. */
  readonly shape?: Shape;
  /** f32 by default; a typed array brings its own. */
  readonly dtype?: DType;
  /** Make it a leaf that `backward` fills. */
  readonly requiresGrad?: boolean;
}

/** Options of the functions that take the shape as an argument. */
export type FilledTensorOptions = Omit<TensorOptions, 'shape'>;

const filledRules: OptionRules<FilledTensorOptions> = {
  dtype: is.optional(dtypeRule),
  requiresGrad: is.optional(is.boolean),
};
// The shape has a check of its own, in the words of shapes.
const tensorRules: OptionRules<TensorOptions> = {
  ...filledRules,
  shape: is.optional(is.arrayOf(is.anything, 'a shape')),
};
const arangeRules: OptionRules<Pick<TensorOptions, 'dtype'>> = { dtype: is.optional(dtypeRule) };

/**
 * A tensor with these contents.
 *
 * ```ts
 * tensor(backend, [[1, 2], [3, 4]]);                                    // f32 [2, 2]
 * tensor(backend, new Float32Array(6), { shape: [2, 3] });
 * tensor(backend, [3, 1, 2], { dtype: 'i32' });
 * ```
 *
 * @param data numbers nested evenly, or a typed array of numbers
 * @throws ShapeError for ragged nesting, or where the elements do not fill `shape`; DTypeError where `dtype` cannot
 * hold
 *   an element, such as 0.5 in i32; ArgumentError for an option that there is not
 */
export function tensor(backend: Backend, data: NestedArray | HostArray, options: TensorOptions = {}): Tensor {
  checkBackend('tensor', backend);
  checkOptions('tensor', options, tensorRules);
  const { values, shape: inferred } = isHostArray(data) ? { values: data, shape: [data.length] } : flatten(data);
  const shape = options.shape ?? inferred;
  checkShape('tensor', shape);
  const dtype = options.dtype ?? dtypeOf(data);
  checkHostData('tensor', dtype, values);
  if (sizeOf(shape) !== values.length) {
    throw new ShapeError(`[tensor] shape ${show(shape)} holds ${sizeOf(shape)} elements, got ${values.length}`);
  }
  checkLeaf('tensor', dtype, options);
  const buffer = backend.alloc(dtype, values.length);
  backend.write(buffer, values);
  return leaf(new Tensor(new TensorStorage(backend, buffer), [...shape]), options);
}

/**
 * Returns a tensor filled with one value.
 *
 * @example
 * ```ts
 * full(backend, [2, 3], 0.5);
 * ```
 *
 * @throws ShapeError for a shape that is none; DTypeError where `dtype` cannot hold the value; OutOfMemoryError for a
 *   shape that no buffer holds
 */
export function full(backend: Backend, shape: Shape, value: number, options: FilledTensorOptions = {}): Tensor {
  return filled('full', backend, shape, value, options);
}

/**
 * Returns a tensor of zeros. Throws like {@link full}.
 *
 * @example
 * ```ts
 * zeros(backend, [4, 8]);
 * ```
 */
export function zeros(backend: Backend, shape: Shape, options: FilledTensorOptions = {}): Tensor {
  return filled('zeros', backend, shape, 0, options);
}

/**
 * Returns a tensor of ones. Throws like {@link full}.
 *
 * @example
 * ```ts
 * ones(backend, [4, 8]);
 * ```
 */
export function ones(backend: Backend, shape: Shape, options: FilledTensorOptions = {}): Tensor {
  return filled('ones', backend, shape, 1, options);
}

const none: FilledTensorOptions = {};

function filled(
  where: string,
  backend: Backend,
  shape: Shape,
  value: number,
  options: FilledTensorOptions = none,
): Tensor {
  checkBackend(where, backend);
  checkShape(where, shape);
  checkOptions(where, options, filledRules);
  checkNumber(where, 'the value', value);
  const dtype = options.dtype ?? 'f32';
  if (dtype !== 'f32') checkHostData(where, dtype, [value]);
  checkLeaf(where, dtype, options);
  const buffer = backend.alloc(dtype, sizeOf(shape));
  backend.fill(buffer, value);
  return leaf(new Tensor(new TensorStorage(backend, buffer), [...shape]), options);
}

/**
 * `[start, start + step, …]`, up to and without `end`.
 *
 * @example
 * ```ts
 * arange(backend, 0, 4); // i32 [0, 1, 2, 3]
 * ```
 *
 * @param step not 0; 1 by default
 * @param options.dtype i32 by default, which takes whole numbers only
 *
 * @throws ArgumentError for a step of 0 or an infinite range, DTypeError where the dtype cannot hold an element
 */
export function arange(
  backend: Backend,
  start: number,
  end: number,
  step = 1,
  options: Pick<TensorOptions, 'dtype'> = {},
): Tensor {
  checkBackend('arange', backend);
  checkOptions('arange', options, arangeRules);
  for (const [name, value] of Object.entries({ start, end, step })) checkValue('arange', name, value, is.number());
  if (step === 0 || !Number.isFinite((end - start) / step))
    throw new ArgumentError(`[arange] expected a finite range and a step other than 0, got ${start}, ${end}, ${step}`);
  const length = Math.max(0, Math.ceil((end - start) / step));
  const shape = [length];
  checkShape('arange', shape);
  const dtype = options.dtype ?? 'i32';
  if (dtype !== 'f32' && length > 0) checkHostData('arange', dtype, [start, start + step, start + (length - 1) * step]);
  const values = Float64Array.from({ length }, (_, i) => start + i * step);
  return tensor(backend, values, { dtype, shape });
}

/** Only f32 has gradients; said before anything is allocated. */
function checkLeaf(where: string, dtype: DType, { requiresGrad }: FilledTensorOptions): void {
  if (requiresGrad && dtype !== 'f32')
    throw new ArgumentError(`[${where}] only f32 tensors have gradients, this one is ${dtype}; leave out requiresGrad`);
}

function leaf(made: Tensor, { requiresGrad }: FilledTensorOptions): Tensor {
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
    `[tensor] expected numbers, a Float32Array, Float64Array, Int32Array or Uint32Array, got ${Object.prototype.toString.call(data)}; convert it, or name a dtype`,
  );
}

function flatten(data: NestedArray): { values: number[]; shape: number[] } {
  const shape: number[] = [];
  for (let level: NestedArray | undefined = data; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (shape.length > maxNesting) throw new ShapeError(`[tensor] expected at most ${maxNesting} axes, got more`);
  }
  const values: number[] = [];
  const visit = (part: NestedArray, depth: number): void => {
    if (!Array.isArray(part)) {
      if (depth !== shape.length || typeof part !== 'number')
        throw new ShapeError(
          depth === 0
            ? `[tensor] expected numbers, nested arrays of numbers or a typed array, got ${describe(part)}`
            : `[tensor] expected numbers nested evenly to shape ${show(shape)}, found ${describe(part)} at depth ${depth}`,
        );
      values.push(part);
    } else {
      if (part.length !== shape[depth])
        throw new ShapeError(
          `[tensor] ragged nesting: expected ${shape[depth] ?? 'a number, not an array of'} entries at depth ${depth} for shape ${show(shape)}, found ${part.length}`,
        );
      for (const inner of part as readonly NestedArray[]) visit(inner, depth + 1);
    }
  };
  visit(data, 0);
  return { values, shape };
}

/** Deeper nesting is an array that holds itself. */
const maxNesting = 64;
