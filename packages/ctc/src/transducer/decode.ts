import { checkOptions, checkValue, is, type OptionRules } from '@timestep/core';
import { logAdd } from '../decoder/beam.ts';

/** A transducer applied to one utterance, step by step. `State` is the state of its prediction network. */
export interface TransducerSteps<State> {
  /** The number of frames, T */
  readonly frames: number;
  readonly blank: number;
  /** Returns the state before the first label. */
  start(): State | Promise<State>;
  /** Returns the state after one more label. */
  extend(state: State, token: number): State | Promise<State>;
  /** Returns ln p of each class, `[C]`, at frame t after the labels of the state. */
  logProbabilities(t: number, state: State): ArrayLike<number>;
}

/** A hypothesis of a transducer. */
export interface TransducerResult {
  readonly tokens: number[];
  /** The frame of each label on the path that was followed */
  readonly frames: number[];
  /** ln p of the path for greedy decoding; of all paths that the search kept for beam search */
  readonly score: number;
}

/** Options of `transducerGreedyDecode`. */
export interface TransducerDecodeOptions {
  /** The largest number of labels in one frame, 5 by default. Without a limit, decoding might never end. */
  readonly maxSymbols?: number | undefined;
}

/** Options of `transducerBeamDecode`. */
export interface TransducerBeamOptions extends TransducerDecodeOptions {
  /** The number of hypotheses to keep after each frame, 10 by default. */
  readonly beamWidth?: number | undefined;
  /** The number of results, 1 by default. */
  readonly nBest?: number | undefined;
}

const greedyRules: OptionRules<TransducerDecodeOptions> = { maxSymbols: is.optional(is.size()) };
const beamRules: OptionRules<TransducerBeamOptions> = {
  ...greedyRules,
  beamWidth: is.optional(is.size()),
  nBest: is.optional(is.size()),
};

/**
 * Decodes one utterance by the most probable class at each point of the lattice. If classes are equally probable, the
 * first one wins.
 *
 * @param steps the utterance, as `transducer.steps(encoded)` returns it
 * @param options the limit of labels in one frame
 * @returns the labels with their frames and ln p of the path
 * @throws ArgumentError if `steps` or an option is invalid
 * @example
 * ```ts
 * const transducer = new Transducer({ backend, encoderSize: 32, classes: 10 });
 * const encoded = randn(backend, [50, 1, 32]); // the encoder's output, [T, 1, E]
 * const { tokens } = await transducerGreedyDecode(await transducer.steps(encoded));
 * ```
 */
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

/** A hypothesis: a linked list of labels from the last one back, its extensions, and the network's state. */
interface Prefix<State> {
  readonly parent: Prefix<State> | null;
  readonly token: number;
  readonly frame: number;
  readonly state: State;
  readonly children: Map<number, Prefix<State>>;
}

/**
 * Decodes one utterance by beam search, frame by frame (the time-synchronous search of Saon et al. 2020). Within a
 * frame each hypothesis is extended by up to `maxSymbols` labels. Hypotheses with the same labels are merged, and their
 * probabilities added. With a wide enough beam, the score is ln of the sum over all paths within that limit.
 *
 * @param steps the utterance, as `transducer.steps(encoded)` returns it
 * @param options the width of the beam, the number of results, the limit of labels in one frame
 * @returns at most `nBest` results, the best first
 * @throws ArgumentError if `steps` or an option is invalid
 * @example
 * ```ts
 * const transducer = new Transducer({ backend, encoderSize: 32, classes: 10 });
 * const encoded = randn(backend, [50, 1, 32]); // the encoder's output, [T, 1, E]
 * const results = await transducerBeamDecode(await transducer.steps(encoded), { beamWidth: 20, nBest: 3 });
 * ```
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
      // All hypotheses of one round have different labels, so there is nothing to merge here.
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
  'the result of transducer.steps() (await it)',
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
