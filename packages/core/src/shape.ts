import { ArgumentError, ShapeError } from '@timestep/backend-api';

/** The length of each axis, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Elements in a tensor of this shape. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** The shape both broadcast to by NumPy's rule: aligned at the right, a 1 stretches. */
export function broadcastShapes(where: string, a: Shape, b: Shape): number[] {
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

/** Strides that read a contiguous tensor of `shape` as if it had shape `to`: 0 on every stretched axis. */
export function broadcastStrides(shape: Shape, to: Shape): number[] {
  const own = contiguousStrides(shape);
  const lead = to.length - shape.length;
  return to.map((length, axis) => (axis < lead || (shape[axis - lead] === 1 && length !== 1) ? 0 : own[axis - lead]!));
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((length, axis) => length === b[axis]);
}

/** The axis counted from 0; negative counts from the end. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ArgumentError(
      `[${where}] axis ${axis} is out of range for a tensor of ${rank} axes; expected ${-rank}…${rank - 1}`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** All axes where none are named; sorted, counted from 0, each once. */
export function normalizeAxes(where: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = (typeof axes === 'number' ? [axes] : [...axes]).map((axis) => normalizeAxis(where, axis, rank));
  list.sort((a, b) => a - b);
  for (let i = 1; i < list.length; i++) {
    if (list[i] === list[i - 1])
      throw new ArgumentError(`[${where}] axis ${list[i]} is named twice; name each axis once`);
  }
  return list;
}

export function checkShape(where: string, shape: Shape): void {
  for (const length of shape) {
    if (!Number.isInteger(length) || length < 0) {
      throw new ShapeError(`[${where}] a shape holds non-negative integers, got ${show(shape)}`);
    }
  }
}

/** `[2, 3]`, for messages. */
export function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
