import type { Frames } from '../emissions.ts';
import { Beam, logAdd } from './beam.ts';
import { Candidates } from './candidates.ts';
import { FrameTokens, type TokenLimits } from './frame-tokens.ts';
import { type Fusion, noWord } from './fusion.ts';
import { PrefixTree } from './prefix-tree.ts';

export interface SearchOptions extends TokenLimits {
  readonly beamWidth: number;
  readonly beamThreshold: number;
  /** The class between words; −1 if there is none */
  readonly separator: number;
  readonly fusion: Fusion | null;
}

/**
 * Prefix beam search over the frames of one utterance (Graves and Jaitly 2014; Hannun et al. 2014). For each prefix it
 * keeps two sums: the probability of the paths that end in a blank, and of those that end in the last token.
 *
 * A separator at the beginning or after another separator does not change the text. Its paths are added to the same
 * prefix, so that "a  b", " a b" and "a b" are one hypothesis.
 *
 * A frame takes three passes:
 * 1. Score every hypothesis that stays as it is (a blank or its last token again), including the paths from its parent.
 * 2. List the new hypotheses. Those below the bound that pass 1 gives, usually most of them, are never created.
 * 3. Select the best, without sorting.
 */
export class BeamSearch {
  readonly tree = new PrefixTree();
  /** Frames so far */
  time = 0;
  readonly #options: SearchOptions;
  readonly #fusion: Fusion | null;
  #beam: Beam;
  #next: Beam;
  readonly #compactionLimit: number;
  #limit: number;
  #timingLimit: number;
  /**
   * For each hypothesis: ln of the sum of its paths, the number of its children in the beam, its closed timing (or 0)
   */
  readonly #totals: Float64Array;
  readonly #children: Int32Array;
  readonly #closed: Int32Array;
  /** For each hypothesis: its values in the next frame if it stays as it is */
  readonly #stay: Beam;
  readonly #stayScores: Float64Array;
  readonly #candidates = new Candidates();
  readonly #frameTokens: FrameTokens;

  /** @param compactionLimit the number of nodes or timings above which unused ones are removed */
  constructor(options: SearchOptions, compactionLimit = 1 << 17) {
    this.#compactionLimit = compactionLimit;
    this.#limit = compactionLimit;
    this.#timingLimit = compactionLimit;
    const { beamWidth, fusion } = options;
    this.#options = options;
    this.#fusion = fusion;
    this.#beam = new Beam(beamWidth);
    this.#next = new Beam(beamWidth);
    this.#stay = new Beam(beamWidth);
    this.#totals = new Float64Array(beamWidth);
    this.#children = new Int32Array(beamWidth);
    this.#closed = new Int32Array(beamWidth);
    this.#stayScores = new Float64Array(beamWidth);
    this.#frameTokens = new FrameTokens(options);
    const root = this.tree.add(-1, -1, noWord);
    const start = fusion?.start ?? { lmState: 0, hotWordState: 0 };
    this.tree.lmStates[root] = start.lmState;
    this.tree.hotWordStates[root] = start.hotWordState;
    this.tree.provisionalScores[root] = fusion?.provisional(0, start.hotWordState) ?? 0;
    this.tree.beamIndices[root] = 0;
    this.#beam.count = 1;
    this.#beam.labels[0] = -Infinity;
    this.#beam.bestLabels[0] = -Infinity;
  }

  /** The hypotheses after the frames so far, unordered. */
  get beam(): Beam {
    return this.#beam;
  }

  process({ data, steps, classes }: Frames): void {
    for (let t = 0; t < steps; t++) this.#frame(data, t * classes);
  }

  #frame(data: Float32Array, at: number): void {
    this.#frameTokens.read(data, at);
    this.#staying(data, at);
    const floor = this.#floor();
    this.#extend(data, at, floor);
    this.#choose(data, at, floor);
    this.time += 1;
    if (this.tree.count > this.#limit) {
      this.tree.compactNodes(this.#beam.nodes.subarray(0, this.#beam.count));
      this.#limit = Math.max(this.#compactionLimit, 2 * this.tree.count);
    }
    if (this.tree.timings > this.#timingLimit) {
      this.tree.compactTimings([
        this.#beam.blankTimings.subarray(0, this.#beam.count),
        this.#beam.labelTimings.subarray(0, this.#beam.count),
      ]);
      this.#timingLimit = Math.max(this.#compactionLimit, 2 * this.tree.timings);
    }
  }

