import type { Frames } from '../emissions.ts';
import { grown } from '../language-model/word-table.ts';
import { Beam, logAdd } from './beam.ts';
import { type Fusion, noWord } from './fusion.ts';
import { PrefixTree } from './prefix-tree.ts';
import { kthLargest } from './select.ts';

export interface SearchOptions {
  readonly classes: number;
  readonly blank: number;
  readonly beamWidth: number;
  readonly beamThreshold: number;
  readonly maxTokens: number;
  readonly tokenThreshold: number;
  readonly fusion: Fusion | null;
}

/**
 * Prefix beam search over the frames of one utterance (Graves and Jaitly 2014; Hannun et al. 2014): for each prefix the
 * summed probability of its paths that end in a blank and of those that end in its last token.
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
  /** New hypotheses: parent's place, token, which of the fusion's continuations, probability of its paths, score */
  #parents = new Int32Array(1024);
  #tokens = new Int32Array(1024);
  #variants = new Int32Array(1024);
  #paths = new Float64Array(1024);
  #scores = new Float64Array(1024);
  #sorted = new Float64Array(1024);
  readonly #allowed: Int32Array;
  readonly #row: Float64Array;

  /** @param compactionLimit from how many nodes or timings on those that are not needed any more are dropped */
  constructor(options: SearchOptions, compactionLimit = 1 << 17) {
    this.#compactionLimit = compactionLimit;
    this.#limit = compactionLimit;
    this.#timingLimit = compactionLimit;
    const { beamWidth, classes, fusion, blank } = options;
    this.#options = options;
    this.#fusion = fusion;
    this.#beam = new Beam(beamWidth);
    this.#next = new Beam(beamWidth);
    this.#stay = new Beam(beamWidth);
    this.#totals = new Float64Array(beamWidth);
    this.#children = new Int32Array(beamWidth);
    this.#closed = new Int32Array(beamWidth);
    this.#stayScores = new Float64Array(beamWidth);
    this.#allowed = Int32Array.from({ length: classes }, (_, c) => c).filter((c) => c !== blank);
    this.#row = new Float64Array(classes);
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
    const tokens = this.#tokensOf(data, at);
    this.#staying(data, at);
    const floor = this.#floor();
    const count = this.#extend(data, at, tokens, floor);
    this.#choose(data, at, count, floor);
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

  /** How many of `#allowed` may extend a hypothesis in this frame, after moving them to the front. */
  #tokensOf(data: Float32Array, at: number): number {
    const { maxTokens, tokenThreshold, classes, blank } = this.#options;
    if (maxTokens >= classes - 1 && tokenThreshold === -Infinity) return classes - 1;
    let threshold = tokenThreshold;
    if (maxTokens < classes - 1) {
      let count = 0;
      for (let c = 0; c < classes; c++) if (c !== blank) this.#row[count++] = data[at + c]!;
      threshold = Math.max(threshold, kthLargest(this.#row, count, maxTokens));
    }
    let count = 0;
    for (let c = 0; c < classes; c++)
      if (c !== blank && data[at + c]! >= threshold && count < maxTokens) this.#allowed[count++] = c;
    return count;
  }

  /** What every hypothesis becomes if it stays, its parent's contribution included. */
  #staying(data: Float32Array, at: number): void {
    const beam = this.#beam;
    const stay = this.#stay;
    const { count, nodes, blanks, labels, bestBlanks, bestLabels } = beam;
    const { tokens, parents, places, prospects } = this.tree;
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
      this.#stayScores[i] = logAdd(stay.blanks[i]!, stay.labels[i]!) + prospects[node]!;
    }
  }

  /** The timing of hypothesis i with its last token's run closed at this frame. */
  #close(i: number): number {
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

  /** Lists the new hypotheses that are not below `floor` and returns how many there are. */
  #extend(data: Float32Array, at: number, allowed: number, floor: number): number {
    const fusion = this.#fusion;
    const most = fusion?.most ?? 0;
    const { nodes, blanks, count } = this.#beam;
    const { tokens, scores, prospects, words, places } = this.tree;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const node = nodes[i]!;
      const last = tokens[node]!;
      const total = this.#totals[i]!;
      const own = scores[node]!;
      // Compared with ≤ below, so that −∞ never enters.
      const least = floor - own - most;
      for (let k = 0; k < allowed; k++) {
        const token = this.#allowed[k]!;
        const path = (token === last ? blanks[i]! : total) + data[at + token]!;
        if (!(path > least)) continue;
        if (fusion === null) {
          if (this.#children[i]! > 0) {
            const child = this.tree.find(node, token, noWord);
            if (child >= 0 && places[child]! >= 0) continue;
          }
          this.#list(found++, i, token, 0, path, path + prospects[node]!);
          continue;
        }
        fusion.step(this.tree.languages[node]!, this.tree.trees[node]!, this.tree.hots[node]!, token);
        for (let v = 0; v < fusion.count; v++) {
          const next = fusion.continuations[v]!;
          const score = path + own + next.score + fusion.provisional(next.tree, next.hot);
          if (!(score > floor)) continue;
          const child = this.#children[i]! > 0 ? this.tree.find(node, token, next.word) : -1;
          if (child >= 0 && places[child]! >= 0 && words[child] === next.word) continue;
          this.#list(found++, i, token, v, path, score);
        }
      }
    }
    return found;
  }

  #list(at: number, parent: number, token: number, variant: number, path: number, score: number): void {
    if (at === this.#parents.length) {
      this.#parents = grown(this.#parents, at + 1);
      this.#tokens = grown(this.#tokens, at + 1);
      this.#variants = grown(this.#variants, at + 1);
      this.#paths = grown(this.#paths, at + 1);
      this.#scores = grown(this.#scores, at + 1);
    }
    this.#parents[at] = parent;
    this.#tokens[at] = token;
    this.#variants[at] = variant;
    this.#paths[at] = path;
    this.#scores[at] = score;
  }

  /**
   * Makes the next beam of the best of those that stay and the `count` new ones; of equals those that stay, then the
   * first.
   */
  #choose(data: Float32Array, at: number, count: number, floor: number): void {
    const { beamWidth } = this.#options;
    const beam = this.#beam;
    const next = this.#next;
    const stays = beam.count;
    const total = stays + count;
    let cut = floor;
    let ties = Infinity;
    if (total > beamWidth) {
      if (this.#sorted.length < total) this.#sorted = new Float64Array(2 * total);
      this.#sorted.set(this.#stayScores.subarray(0, stays));
      this.#sorted.set(this.#scores.subarray(0, count), stays);
      cut = kthLargest(this.#sorted, total, beamWidth);
      let above = 0;
      for (let i = 0; i < beamWidth; i++) if (this.#sorted[i]! > cut) above++;
      ties = beamWidth - above;
    }
    let best = -Infinity;
    for (let i = 0; i < stays; i++) best = Math.max(best, this.#stayScores[i]!);
    for (let k = 0; k < count; k++) best = Math.max(best, this.#scores[k]!);
    const least = Math.max(cut, best - this.#options.beamThreshold);
    const keeps = (score: number): boolean => score > least || (score === least && (score > cut || ties-- > 0));
    for (let i = 0; i < stays; i++) this.tree.places[beam.nodes[i]!] = -1;
    let made = 0;
    for (let i = 0; i < stays; i++) if (keeps(this.#stayScores[i]!)) this.#keep(next, made++, i);
    for (let k = 0; k < count; k++) if (keeps(this.#scores[k]!)) this.#make(next, made++, k, data, at);
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
    const parent = this.#parents[k]!;
    const token = this.#tokens[k]!;
    const from = this.#beam.nodes[parent]!;
    const node = this.#nodeOf(from, token, this.#variants[k]!);
    next.nodes[to] = node;
    next.blanks[to] = -Infinity;
    next.labels[to] = this.#paths[k]!;
    next.bestBlanks[to] = -Infinity;
    next.bestLabels[to] = -Infinity;
    next.blankTimings[to] = 0;
    this.#reach(next, to, parent, this.tree.tokens[from] === token, data[at + token]!);
    this.tree.places[node] = to;
  }

  #nodeOf(from: number, token: number, variant: number): number {
    const fusion = this.#fusion;
    const tree = this.tree;
    fusion?.step(tree.languages[from]!, tree.trees[from]!, tree.hots[from]!, token);
    const next = fusion?.continuations[variant] ?? null;
    const word = next?.word ?? noWord;
    const known = tree.find(from, token, word);
    if (known >= 0) return known;
    const node = tree.add(from, token, word);
    if (next && fusion) {
      tree.languages[node] = next.language;
      tree.trees[node] = next.tree;
      tree.hots[node] = next.hot;
      tree.scores[node] = tree.scores[from]! + next.score;
      tree.languageScores[node] = tree.languageScores[from]! + next.languageScore;
      tree.prospects[node] = tree.scores[node]! + fusion.provisional(next.tree, next.hot);
    } else {
      tree.scores[node] = 0;
      tree.languageScores[node] = 0;
      tree.prospects[node] = 0;
    }
    return node;
  }
}
