import { is, ShapeError, type OptionRules } from '@timestep/backend-api';
import { record, wrap } from '../autograd/record.ts';
import { broadcastShapes, sameShape, show, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { checkOperation, expectDType, sameBackend } from './check.ts';
import { sumTo } from './reduce.ts';
import { expand, reshape } from './shape.ts';

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** a is stored transposed: `[…, k, m]`. */
  readonly transposeA?: boolean;
  /** b is stored transposed: `[…, n, k]`. */
  readonly transposeB?: boolean;
}

const rules: OptionRules<MatmulOptions> = {
  transposeA: is.optional(is.boolean),
  transposeB: is.optional(is.boolean),
};

/**
 * The matrix product over the last two axes: `[…, m, k]·[…, k, n]` → `[…, m, n]`; the axes before are broadcast.
 *
 * @example
 * ```ts
 * matmul(tensor(backend, [[1, 2], [3, 4]]), tensor(backend, [[1], [1]])); // [[3], [7]]
 * ```
 *
 * @throws ShapeError where the inner lengths differ or an operand has fewer than 2 axes
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  expectDType('matmul', 'a', a, ['f32']);
  expectDType('matmul', 'b', b, ['f32']);
  checkOperation('matmul', options, rules);
  sameBackend('matmul', [a, b]);
  if (a.rank < 2 || b.rank < 2)
    throw new ShapeError(
      `[matmul] expected at least 2 axes each, got ${show(a.shape)} and ${show(b.shape)}; reshape a vector to one row or column`,
    );
  const transposeA = options.transposeA ?? false;
  const transposeB = options.transposeB ?? false;
  const y = product(a, b, transposeA, transposeB);
  record('matmul', [y], {
    inputs: [a, b],
    saved: [a, b],
    backward: ([gradient], wanted, [left, right]) => [
      wanted[0]
        ? sumTo(
            transposeA ? product(right!, gradient!, transposeB, true) : product(gradient!, right!, false, !transposeB),
            left!.shape,
          )
        : null,
      wanted[1] ? gradientOfB(left!, right!, gradient!, transposeA, transposeB) : null,
    ],
  });
  return y;
}

function gradientOfB(a: Tensor, b: Tensor, gradient: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  // One matrix b for a batch of a: the batch joins the rows, and the sum over it is part of one product.
  if (b.rank === 2 && a.rank > 2 && !transposeA) {
    const rows = sizeOf(a.shape.slice(0, -1));
    const flatA = reshape(a, [rows, a.shape.at(-1)!]);
    const flatGradient = reshape(gradient, [rows, gradient.shape.at(-1)!]);
    return transposeB ? product(flatGradient, flatA, true, false) : product(flatA, flatGradient, true, false);
  }
  return sumTo(transposeB ? product(gradient, a, true, transposeA) : product(a, gradient, !transposeA, false), b.shape);
}

/** The product without a record. */
function product(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor {
  const [m, k] = matrix(a, transposeA);
  const [inner, n] = matrix(b, transposeB);
  if (k !== inner) {
    throw new ShapeError(
      `[matmul] inner lengths differ: ${show(a.shape)}${transposeA ? ' (transposed)' : ''} has ${k}, ${show(b.shape)}${transposeB ? ' (transposed)' : ''} has ${inner}`,
    );
  }
  const batchShape = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batchShape, m, n];
  const out = a.backend.alloc('f32', sizeOf(shape));
  // A batch of a against one b is one tall product.
  const joined = sizeOf(b.shape.slice(0, -2)) === 1 && !transposeA && sameShape(a.shape.slice(0, -2), batchShape);
  const left = spread(a, batchShape);
  const right = spread(b, batchShape);
  a.backend.matmul(left.tensor.buffer, right.tensor.buffer, out, {
    m: joined ? sizeOf(batchShape) * m : m,
    n,
    k,
    batch: joined ? 1 : sizeOf(batchShape),
    aStride: left.stride,
    bStride: right.stride,
    transposeA,
    transposeB,
    accumulate: false,
  });
  for (const { tensor, made } of [left, right]) if (made) tensor.dispose();
  return wrap(a, out, shape);
}

function matrix(x: Tensor, transposed: boolean): [number, number] {
  const [rows, columns] = [x.shape.at(-2)!, x.shape.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

/**
 * An operand for a batch: itself with stride 0 or one matrix, or a stretched copy where only some axes are broadcast.
 */
function spread(x: Tensor, batchShape: readonly number[]): { tensor: Tensor; stride: number; made: boolean } {
  const own = x.shape.slice(0, -2);
  const stride = x.shape.at(-2)! * x.shape.at(-1)!;
  if (sizeOf(own) === 1) return { tensor: x, stride: 0, made: false };
  if (sizeOf(own) === sizeOf(batchShape)) return { tensor: x, stride, made: false };
  const detached = x.detach();
  const tensor = expand(detached, [...batchShape, ...x.shape.slice(-2)]);
  detached.dispose();
  return { tensor, stride, made: true };
}