  /** Scores every hypothesis that stays as it is, including the paths from its parent. */
  #staying(data: Float32Array, at: number): void {
    const beam = this.#beam;
    const stay = this.#stay;
    const { count, nodes, blanks, labels, bestBlanks, bestLabels } = beam;
    const { tokens, parents, beamIndices, provisionalScores } = this.tree;
    const { separator } = this.#options;
    const blank = data[at + this.#options.blank]!;
    for (let i = 0; i < count; i++) {
      this.#totals[i] = logAdd(blanks[i]!, labels[i]!);
      this.#children[i] = 0;
      this.#closed[i] = 0;
    }
    for (let i = 0; i < count; i++) {
      const node = nodes[i]!;
      const token = tokens[node]!;
      stay.blanks[i] = this.#totals[i]! + blank;
      if (bestLabels[i]! > bestBlanks[i]!) {
        stay.bestBlanks[i] = bestLabels[i]! + blank;
        stay.blankTimings[i] = this.#close(i);
      } else {
        stay.bestBlanks[i] = bestBlanks[i]! + blank;
        stay.blankTimings[i] = beam.blankTimings[i]!;
      }
      stay.labels[i] = -Infinity;
      stay.bestLabels[i] = -Infinity;
      if (token >= 0) {
        const score = data[at + token]!;
        stay.labels[i] = labels[i]! + score;
        stay.bestLabels[i] = bestLabels[i]! + score;
        stay.labelTimings[i] = beam.labelTimings[i]!;
        stay.labelStarts[i] = beam.labelStarts[i]!;
        const parent = beamIndices[parents[node]!]!;
        if (parent >= 0) {
          this.#children[parent]! += 1;
          const same = tokens[nodes[parent]!] === token;
          stay.labels[i] = logAdd(stay.labels[i]!, (same ? blanks[parent]! : this.#totals[parent]!) + score);
          this.#reach(stay, i, parent, same, score);
        }
      }
      if (separator >= 0 && (token < 0 || token === separator)) this.#absorb(i, token, data[at + separator]!);
      this.#stayScores[i] = logAdd(stay.blanks[i]!, stay.labels[i]!) + provisionalScores[node]!;
    }
  }

  /** Adds the paths with a separator that does not end a word to hypothesis i, which stays as it is. */
  #absorb(i: number, token: number, score: number): void {
    const { blanks, bestBlanks, bestLabels, blankTimings } = this.#beam;
    const { previousTimings, starts } = this.tree;
    const stay = this.#stay;
    stay.labels[i] = logAdd(stay.labels[i]!, (token < 0 ? this.#totals[i]! : blanks[i]!) + score);
    const best = (token < 0 ? Math.max(bestBlanks[i]!, bestLabels[i]!) : bestBlanks[i]!) + score;
    if (!(best > stay.bestLabels[i]!)) return;
    stay.bestLabels[i] = best;
    // The run of the separator continues from its first frame.
    const run = token < 0 ? 0 : blankTimings[i]!;
    stay.labelTimings[i] = previousTimings[run]!;
    stay.labelStarts[i] = starts[run]!;
  }

  /** Returns the timing of hypothesis i after the run of its last token has ended at this frame. */
  #close(i: number): number {
    // The empty prefix has no run, even if its paths contain a separator.
    if (this.tree.parents[this.#beam.nodes[i]!]! < 0) return 0;
    if (this.#closed[i] === 0)
      this.#closed[i] = this.tree.addTiming(this.#beam.labelTimings[i]!, this.#beam.labelStarts[i]!, this.time);
    return this.#closed[i]!;
  }

  /** Replaces the best path at index `to` of `target` if the one from the parent is better. */
  #reach(target: Beam, to: number, parent: number, same: boolean, score: number): void {
    const { bestBlanks, bestLabels, blankTimings } = this.#beam;
    const fromLabel = !same && bestLabels[parent]! > bestBlanks[parent]!;
    const best = (fromLabel ? bestLabels[parent]! : bestBlanks[parent]!) + score;
    if (best > target.bestLabels[to]!) {
      target.bestLabels[to] = best;
      target.labelTimings[to] = fromLabel ? this.#close(parent) : blankTimings[parent]!;
      target.labelStarts[to] = this.time;
    }
  }

  /**
   * Returns the lowest score that a new hypothesis needs: the worst of a full beam, and the best minus the threshold.
   */
  #floor(): number {
    const count = this.#beam.count;
    let worst = Infinity;
    let best = -Infinity;
    for (let i = 0; i < count; i++) {
      worst = Math.min(worst, this.#stayScores[i]!);
      best = Math.max(best, this.#stayScores[i]!);
    }
    return Math.max(count === this.#options.beamWidth ? worst : -Infinity, best - this.#options.beamThreshold);
  }

  /** Lists the new hypotheses that are not below `floor`. */
  #extend(data: Float32Array, at: number, floor: number): void {
    const candidates = this.#candidates;
    candidates.count = 0;
    const { separator } = this.#options;
    const { allowed, count: allowedCount } = this.#frameTokens;
    const fusion = this.#fusion;
    const most = fusion?.most ?? 0;
    const { nodes, blanks, count } = this.#beam;
    const { tokens, scores, provisionalScores, words, beamIndices } = this.tree;
    for (let i = 0; i < count; i++) {
      const node = nodes[i]!;
      const last = tokens[node]!;
      const absorbed = last < 0 || last === separator ? separator : -1;
      const total = this.#totals[i]!;
      const own = scores[node]!;
      // The comparison below is strict, so that −∞ is always rejected.
      const least = floor - own - most;
      for (let k = 0; k < allowedCount; k++) {
        const token = allowed[k]!;
        if (token === absorbed) continue;
        const path = (token === last ? blanks[i]! : total) + data[at + token]!;
        if (!(path > least)) continue;
        if (fusion === null) {
          if (this.#children[i]! > 0) {
            const child = this.tree.find(node, token, noWord);
            if (child >= 0 && beamIndices[child]! >= 0) continue;
          }
          candidates.add(i, token, 0, path, path + provisionalScores[node]!);
          continue;
        }
        fusion.step(this.tree.lmStates[node]!, this.tree.spellingStates[node]!, this.tree.hotWordStates[node]!, token);
        for (let v = 0; v < fusion.count; v++) {
          const next = fusion.continuations[v]!;
          const score = path + own + next.score + fusion.provisional(next.spellingState, next.hotWordState);
          if (!(score > floor)) continue;
          const child = this.#children[i]! > 0 ? this.tree.find(node, token, next.word) : -1;
          if (child >= 0 && beamIndices[child]! >= 0 && words[child] === next.word) continue;
          candidates.add(i, token, v, path, score);
        }
      }
    }
  }

  /** Selects the next beam. If scores are equal, old hypotheses win over new ones, and earlier ones over later ones. */
  #choose(data: Float32Array, at: number, floor: number): void {
    const { beamWidth: width, beamThreshold: threshold } = this.#options;
    const beam = this.#beam;
    const next = this.#next;
    const stays = beam.count;
    const { count, scores } = this.#candidates;
    const keeps = this.#candidates.selection(this.#stayScores, stays, { width, floor, threshold });
    for (let i = 0; i < stays; i++) this.tree.beamIndices[beam.nodes[i]!] = -1;
    let made = 0;
    for (let i = 0; i < stays; i++) if (keeps(this.#stayScores[i]!)) this.#keep(next, made++, i);
    for (let k = 0; k < count; k++) if (keeps(scores[k]!)) this.#make(next, made++, k, data, at);
    next.count = made;
    this.#beam = next;
    this.#next = beam;
  }

  #keep(next: Beam, to: number, i: number): void {
    const stay = this.#stay;
    const node = this.#beam.nodes[i]!;
    next.nodes[to] = node;
    next.blanks[to] = stay.blanks[i]!;
    next.labels[to] = stay.labels[i]!;
    next.bestBlanks[to] = stay.bestBlanks[i]!;
    next.bestLabels[to] = stay.bestLabels[i]!;
    next.blankTimings[to] = stay.blankTimings[i]!;
    next.labelTimings[to] = stay.labelTimings[i]!;
    next.labelStarts[to] = stay.labelStarts[i]!;
    this.tree.beamIndices[node] = to;
  }

  #make(next: Beam, to: number, k: number, data: Float32Array, at: number): void {
    const { parents, tokens, variants, paths } = this.#candidates;
    const parent = parents[k]!;
    const token = tokens[k]!;
    const from = this.#beam.nodes[parent]!;
    const node = this.tree.extend(from, token, this.#fusion, variants[k]!);
    next.nodes[to] = node;
    next.blanks[to] = -Infinity;
    next.labels[to] = paths[k]!;
    next.bestBlanks[to] = -Infinity;
    next.bestLabels[to] = -Infinity;
    next.blankTimings[to] = 0;
    this.#reach(next, to, parent, this.tree.tokens[from] === token, data[at + token]!);
    this.tree.beamIndices[node] = to;
  }
}
