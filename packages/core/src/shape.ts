import { ArgumentError, bytesPerElement, describe, OutOfMemoryError, ShapeError } from '@timestep/backend-api';

/** The length of each axis, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/**
 * The most elements that a tensor may have: kernels count in 32 bits. Every size of a buffer comes from {@link sizeOf},
 * so that a larger one reaches no backend.
 */
export const maxElements = 2 ** 31 - 1;

/**
 * Elements in a tensor of this shape: the product of its lengths.
 *
 * @example
 * ```ts
 * sizeOf([2, 3, 4]); // 24
 * ```
 *
 * @throws OutOfMemoryError for more than {@link maxElements}; ShapeError for something else than an array of lengths
 */
export function sizeOf(shape: Shape): number {
  if (!Array.isArray(shape)) throw notAShape('sizeOf', shape);
  let size = 1;
  for (const length of shape as Shape) size *= length;
  if (!(size <= maxElements)) throw tooLarge(shape, size);
  return size;
}

function tooLarge(shape: Shape, size: number): Error {
  if (Number.isNaN(size)) return notAShape('sizeOf', shape);
  const bytes = size * bytesPerElement.f32;
  return new OutOfMemoryError(
    `[tensor] shape ${show(shape)} holds ${size} elements, more than the ${maxElements} that a tensor may have; use smaller sizes, or several tensors`,
    bytes,
  );
}

function notAShape(where: string, shape: unknown): ShapeError {
  const found = Array.isArray(shape) ? `[${shape.map((length) => describe(length)).join(', ')}]` : describe(shape);
  return new ShapeError(`[${where}] expected a shape, an array of whole numbers of at least 0, got ${found}`);
}

/**
 * Row-major strides, in elements.
 *
 * @example
 * ```ts
 * contiguousStrides([2, 3, 4]); // [12, 4, 1]
 * ```
 *
 * @throws ShapeError for something other than a shape
 */
export function contiguousStrides(shape: Shape): number[] {
  if (!Array.isArray(shape)) throw notAShape('contiguousStrides', shape);
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/**
 * The shape both broadcast to by NumPy's rule: aligned at the right, a 1 stretches.
 *
 * @example
 * ```ts
 * broadcastShapes('add', [3, 1], [4]); // [3, 4]
 * ```
 *
 * @throws ShapeError where the shapes do not broadcast
 */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
  for (const shape of [a, b]) if (!Array.isArray(shape)) throw notAShape(where, shape);
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - (rank - a.length)] ?? 1;
    const right = b[axis - (rank - b.length)] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        `[${where}] shapes ${show(a)} and ${show(b)} do not broadcast: axis ${axis - rank} is ${left} and ${right}; make them equal or one of them 1`,
      );
    }
    shape[axis] = left === 1 ? right : left;
  }
  return shape;
}

/**
 * Strides that read a contiguous tensor of `shape` as if it had shape `to`: 0 on every stretched axis.
 *
 * @example
 * ```ts
 * broadcastStrides([3, 1], [3, 4]); // [1, 0]
 * ```
 *
 * @throws ShapeError for something other than a shape
 */
export function broadcastStrides(shape: Shape, to: Shape): number[] {
  if (!Array.isArray(to)) throw notAShape('broadcastStrides', to);
  const own = contiguousStrides(shape);
  const lead = to.length - shape.length;
  return to.map((length, axis) => (axis < lead || (shape[axis - lead] === 1 && length !== 1) ? 0 : own[axis - lead]!));
}

/**
 * Tells whether two shapes are equal.
 *
 * @example
 * ```ts
 * sameShape([2, 3], [2, 3]); // true
 * ```
 *
 * @throws ShapeError for something other than a shape
 */
export function sameShape(a: Shape, b: Shape): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) throw notAShape('sameShape', Array.isArray(a) ? b : a);
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/**
 * The axis counted from 0; negative counts from the end.
 *
 * @example
 * ```ts
 * normalizeAxis('sum', -1, 3); // 2
 * ```
 *
 * @throws ArgumentError for an axis that does not exist
 */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ArgumentError(
      `[${where}] axis ${describe(axis)} is out of range for a tensor of ${rank} axes; expected ${-rank}…${rank - 1}`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/**
 * All axes where none are named; sorted, counted from 0, each once.
 *
 * @example
 * ```ts
 * normalizeAxes('sum', [-1, 0], 3); // [0, 2]
 * ```
 *
 * @throws ArgumentError for an axis that does not exist or is named twice
 */
export function normalizeAxes(where: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  if (typeof axes !== 'number' && !Array.isArray(axes))
    throw new ArgumentError(`[${where}] expected an axis or an array of axes, got ${describe(axes)}`);
  const list = (typeof axes === 'number' ? [axes] : [...axes]).map((axis) => normalizeAxis(where, axis, rank));
  list.sort((a, b) => a - b);
  for (let i = 1; i < list.length; i++) {
    if (list[i] === list[i - 1])
      throw new ArgumentError(`[${where}] axis ${list[i]} is named twice; name each axis once`);
  }
  return list;
}

/**
 * Throws unless `shape` is an array of lengths that a buffer can hold.
 *
 * @example
 * ```ts
 * checkShape('zeros', [2, 3]);
 * ```
 *
 * @throws ShapeError for something else than an array of whole numbers of at least 0; OutOfMemoryError where it holds
 *   more than {@link maxElements}, or an axis of a tensor without elements is longer
 */
export function checkShape(where: string, shape: Shape): void {
  if (!Array.isArray(shape)) throw notAShape(where, shape);
  for (const length of shape as Shape) {
    if (!Number.isInteger(length) || length < 0) throw notAShape(where, shape);
    if (length > maxElements) throw tooLarge(shape, length);
  }
  sizeOf(shape);
}

/**
 * `[2, 3]`, for messages.
 *
 * @example
 * ```ts
 * show([2, 3]); // [2, 3], for messages
 * ```
 *
 * @throws ShapeError for something other than a shape
 */
export function show(shape: Shape): string {
  if (!Array.isArray(shape)) throw notAShape('show', shape);
  return `[${shape.join(', ')}]`;
}
