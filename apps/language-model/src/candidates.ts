import type { Generator } from '@timestep/core';

/** The symbols that a training step scores, instead of all. */
export interface Candidates {
  /** i32 `[S]`: every target of the batch, then symbols drawn from the others. */
  readonly symbols: Int32Array;
  /** The place of each target among them. */
  readonly targets: Int32Array;
  /** `[S]`, added to the scores: −ln of the probability that the symbol was drawn. */
  readonly offsets: Float32Array;
}

/**
 * Draws the symbols of a sampled softmax: the targets of the batch and `count` of the other symbols, all with equal
 * probability q. Each of these stands for 1/q symbols, so that Σ exp(score) has the expectation of the whole sum (Jean et
 * al. 2015).
 */
export function drawCandidates(
  targets: Int32Array,
  { count, size, random }: { readonly count: number; readonly size: number; readonly random: Generator },
): Candidates {
  const places = new Map<number, number>();
  for (const target of targets) if (!places.has(target)) places.set(target, places.size);
  const others = Array.from({ length: size }, (_, symbol) => symbol).filter((symbol) => !places.has(symbol));
  const drawn = Math.min(count, others.length);
  // The first steps of a Fisher–Yates shuffle.
  for (let at = 0; at < drawn; at++) {
    const from = at + random.integer(others.length - at);
    [others[at], others[from]] = [others[from]!, others[at]!];
  }
  const offset = -Math.log(drawn / others.length);
  return {
    symbols: Int32Array.from([...places.keys(), ...others.slice(0, drawn)]),
    targets: targets.map((target) => places.get(target)!),
    offsets: Float32Array.from({ length: places.size + drawn }, (_, at) => (at < places.size ? 0 : offset)),
  };
}
