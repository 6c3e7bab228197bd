/** A run of time steps in which the same sequences are alive: what one recurrent primitive can do. */
export interface Piece {
  readonly steps: number;
  /** Sequences alive; they are the first ones, since the sequences are sorted by length. */
  readonly batch: number;
  /** Row of its first step in the packed tensors */
  readonly firstRow: number;
}

/** How sequences of different lengths are packed: step after step, at each only those that are alive. */
export interface Packing {
  readonly pieces: readonly Piece[];
  /** Rows of the packed tensors */
  readonly rows: number;
  /** The row t·N + n of the tensor by packed row */
  readonly rowIndex: Int32Array;
  /** The sequence by its place among the sorted */
  readonly order: Int32Array;
  /** The place of each sequence */
  readonly places: Int32Array;
}

/** One piece of T steps of all sequences: nothing to pack. */
export function wholePiece(steps: number, batch: number): readonly Piece[] {
  return [{ steps, batch, firstRow: 0 }];
}

/**
 * Cuts the time axis where sequences end, and what lies between into powers of two: the library has one primitive for each
 * number of steps, and so there are log₂ T of them for a batch size instead of T. A packed sequence runs forward also
 * where it is `reverse`d, from its own last step.
 */
export function packSequences(lengths: Int32Array, batch: number, reverse: boolean): Packing {
  const order = Int32Array.from({ length: batch }, (_, n) => n).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const places = new Int32Array(batch);
  order.forEach((n, place) => {
    places[n] = place;
  });
  let rows = 0;
  for (const length of lengths) rows += length;

  const pieces: Piece[] = [];
  let firstRow = 0;
  let start = 0;
  let alive = batch;
  for (;;) {
    while (alive > 0 && lengths[order[alive - 1]!]! <= start) alive--;
    if (alive === 0) break;
    const gap = lengths[order[alive - 1]!]! - start;
    const steps = 2 ** Math.floor(Math.log2(gap));
    pieces.push({ steps, batch: alive, firstRow });
    firstRow += steps * alive;
    start += steps;
  }

  const rowIndex = new Int32Array(rows);
  let row = 0;
  let step = 0;
  for (const piece of pieces) {
    for (const end = step + piece.steps; step < end; step++) {
      for (let place = 0; place < piece.batch; place++) {
        const n = order[place]!;
        rowIndex[row++] = (reverse ? lengths[n]! - 1 - step : step) * batch + n;
      }
    }
  }
  return { pieces, rows, rowIndex, order, places };
}

/** How many pieces `packSequences` makes: the powers of two that the gaps between the ends are made of. */
export function countPieces(lengths: Int32Array): number {
  let count = 0;
  let start = 0;
  for (const length of lengths.slice().sort()) {
    for (let gap = length - start; gap > 0; gap &= gap - 1) count++;
    start = length;
  }
  return count;
}
