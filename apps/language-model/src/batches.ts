import { Generator } from '@timestep/core';
import { type DataSource, type TokenWindow, windowData } from '@timestep/train';
import { type Candidates, drawCandidates } from './candidates.ts';

/** How often a symbol that occurs once is shown as the unknown one, so that the model learns when to expect it. */
const unknownShare = 0.2;

export interface BatchOptions {
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  /** The index of the unknown symbol; null for a text that marks its unknown words itself. */
  readonly unknown: number | null;
  /** V: the number of symbols. */
  readonly size: number;
  /** Symbols besides the targets that a step scores; 0 for all. */
  readonly candidates: number;
}

/** A window and, where not all symbols are scored, those that are. */
export interface TrainingWindow extends TokenWindow {
  readonly candidates: Candidates | null;
}

/**
 * Windows over a text, in which symbols that occur once are sometimes unknown. A batch depends on its position and the
 * seed alone.
 */
export function trainingWindows(
  symbols: Int32Array,
  { steps, batch, seed, unknown, size, candidates }: BatchOptions,
): DataSource<TrainingWindow> {
  const source = windowData(symbols, { steps, batch });
  const counts = new Map<number, number>();
  for (const symbol of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  const root = new Generator(seed);
  return {
    async next() {
      const random = root.fork(JSON.stringify(source.state()));
      const window = await source.next();
      if (!window) return null;
      const hides = (symbol: number): boolean => counts.get(symbol) === 1 && random.uniform() < unknownShare;
      const targets =
        unknown === null ? window.targets : window.targets.map((symbol) => (hides(symbol) ? unknown : symbol));
      const drawn = candidates > 0 ? drawCandidates(targets, { count: candidates, size, random }) : null;
      return { ...window, targets, candidates: drawn };
    },
    state: () => source.state(),
    restore: (state) => source.restore(state),
  };
}
