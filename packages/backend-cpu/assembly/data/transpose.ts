import { integer, pointer } from '../support/arguments';
import { rowOffset } from '../support/layout';
import { partStart } from '../support/split';
import { interleaveHigh, interleaveLow, joinHigh, joinLow } from '../support/transpose';

/** Side of the squares that are transposed at a time: 4 KiB read and 4 KiB written stay in the first-level cache. */
// @ts-ignore: decorator
@inline
const SQUARE: i32 = 32;

/** out[r, c] = input[c, r]: `inputStep` and `outStep` are the bytes of a row of each. */
function transposeBlock(input: usize, inputStep: usize, out: usize, outStep: usize, rows: i32, columns: i32): void {
  const wholeRows = rows & ~3;
  const wholeColumns = columns & ~3;
  for (let r = 0; r < wholeRows; r += 4) {
    for (let c = 0; c < wholeColumns; c += 4) {
      const from = input + <usize>c * inputStep + ((<usize>r) << 2);
      const to = out + <usize>r * outStep + ((<usize>c) << 2);
      const c0 = v128.load(from);
      const c1 = v128.load(from + inputStep);
      const c2 = v128.load(from + 2 * inputStep);
      const c3 = v128.load(from + 3 * inputStep);
      const low01 = interleaveLow(c0, c1);
      const low23 = interleaveLow(c2, c3);
      const high01 = interleaveHigh(c0, c1);
      const high23 = interleaveHigh(c2, c3);
      v128.store(to, joinLow(low01, low23));
      v128.store(to + outStep, joinHigh(low01, low23));
      v128.store(to + 2 * outStep, joinLow(high01, high23));
      v128.store(to + 3 * outStep, joinHigh(high01, high23));
    }
  }
  for (let r = 0; r < rows; r++) {
    for (let c = r < wholeRows ? wholeColumns : 0; c < columns; c++) {
      store<i32>(
        out + <usize>r * outStep + ((<usize>c) << 2),
        load<i32>(input + <usize>c * inputStep + ((<usize>r) << 2)),
      );
    }
  }
}

/**
 * A batch of transposes out[r, c] = input[c, r]. Slots: input, out, matrices, rows and columns of out, elements of a
 * row of input and of out, number of batch axes, and from slot 8 on these axes as `rowOffset` reads them.
 */
export function transposeMatrices(args: usize, part: i32, parts: i32): void {
  const input = pointer(args, 0);
  const out = pointer(args, 1);
  const rows = integer(args, 3);
  const columns = integer(args, 4);
  const inputStep = (<usize>integer(args, 5)) << 2;
  const outStep = (<usize>integer(args, 6)) << 2;
  const axes = integer(args, 7);
  const bands = (rows + SQUARE - 1) / SQUARE;
  const end = partStart(integer(args, 2) * bands, part + 1, parts, 1);
  for (let item = partStart(integer(args, 2) * bands, part, parts, 1); item < end; item++) {
    const matrix = item / bands;
    const r = (item - matrix * bands) * SQUARE;
    const from = input + ((<usize>(rowOffset(args, 8, axes, 2, 0, matrix) + r)) << 2);
    const to = out + ((<usize>rowOffset(args, 8, axes, 2, 1, matrix)) << 2) + <usize>r * outStep;
    for (let c = 0; c < columns; c += SQUARE) {
      transposeBlock(
        from + <usize>c * inputStep,
        inputStep,
        to + ((<usize>c) << 2),
        outStep,
        min(SQUARE, rows - r),
        min(SQUARE, columns - c),
      );
    }
  }
}
