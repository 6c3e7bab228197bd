import { ArgumentError, DTypeError, type Backend, type DType, type ReduceOp } from '@timestep/backend-api';
import { checkDistinct, type Heap } from './heap.ts';

const least: Readonly<Record<DType, number>> = { f32: -Infinity, i32: -(2 ** 31), u32: 0 };
const greatest: Readonly<Record<DType, number>> = { f32: Infinity, i32: 2 ** 31 - 1, u32: 2 ** 32 - 1 };

/**
 * Each reduction as its value for nothing and the way to take in one more element; Math.max and Math.min keep a NaN.
 */
const reductions: Readonly<Record<ReduceOp, { start(dtype: DType): number; take(sum: number, x: number): number }>> = {
  sum: { start: () => 0, take: (total, x) => total + x },
  max: { start: (dtype) => least[dtype], take: (most, x) => Math.max(most, x) },
  min: { start: (dtype) => greatest[dtype], take: (fewest, x) => Math.min(fewest, x) },
};

export function reduce(heap: Heap): Backend['reduce'] {
  return (op, input, out, { outer, length, inner }) => {
    const where = `reduce.${op}`;
    checkDistinct(where, out, input);
    const source = heap.values(where, input, outer * length * inner);
    const target = heap.values(where, out, outer * inner);
    if (input.dtype !== out.dtype)
      throw new DTypeError(`[reference.${where}] expected ${input.dtype} out, got ${out.dtype}; cast first`);
    const { start, take } = reductions[op];
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let result = start(input.dtype);
        for (let l = 0; l < length; l++) result = take(result, source[(o * length + l) * inner + i]!);
        target[o * inner + i] = result;
      }
    }
  };
}

export function argmax(heap: Heap): Backend['argmax'] {
  return (input, out, { outer, length, inner }) => {
    checkDistinct('argmax', out, input);
    const source = heap.values('argmax', input, outer * length * inner);
    const target = heap.integers('argmax', out, outer * inner);
    if (length < 1)
      throw new ArgumentError(
        '[reference.argmax] expected a length of 1 or more, got 0; an empty axis has no largest element',
      );
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const at = (l: number) => source[(o * length + l) * inner + i]!;
        let best = 0;
        for (let l = 1; l < length; l++) {
          if (!Number.isNaN(at(best)) && (at(l) > at(best) || Number.isNaN(at(l)))) best = l;
        }
        target[o * inner + i] = best;
      }
    }
  };
}
