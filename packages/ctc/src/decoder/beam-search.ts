import type { Frames } from '../emissions.ts';
import { Beam, logAdd } from './beam.ts';
import { Candidates } from './candidates.ts';
import { FrameTokens, type TokenLimits } from './frame-tokens.ts';
import { type Fusion, noWord } from './fusion.ts';
import { PrefixTree } from './prefix-tree.ts';

export interface SearchOptions extends TokenLimits {
  readonly beamWidth: number;
  readonly beamThreshold: number;
  /** The class between words, −1 for none */
  readonly separator: number;
  readonly fusion: Fusion | null;
}

/**
 * Prefix beam search over the frames of one utterance (Graves and Jaitly 2014; Hannun et al. 2014): for each prefix the
 * summed probability of its paths that end in a blank and of those that end in its last token.
 *
 * A separator that ends no word, at the beginning or after another one, changes nothing in the text. So it makes no new
 * prefix: its paths are counted to the prefix as it was, and "a  b", " a b" and "a b" are one hypothesis.
 *
 * A frame costs three passes: every hypothesis stays as it is (a blank or its last token again), or is reached from its
 * parent where both are in the beam; these scores alone give a bound that most new hypotheses fall below, so they are
 * neither made nor sorted; of the rest the best are found by selection, without a sort.
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
   * By hypothesis: its paths' sum, how many of its children are in the beam, the timing with its last run closed (or 0)
   */
  readonly #totals: Float64Array;
  readonly #children: Int32Array;
  readonly #closed: Int32Array;
  /** By hypothesis, if it stays */
  readonly #stay: Beam;
  readonly #stayScores: Float64Array;
  readonly #candidates = new Candidates();
  readonly #frameTokens: FrameTokens;

  /** @param compactionLimit from how many nodes or timings on those that are not needed any more are dropped */
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
    const start = fusion?.start ?? { language: 0, hot: 0 };
    this.tree.languages[root] = start.language;
    this.tree.hots[root] = start.hot;
    this.tree.prospects[root] = fusion?.provisional(0, start.hot) ?? 0;
    this.tree.places[root] = 0;
    this.#beam.count = 1;
    this.#beam.labels[0] = -Infinity;
    this.#beam.bestLabels[0] = -Infinity;
  }

  /** The hypotheses after the frames so far, in no order. */
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

  /** What every hypothesis becomes if it stays, its parent's contribution included. */
  #staying(data: Float32Array, at: number): void {
    const beam = this.#beam;
    const stay = this.#stay;
    const { count, nodes, blanks, labels, bestBlanks, bestLabels } = beam;
    const { tokens, parents, places, prospects } = this.tree;
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
        const parent = places[parents[node]!]!;
        if (parent >= 0) {
          this.#children[parent]! += 1;
          const same = tokens[nodes[parent]!] === token;
          stay.labels[i] = logAdd(stay.labels[i]!, (same ? blanks[parent]! : this.#totals[parent]!) + score);
          this.#reach(stay, i, parent, same, score);
        }
      }
      if (separator >= 0 && (token < 0 || token === separator)) this.#absorb(i, token, data[at + separator]!);
      this.#stayScores[i] = logAdd(stay.blanks[i]!, stay.labels[i]!) + prospects[node]!;
    }
  }

  /** Counts the paths that say the separator where it ends no word: hypothesis i stays, in its label state. */
  #absorb(i: number, token: number, score: number): void {
    const { blanks, bestBlanks, bestLabels, blankTimings } = this.#beam;
    const { previousTimings, starts } = this.tree;
    const stay = this.#stay;
    stay.labels[i] = logAdd(stay.labels[i]!, (token < 0 ? this.#totals[i]! : blanks[i]!) + score);
    const best = (token < 0 ? Math.max(bestBlanks[i]!, bestLabels[i]!) : bestBlanks[i]!) + score;
    if (!(best > stay.bestLabels[i]!)) return;
    stay.bestLabels[i] = best;
    // The separator's run goes on from where it began.
    const run = token < 0 ? 0 : blankTimings[i]!;
    stay.labelTimings[i] = previousTimings[run]!;
    stay.labelStarts[i] = starts[run]!;
  }

  /** The timing of hypothesis i with its last token's run closed at this frame. */
  #close(i: number): number {
    // The empty prefix has no run, though its paths may have said a separator.
    if (this.tree.parents[this.#beam.nodes[i]!]! < 0) return 0;
    if (this.#closed[i] === 0)
      this.#closed[i] = this.tree.addTiming(this.#beam.labelTimings[i]!, this.#beam.labelStarts[i]!, this.time);
    return this.#closed[i]!;
  }

  /** Takes the best path from a parent to place `to` of `target` where it is better than the one there. */
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
   * What a new hypothesis must reach at least: the worst of a full beam that stays, and the best less the threshold.
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
    const { tokens, scores, prospects, words, places } = this.tree;
    for (let i = 0; i < count; i++) {
      const node = nodes[i]!;
      const last = tokens[node]!;
      const absorbed = last < 0 || last === separator ? separator : -1;
      const total = this.#totals[i]!;
      const own = scores[node]!;
      // Compared with ≤ below, so that −∞ never enters.
      const least = floor - own - most;
      for (let k = 0; k < allowedCount; k++) {
        const token = allowed[k]!;
        if (token === absorbed) continue;
        const path = (token === last ? blanks[i]! : total) + data[at + token]!;
        if (!(path > least)) continue;
        if (fusion === null) {
          if (this.#children[i]! > 0) {
            const child = this.tree.find(node, token, noWord);
            if (child >= 0 && places[child]! >= 0) continue;
          }
          candidates.add(i, token, 0, path, path + prospects[node]!);
          continue;
        }
        fusion.step(this.tree.languages[node]!, this.tree.trees[node]!, this.tree.hots[node]!, token);
        for (let v = 0; v < fusion.count; v++) {
          const next = fusion.continuations[v]!;
          const score = path + own + next.score + fusion.provisional(next.tree, next.hot);
          if (!(score > floor)) continue;
          const child = this.#children[i]! > 0 ? this.tree.find(node, token, next.word) : -1;
          if (child >= 0 && places[child]! >= 0 && words[child] === next.word) continue;
          candidates.add(i, token, v, path, score);
        }
      }
    }
  }

  /** Makes the next beam of the best of those that stay and the new ones; of equals those that stay, then the first. */
  #choose(data: Float32Array, at: number, floor: number): void {
    const { beamWidth: width, beamThreshold: threshold } = this.#options;
    const beam = this.#beam;
    const next = this.#next;
    const stays = beam.count;
    const { count, scores } = this.#candidates;
    const keeps = this.#candidates.selection(this.#stayScores, stays, { width, floor, threshold });
    for (let i = 0; i < stays; i++) this.tree.places[beam.nodes[i]!] = -1;
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
    this.tree.places[node] = to;
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
    this.tree.places[node] = to;
  }
}
