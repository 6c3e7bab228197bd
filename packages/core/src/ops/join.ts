import { ArgumentError, describe, DTypeError, ShapeError } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import { contiguousStrides, normalizeAxis, sameShape, show, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkTensor, sameBackend } from './check.ts';
import { slice } from './shape.ts';

/**
 * Joins tensors along an axis. They must have the same lengths in all other axes.
 *
 * @example
 * ```ts
 * concat([tensor(backend, [1]), tensor(backend, [2, 3])]); // [1, 2, 3]
 * ```
 *
 * @throws ArgumentError for an empty list, ShapeError or DTypeError where the tensors do not fit together
 */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = checkJoin('concat', tensors);
  const at = normalizeAxis('concat', axis, first.rank);
  for (const other of tensors) {
    if (other.rank !== first.rank || other.shape.some((length, k) => k !== at && length !== first.shape[k])) {
      throw new ShapeError(`[concat] shapes ${show(first.shape)} and ${show(other.shape)} differ outside axis ${axis}`);
    }
  }
  const shape = first.shape.map((length, k) =>
    k === at ? tensors.reduce((total, { shape: own }) => total + own[at]!, 0) : length,
  );
  const strides = contiguousStrides(shape);
  const out = first.backend.alloc(first.dtype, sizeOf(shape));
  let start = 0;
  const starts: number[] = [];
  for (const part of tensors) {
    starts.push(start);
    first.backend.copy(
      { buffer: part.buffer, strides: contiguousStrides(part.shape) },
      { buffer: out, strides, offset: start * strides[at]! },
      part.shape,
    );
    start += part.shape[at]!;
  }
  const y = wrap(first, out, shape);
  record('concat', [y], {
    inputs: tensors,
    backward: ([gradient], wanted) =>
      tensors.map((part, k) => (wanted[k] ? slice(gradient!, at, starts[k]!, starts[k]! + part.shape[at]!) : null)),
  });
  return y;
}

/**
 * Joins tensors of one shape along a new axis.
 *
 * @example
 * ```ts
 * stack([x0, x1, x2]); // three tensors [N, D] → [3, N, D]
 * ```
 *
 * @throws ArgumentError for an empty list, ShapeError or DTypeError where the tensors differ
 */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = checkJoin('stack', tensors);
  const at = normalizeAxis('stack', axis, first.rank + 1);
  for (const other of tensors) {
    if (!sameShape(other.shape, first.shape))
      throw new ShapeError(`[stack] expected tensors of one shape, got ${show(first.shape)} and ${show(other.shape)}`);
  }
  const shape = first.shape.toSpliced(at, 0, tensors.length);
  const strides = contiguousStrides(shape);
  const rest = strides.toSpliced(at, 1);
  const own = contiguousStrides(first.shape);
  const out = first.backend.alloc(first.dtype, sizeOf(shape));
  tensors.forEach((part, k) =>
    first.backend.copy(
      { buffer: part.buffer, strides: own },
      { buffer: out, strides: rest, offset: k * strides[at]! },
      first.shape,
    ),
  );
  const y = wrap(first, out, shape);
  record('stack', [y], { inputs: tensors, backward: ([gradient], wanted) => pick(gradient!, at, wanted) });
  return y;
}

/**
 * Splits a tensor along an axis and removes the axis: `[T, N, D]` → T tensors `[N, D]`. It is one operation on the
 * tape.
 *
 * @example
 * ```ts
 * for (const step of unstack(sequence)) console.log(step.shape); // [N, D]
 * ```
 */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  checkTensor('unstack', 'x', x);
  const at = normalizeAxis('unstack', axis, x.rank);
  const parts = pick(x, at, new Array<boolean>(x.shape[at]!).fill(true)).map((part) => part!);
  if (parts.length === 0) return [];
  record('unstack', parts, {
    inputs: [x],
    backward: (gradients) => {
      const strides = contiguousStrides(x.shape);
      const rest = strides.toSpliced(at, 1);
      const shape = x.shape.toSpliced(at, 1);
      const own = contiguousStrides(shape);
      const out = x.backend.alloc('f32', x.size);
      if (gradients.some((gradient) => !gradient)) x.backend.fill(out, 0);
      gradients.forEach((gradient, k) => {
        if (gradient)
          x.backend.copy(
            { buffer: gradient.buffer, strides: own },
            { buffer: out, strides: rest, offset: k * strides[at]! },
            shape,
          );
      });
      return [
        wrap(
          gradients.find((gradient) => gradient)!,
          out,
          x.shape,
        ),
      ];
    },
  });
  return parts;
}

function pick(x: Tensor, at: number, wanted: readonly boolean[]): (Tensor | null)[] {
  const strides = contiguousStrides(x.shape);
  const rest = strides.toSpliced(at, 1);
  const shape = x.shape.toSpliced(at, 1);
  const own = contiguousStrides(shape);
  return wanted.map((want, k) => {
    if (!want) return null;
    const out = x.backend.alloc(x.dtype, sizeOf(shape));
    x.backend.copy({ buffer: x.buffer, strides: rest, offset: k * strides[at]! }, { buffer: out, strides: own }, shape);
    return wrap(x, out, shape);
  });
}

function checkJoin(where: string, tensors: readonly Tensor[]): Tensor {
  if (!Array.isArray(tensors))
    throw new ArgumentError(`[${where}] expected an array of tensors, got ${describe(tensors)}`);
  const first = tensors[0] as Tensor | undefined;
  if (tensors.length > 0) for (const each of tensors as Tensor[]) checkTensor(where, 'every entry', each);
  if (!first) throw new ArgumentError(`[${where}] expected at least one tensor, got none`);
  sameBackend(where, tensors as readonly Tensor[]);
  for (const other of tensors as readonly Tensor[]) {
    if (other.dtype !== first.dtype)
      throw new DTypeError(
        `[${where}] expected tensors of one dtype, got ${first.dtype} and ${other.dtype}; cast them first`,
      );
  }
  return first;
}
