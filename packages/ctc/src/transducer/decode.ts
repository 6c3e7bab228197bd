import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { logAdd } from '../decoder/beam.ts';

/** A transducer for one utterance, step by step. `State` is whatever its prediction network remembers. */
export interface TransducerSteps<State> {
  /** T */
  readonly frames: number;
  readonly blank: number;
  /** Before any label */
  start(): State | Promise<State>;
  /** After one more label */
  extend(state: State, token: number): State | Promise<State>;
  /** `[C]`: ln p of each class at frame t after the labels that the state remembers */
  logProbabilities(t: number, state: State): ArrayLike<number>;
}

export interface TransducerResult {
  readonly tokens: number[];
  /** The frame in which each label was said, on the way that was followed */
  readonly frames: number[];
  /** Greedy: ln p of the way; beam: of all ways that the search kept */
  readonly score: number;
}

export interface TransducerDecodeOptions {
  /** Labels that one frame may say at most, 5 by default: a network that never says the blank would not end. */
  readonly maxSymbols?: number | undefined;
}

export interface TransducerBeamOptions extends TransducerDecodeOptions {
  /** Hypotheses kept after each frame, 10 by default. */
  readonly beamWidth?: number | undefined;
  /** Results, 1 by default. */
  readonly nBest?: number | undefined;
}

const greedyRules: OptionRules<TransducerDecodeOptions> = { maxSymbols: is.optional(is.size()) };
const beamRules: OptionRules<TransducerBeamOptions> = {
  ...greedyRules,
  beamWidth: is.optional(is.size()),
  nBest: is.optional(is.size()),
};

/** Follows the most probable class in each point of the lattice. Of equal classes the first one wins. */
export async function transducerGreedyDecode<State>(
  steps: TransducerSteps<State>,
  options: TransducerDecodeOptions = {},
): Promise<TransducerResult> {
  checkSteps('transducerGreedyDecode', steps);
  checkOptions('transducerGreedyDecode', options, greedyRules);
  const { maxSymbols = 5 } = options;
  const [tokens, frames]: [number[], number[]] = [[], []];
  let score = 0;
  let state = await steps.start();
  for (let t = 0; t < steps.frames; t++) {
    for (let said = 0; ; said++) {
      const logp = probabilitiesAt(steps, t, state);
      let best = steps.blank;
      if (said < maxSymbols) {
        best = 0;
        for (let c = 1; c < logp.length; c++) if (logp[c]! > logp[best]!) best = c;
      }
      score += logp[best]!;
      if (best === steps.blank) break;
      tokens.push(best);
      frames.push(t);
      state = await steps.extend(state, best);
    }
  }
  return { tokens, frames, score };
}

/** A hypothesis: its labels as a list from the last one back, what follows it, and the network's state. */
interface Prefix<State> {
  readonly parent: Prefix<State> | null;
  readonly token: number;
  readonly frame: number;
  readonly state: State;
  readonly children: Map<number, Prefix<State>>;
}

/**
 * Beam search, frame by frame (the time-synchronous search of Saon et al. 2020): within a frame hypotheses are extended
 * by up to `maxSymbols` labels, and those with the same labels are merged with their probabilities summed. With a beam
 * that is wide enough each result's score is ln of the sum over all ways that say at most so many labels in a frame.
 *
 * @returns at most `nBest` results, the best first
 */
export async function transducerBeamDecode<State>(
  steps: TransducerSteps<State>,
  options: TransducerBeamOptions = {},
): Promise<TransducerResult[]> {
  checkSteps('transducerBeamDecode', steps);
  checkOptions('transducerBeamDecode', options, beamRules);
  const { maxSymbols = 5, beamWidth = 10, nBest = 1 } = options;
  const root: Prefix<State> = { parent: null, token: -1, frame: -1, state: await steps.start(), children: new Map() };
  let beam = new Map<Prefix<State>, number>([[root, 0]]);
  for (let t = 0; t < steps.frames; t++) {
    const next = new Map<Prefix<State>, number>();
    let present = beam;
    for (let said = 0; present.size > 0; said++) {
      const extended: { prefix: Prefix<State>; token: number; score: number }[] = [];
      for (const [prefix, score] of present) {
        const logp = probabilitiesAt(steps, t, prefix.state);
        const stays = score + logp[steps.blank]!;
        next.set(prefix, logAdd(next.get(prefix) ?? -Infinity, stays));
        if (said === maxSymbols) continue;
        for (let token = 0; token < logp.length; token++)
          if (token !== steps.blank) extended.push({ prefix, token, score: score + logp[token]! });
      }
      // Within one round no two have the same labels, as no two of the round before have.
      extended.sort((a, b) => b.score - a.score);
      present = new Map();
      for (const { prefix, token, score } of extended.slice(0, beamWidth)) {
        let child = prefix.children.get(token);
        if (!child) {
          child = {
            parent: prefix,
            token,
            frame: t,
            state: await steps.extend(prefix.state, token),
            children: new Map(),
          };
          prefix.children.set(token, child);
        }
        present.set(child, score);
      }
    }
    beam = new Map([...next].sort((a, b) => b[1] - a[1]).slice(0, beamWidth));
  }
  return [...beam]
    .filter(([, score]) => score > -Infinity)
    .slice(0, nBest)
    .map(([prefix, score]) => ({ ...labelsOf(prefix), score }));
}

function labelsOf<State>(last: Prefix<State>): { tokens: number[]; frames: number[] } {
  const [tokens, frames]: [number[], number[]] = [[], []];
  for (let prefix = last; prefix.parent; prefix = prefix.parent) {
    tokens.push(prefix.token);
    frames.push(prefix.frame);
  }
  return { tokens: tokens.reverse(), frames: frames.reverse() };
}

const stepsRule = is.like(
  'what transducer.steps() gives (await it)',
  'frames',
  'blank',
  'start',
  'extend',
  'logProbabilities',
);
const probabilitiesRule = is.like('an array of ln p of each class', 'length');

function checkSteps<State>(where: string, steps: TransducerSteps<State>): void {
  checkValue(where, 'steps', steps, stepsRule);
  checkValue(where, 'steps.frames', steps.frames, is.size(0));
  checkValue(where, 'steps.blank', steps.blank, is.size(0));
  for (const name of ['start', 'extend', 'logProbabilities'] as const)
    checkValue(where, `steps.${name}`, steps[name], is.function);
}

function probabilitiesAt<State>(steps: TransducerSteps<State>, t: number, state: State): ArrayLike<number> {
  const logp = steps.logProbabilities(t, state);
  checkValue('transducer decoding', 'the result of steps.logProbabilities', logp, probabilitiesRule);
  return logp;
}
