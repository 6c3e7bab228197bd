import { clearRow, copyRow } from './rows';

/**
 * The first argument slots of every kernel of a sequence op; src/fused/sequence-plan.ts fills them in this order.
 *
 * Sequences are sorted by length, longest first; a sequence's place in that order is its position. Step s is the
 * (s + 1)-th in the direction of travel: of the sequences that are longer than s, `active[s]`, which are the first
 * positions. What belongs to (s, position) is kept in the packed row `offsets[s] + position`; there is no row for a
 * step past the end of its sequence, so finished sequences cost nothing. `rows` says for each packed row where its x
 * and its output stand: t·N + n.
 *
 * Part p of `parts` sweeps the positions p, p + parts, p + 2·parts, …: every part has its share of long and of short
 * ones.
 */
@unmanaged
export class Sequence {
  /** T */
  steps: i32;
  /** The longest length; steps of the sweep. */
  longest: i32;
  /** N */
  batch: i32;
  /** D */
  inputSize: i32;
  /** H */
  hiddenSize: i32;
  /** H rounded up to a multiple of 8; the added units are 0 throughout. */
  hiddenPadded: i32;
  /** P, and rounded up to a multiple of 8 */
  outputSize: i32;
  outputPadded: i32;
  /** Floats from one packed row of gates to the next */
  gateStride: i32;
  /** Products are made by a library outside, and weights are packed for it: `product` says how */
  outside: i32;
  /** i32[longest + 1]; 0 at the end */
  active: usize;
  /** i32[longest + 1]; the number of packed rows at the end */
  offsets: usize;
  /** i32[number of packed rows] */
  rows: usize;
  /** i32[N]: position → n */
  order: usize;
  /** i32[N]: position → length */
  lengths: usize;
}

/** Positions of part `part` that are active at step s: the first so many of its own. */
// @ts-ignore: decorator
@inline
export function countActive(q: Sequence, s: i32, part: i32, parts: i32): i32 {
  return (load<i32>(q.active + ((<usize>s) << 2)) - part + parts - 1) / parts;
}

/** The packed row of step s and the part's position number i. */
// @ts-ignore: decorator
@inline
export function packedRow(q: Sequence, s: i32, i: i32, part: i32, parts: i32): i32 {
  return load<i32>(q.offsets + ((<usize>s) << 2)) + part + i * parts;
}

/** Where row t·N + n of a packed row begins in an array [T, N, width]. */
// @ts-ignore: decorator
@inline
export function sourceRow(q: Sequence, base: usize, row: i32, width: i32): usize {
  return base + <usize>load<i32>(q.rows + ((<usize>row) << 2)) * ((<usize>width) << 2);
}

// @ts-ignore: decorator
@inline
export function sequenceAt(q: Sequence, position: i32): i32 {
  return load<i32>(q.order + ((<usize>position) << 2));
}

// @ts-ignore: decorator
@inline
export function lengthAt(q: Sequence, position: i32): i32 {
  return load<i32>(q.lengths + ((<usize>position) << 2));
}

/** Copies the part's rows of a state [N, width] to padded rows; null is zeros, and so is the padding. */
export function loadState(q: Sequence, from: usize, width: i32, to: usize, padded: i32, part: i32, parts: i32): void {
  let target = to;
  for (let position = part; position < q.batch; position += parts) {
    clearRow(target, padded);
    if (from != 0) copyRow(target, from + <usize>sequenceAt(q, position) * ((<usize>width) << 2), width);
    target += (<usize>padded) << 2;
  }
}

/** Copies the part's padded rows back to a state [N, width]. */
export function storeState(q: Sequence, from: usize, padded: i32, to: usize, width: i32, part: i32, parts: i32): void {
  let source = from;
  for (let position = part; position < q.batch; position += parts) {
    copyRow(to + <usize>sequenceAt(q, position) * ((<usize>width) << 2), source, width);
    source += (<usize>padded) << 2;
  }
}

/** Zeros in `[T, N, width]` at and past the length of each of the part's sequences. */
export function clearPastEnd(q: Sequence, base: usize, width: i32, part: i32, parts: i32): void {
  for (let position = part; position < q.batch; position += parts) {
    for (let t = lengthAt(q, position); t < q.steps; t++) {
      clearRow(base + <usize>(t * q.batch + sequenceAt(q, position)) * ((<usize>width) << 2), width);
    }
  }
}

/**
 * Fills `active`, `offsets` and `rows` from `order` and `lengths`. Slots: a `Sequence`, then whether the sweep runs
 * backwards in time (each sequence from its own last step).
 */
export function layOutSequences(args: usize, _part: i32, _parts: i32): void {
  const q = changetype<Sequence>(args);
  const reverse = load<i32>(args + offsetof<Sequence>()) != 0;
  let active = q.batch;
  let row = 0;
  for (let s = 0; s <= q.longest; s++) {
    while (active > 0 && lengthAt(q, active - 1) <= s) active--;
    store<i32>(q.active + ((<usize>s) << 2), active);
    store<i32>(q.offsets + ((<usize>s) << 2), row);
    for (let position = 0; position < active; position++) {
      const t = reverse ? lengthAt(q, position) - 1 - s : s;
      store<i32>(q.rows + ((<usize>row) << 2), t * q.batch + sequenceAt(q, position));
      row++;
    }
  }
}
