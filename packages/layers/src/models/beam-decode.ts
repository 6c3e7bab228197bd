import {
  checkOptions,
  checkValue,
  createScope,
  gatherRows,
  is,
  logSoftmax,
  type OptionRules,
  reshape,
  slice,
  tensor,
  type Tensor,
  transpose,
} from '@timestep/core';
import { inEvalMode } from '../modes.ts';
import type { Memory } from '../attention/attention.ts';
import { checkSource, type DecoderState, type EncoderDecoder, type Source } from './encoder-decoder.ts';
import { encoderDecoderRule, type GreedyOptions, greedyRules, type Hypothesis, rowOf } from './greedy-decode.ts';

/** Options of {@link beamDecode}. */
export interface BeamOptions extends GreedyOptions {
  /** How many hypotheses are kept at each step. */
  readonly beamWidth: number;
  /**
   * α of the length penalty: ln p is divided by ((5 + |y|)/6)^α (Wu et al. 2016, equation 14). 0 (default) for none.
   */
  readonly lengthPenalty?: number | undefined;
}

const beamRules: OptionRules<BeamOptions> = {
  ...greedyRules,
  beamWidth: is.integer(1, 2 ** 16),
  lengthPenalty: is.optional(is.number({ min: 0 })),
};

/** A hypothesis of {@link beamDecode} with its score. */
export interface ScoredHypothesis extends Hypothesis {
  /** ln p, divided by the length penalty */
  readonly score: number;
}

interface Candidate {
  readonly parent: number;
  readonly symbol: number;
  readonly logProbability: number;
}

/**
 * Decodes the best targets of each source by beam search. Finished hypotheses are set aside. The search ends when no
 * open hypothesis can beat the worst of the best `beamWidth` finished ones.
 *
 * @returns for each source at most `beamWidth` hypotheses, the best score first
 * @throws ArgumentError for an unknown option or a wrong value; DTypeError for source tokens that are not i32
 * @example
 * ```ts
 * const [hypotheses] = await beamDecode(model, { tokens: source }, { maxLength: 20, beamWidth: 5 });
 * console.log(hypotheses[0].tokens, hypotheses[0].score);
 * ```
 */
export async function beamDecode(
  model: EncoderDecoder,
  source: Source,
  options: BeamOptions,
): Promise<ScoredHypothesis[][]> {
  checkValue('beamDecode', 'model', model, encoderDecoderRule);
  checkSource('beamDecode', source);
  checkOptions('beamDecode', options, beamRules);
  const results: ScoredHypothesis[][] = [];
  for (let n = 0; n < source.tokens.shape[1]!; n++) results.push(await searchOne(model, source, n, options));
  return results;
}

async function searchOne(
  model: EncoderDecoder,
  source: Source,
  n: number,
  { beamWidth, maxLength, lengthPenalty = 0 }: BeamOptions,
): Promise<ScoredHypothesis[]> {
  const { backend } = source.tokens;
  using scope = createScope(backend, { gradient: false, training: false });
  const penalty = (length: number): number => ((5 + length) / 6) ** lengthPenalty;
  const length = source.lengths?.[n];
  let state = scope.run(() => {
    const tokens = slice(source.tokens, 1, n, n + 1);
    return inEvalMode(model, () => model.encode({ tokens, lengths: length === undefined ? null : [length] }));
  });
  let open: Hypothesis[] = [{ tokens: [], logProbability: 0, weights: [], finished: false }];
  const done: ScoredHypothesis[] = [];
  for (let t = 0; t < maxLength && open.length > 0; t++) {
    const last = Int32Array.from(open, ({ tokens }) => tokens.at(-1) ?? model.start);
    const before = state;
    const result = scope.run(() => inEvalMode(model, () => model.step(tensor(backend, last), before)));
    const wanted = [scope.run(() => logSoftmax(result.logits)), ...(result.weights ? [result.weights] : [])];
    const [logs, weights] = await backend.readMany(wanted.map(({ buffer }) => buffer));
    const extended = best(open, logs!, model.targetSymbols, beamWidth);
    const next: Hypothesis[] = [];
    const parents: number[] = [];
    for (const { parent, symbol, logProbability } of extended) {
      const before = open[parent]!;
      const finished = symbol === model.end;
      const own = {
        tokens: finished ? before.tokens : [...before.tokens, symbol],
        logProbability,
        weights: weights ? [...before.weights, rowOf(weights, parent, open.length)] : [],
        finished,
      };
      if (finished) done.push({ ...own, score: logProbability / penalty(t + 1) });
      else {
        next.push(own);
        parents.push(parent);
      }
    }
    done.sort((a, b) => b.score - a.score).splice(beamWidth);
    // ln p only falls, and the penalty is largest for the longest: no open hypothesis will score above this.
    const hope = Math.max(...next.map(({ logProbability }) => logProbability / penalty(maxLength)));
    if (done.length === beamWidth && done.at(-1)!.score >= hope) break;
    open = next;
    state = scope.run(() => select(result.state, parents));
    if (t === maxLength - 1)
      done.push(
        ...open.map((hypothesis) => ({ ...hypothesis, score: hypothesis.logProbability / penalty(maxLength) })),
      );
  }
  return done.sort((a, b) => b.score - a.score).slice(0, beamWidth);
}

/** The most likely extensions of all hypotheses together. */
function best(open: readonly Hypothesis[], logs: ArrayLike<number>, symbols: number, count: number): Candidate[] {
  const candidates = Array.from({ length: open.length * symbols }, (_, k): Candidate => {
    const parent = Math.floor(k / symbols);
    return { parent, symbol: k % symbols, logProbability: open[parent]!.logProbability + logs[k]! };
  });
  return candidates.sort((a, b) => b.logProbability - a.logProbability).slice(0, count);
}

/** The state of the hypotheses that go on, each from its parent's. */
function select({ hidden, memory }: DecoderState, parents: readonly number[]): DecoderState {
  const { backend } = hidden.h;
  const index = tensor(backend, Int32Array.from(parents));
  const rows = (x: Tensor): Tensor => {
    const flat = gatherRows(reshape(x, [x.shape[0]!, -1]), index);
    return reshape(flat, [parents.length, ...x.shape.slice(1)]);
  };
  const h = transpose(rows(transpose(hidden.h, [1, 0, 2])), [1, 0, 2]);
  const kept: Memory | null = memory && {
    values: rows(memory.values),
    keys: rows(memory.keys),
    mask: memory.mask && rows(memory.mask),
  };
  return { hidden: { h }, memory: kept };
}
