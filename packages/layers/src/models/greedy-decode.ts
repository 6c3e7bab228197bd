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
import { checkSource, type DecoderState, type EncoderDecoder, type Source } from './encoder-decoder.ts';

export interface GreedyOptions {
  /** The most symbols of a target, the end included. */
  readonly maxLength: number;
}

export const greedyRules: OptionRules<GreedyOptions> = { maxLength: is.size() };

export const encoderDecoderRule = is.like('an EncoderDecoder', 'encode', 'step', 'targetSymbols');

/** A target that a model wrote. */
export interface Hypothesis {
  /** Without start and end */
  readonly tokens: readonly number[];
  /** ln p of the tokens, and of the end where it came, given the source */
  readonly logProbability: number;
  /**
   * For each token, and the end where it came, how the attention was spread over the source, `[S]`; empty without
   * attention
   */
  readonly weights: readonly Float32Array[];
  /** Whether the end came within maxLength. */
  readonly finished: boolean;
}

/** Writes each target by taking the most likely symbol at every step, until the end symbol. */
export async function greedyDecode(
  model: EncoderDecoder,
  source: Source,
  options: GreedyOptions,
): Promise<Hypothesis[]> {
  checkValue('greedyDecode', 'model', model, encoderDecoderRule);
  checkSource('greedyDecode', source);
  checkOptions('greedyDecode', options, greedyRules);
  const { maxLength } = options;
  const { backend } = source.tokens;
  using scope = createScope(backend, { gradient: false, training: false });
  const batch = source.tokens.shape[1]!;
  const rows = Array.from({ length: batch }, () => ({
    tokens: [] as number[],
    logProbability: 0,
    weights: [] as Float32Array[],
    finished: false,
  }));
  let state: DecoderState = scope.run(() => inEvalMode(model, () => model.encode(source)));
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
