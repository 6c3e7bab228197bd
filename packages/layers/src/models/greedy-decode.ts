import {
  argmax,
  checkOptions,
  checkValue,
  createScope,
  is,
  logSoftmax,
  max,
  type OptionRules,
  reshape,
  tensor,
  type Tensor,
} from '@timestep/core';
import { inEvalMode } from '../modes.ts';
import type { Module } from '../module.ts';
import { checkSource, type EncoderDecoder, type Source } from './encoder-decoder.ts';
import { type StepDecoder, stepDecoderRule } from './step-decoder.ts';

/** Options of {@link greedyDecode}. */
export interface GreedyOptions {
  /** The most symbols of a target, including the end. */
  readonly maxLength: number;
}

export const greedyRules: OptionRules<GreedyOptions> = { maxLength: is.size() };

export const encoderDecoderRule = is.like('an EncoderDecoder', 'encode', 'step', 'targetSymbols');

/** A decoded target. */
export interface Hypothesis {
  /** Without start and end */
  readonly tokens: readonly number[];
  /** ln p of the tokens given the source, including the end symbol if it was reached */
  readonly logProbability: number;
  /**
   * The attention weights `[S]` of each token, and of the end symbol if it was reached; empty without attention
   */
  readonly weights: readonly Float32Array[];
  /** Whether the end symbol was reached within maxLength. */
  readonly finished: boolean;
}

/**
 * Decodes each target by taking the most likely symbol at every step, until the end symbol.
 *
 * @param model the encoder-decoder; it runs without dropout and without gradients
 * @param source i32 `[S, N]` and its lengths
 * @throws ArgumentError for an unknown option or a wrong value; DTypeError for source tokens that are not i32
 * @example
 * ```ts
 * const [hypothesis] = await greedyDecode(model, { tokens: source, lengths }, { maxLength: 20 });
 * console.log(hypothesis.tokens, hypothesis.logProbability);
 * ```
 */
export async function greedyDecode(
  model: EncoderDecoder,
  source: Source,
  options: GreedyOptions,
): Promise<Hypothesis[]> {
  checkValue('greedyDecode', 'model', model, encoderDecoderRule);
  checkSource('greedyDecode', source);
  checkOptions('greedyDecode', options, greedyRules);
  using scope = createScope(source.tokens.backend, { gradient: false, training: false });
  const state = scope.run(() => inEvalMode(model, () => model.encode(source)));
  return await search(model, state, source.tokens.shape[1]!, options);
}

/**
 * Decodes each target from a state by taking the most likely symbol at every step, for any decoder that goes a symbol at
 * a time; see {@link greedyDecode}, which does the same for an {@link EncoderDecoder} and its sources.
 *
 * @param decoder it runs without dropout and without gradients
 * @param state the state to start from
 * @param batch N, the sequences in the state
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const captions = await greedySearch(captioner, captioner.look(pictures), 16, { maxLength: 20 });
 * ```
 */
export async function greedySearch<State>(
  decoder: Module & StepDecoder<State>,
  state: State,
  batch: number,
  options: GreedyOptions,
): Promise<Hypothesis[]> {
  checkValue('greedySearch', 'decoder', decoder, stepDecoderRule);
  checkValue('greedySearch', 'state', state, is.object);
  checkValue('greedySearch', 'batch', batch, is.size());
  checkOptions('greedySearch', options, greedyRules);
  return search(decoder, state, batch, options);
}

async function search<State>(
  model: Module & StepDecoder<State>,
  initial: State,
  batch: number,
  { maxLength }: GreedyOptions,
): Promise<Hypothesis[]> {
  const { backend } = model.parameters()[0]!;
  using scope = createScope(backend, { gradient: false, training: false });
  const rows = Array.from({ length: batch }, () => ({
    tokens: [] as number[],
    logProbability: 0,
    weights: [] as Float32Array[],
    finished: false,
  }));
  let state = initial;
  let tokens: Tensor = scope.run(() => tensor(backend, new Int32Array(batch).fill(model.start)));
  for (let t = 0; t < maxLength && rows.some(({ finished }) => !finished); t++) {
    const before = state;
    const wanted = scope.run(() => {
      const result = inEvalMode(model, () => model.step(tokens, before));
      ({ state } = result);
      const symbols = argmax(result.logits);
      tokens = reshape(symbols, [batch]);
      const best = max(logSoftmax(result.logits), -1);
      return [symbols, best, ...(result.weights ? [result.weights] : [])];
    });
    const [symbols, logs, weights] = await backend.readMany(wanted.map(({ buffer }) => buffer));
    for (const [n, row] of rows.entries()) {
      if (row.finished) continue;
      row.logProbability += logs![n]!;
      if (weights) row.weights.push(rowOf(weights, n, batch));
      row.finished = symbols![n] === model.end;
      if (!row.finished) row.tokens.push(symbols![n]!);
    }
  }
  return rows;
}

/** One row of a matrix `[batch, …]` on the host. */
export function rowOf(values: ArrayLike<number>, row: number, batch: number): Float32Array {
  const width = values.length / batch;
  return Float32Array.from({ length: width }, (_, k) => values[row * width + k]!);
}
