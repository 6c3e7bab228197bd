import { describe, expect, test } from 'vitest';
import { countPieces, packSequences } from './pieces.ts';

/** Small and without bias enough for lengths: a linear congruential generator. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('packSequences', () => {
  test('cuts where sequences end, and between into powers of two', () => {
    const packing = packSequences(Int32Array.of(2, 7, 0, 7), 4, false);
    expect(packing.pieces).toEqual([
      { steps: 2, batch: 3, firstRow: 0 },
      { steps: 4, batch: 2, firstRow: 6 },
      { steps: 1, batch: 2, firstRow: 14 },
    ]);
    expect([...packing.order]).toEqual([1, 3, 0, 2]);
  });

  test.each([false, true])('meets every step of every sequence once, in its own direction (reverse: %s)', (reverse) => {
    const draw = numbers(reverse ? 5 : 3);
    for (let round = 0; round < 200; round++) {
      const batch = 1 + draw(9);
      const lengths = Int32Array.from({ length: batch }, () => draw(20));
      const { pieces, rows, rowIndex, order, places } = packSequences(lengths, batch, reverse);
      expect(countPieces(lengths)).toBe(pieces.length);
      expect(rows).toBe(lengths.reduce((sum, length) => sum + length, 0));
      expect(pieces.reduce((sum, piece) => sum + piece.steps * piece.batch, 0)).toBe(rows);
      const next = Int32Array.from(lengths, (length) => (reverse ? length - 1 : 0));
      let row = 0;
      for (const piece of pieces) {
        expect(piece.firstRow).toBe(row);
        expect(Number.isInteger(Math.log2(piece.steps))).toBe(true);
        for (let step = 0; step < piece.steps; step++) {
          for (let place = 0; place < piece.batch; place++) {
            const n = order[place]!;
            expect(rowIndex[row++]).toBe(next[n]! * batch + n);
            next[n]! += reverse ? -1 : 1;
          }
        }
      }
      expect([...next]).toEqual([...lengths].map((length) => (reverse ? -1 : length)));
      expect([...order].map((n) => places[n])).toEqual(Array.from({ length: batch }, (_, place) => place));
    }
  });
});
