import { expectDType } from '../checks.ts';
import {
  argmax,
  ArgumentError,
  checkOptions,
  checkValue,
  concat,
  type Generator,
  is,
  type OptionRules,
  reshape,
  select,
  ShapeError,
  slice,
  stack,
  tanh,
  tensor,
  type Tensor,
  tidy,
  transpose,
} from '@timestep/core';
import { checkLengths, hidePadding, show } from '@timestep/core/extend';
import type { Attention, Memory } from '../attention/attention.ts';
import { BahdanauAttention } from '../attention/bahdanau.ts';
import { LuongAttention } from '../attention/luong.ts';
import { Dropout } from '../dropout.ts';
import { Embedding } from '../embedding.ts';
import type { Lengths } from '../lengths.ts';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import { generatorOrFresh, type LayerOptions, layerRules, lengthsRule } from '../options.ts';
import { GRU } from '../recurrent/gru.ts';
import type { HiddenState } from '../recurrent/rnn-cell.ts';
import { rowsOf, type StepDecoder } from './step-decoder.ts';

/** Options of {@link EncoderDecoder}. */
export interface EncoderDecoderOptions extends LayerOptions {
  /** Symbols of the source: 0 … sourceSymbols − 1 */
  readonly sourceSymbols: number;
  /** Symbols of the target, including start and end */
  readonly targetSymbols: number;
  /** The symbol before the first of a target. */
  readonly start: number;
  /** The symbol after the last of a target. */
  readonly end: number;
  readonly embeddingSize: number;
  /** H of the encoder, in each direction, and of the decoder */
  readonly hiddenSize: number;
  /** L of both; 1 by default. */
  readonly numLayers?: number | undefined;
  /** `bahdanau` (default), `luong`, or `none`, which gives the decoder only the encoder's last state. */
  readonly attention?: 'bahdanau' | 'luong' | 'none' | undefined;
  /** On the embeddings, between layers and on what the output is computed from; 0 by default. */
  readonly dropout?: number | undefined;
}

/** Sequences of symbols: i32 `[T, N]` with their lengths. */
export interface Source {
  readonly tokens: Tensor;
  readonly lengths?: Lengths | null | undefined;
}

/** Options of {@link EncoderDecoder.forward}. */
export interface DecodeOptions {
  /**
   * The probability that a step reads the true previous symbol instead of the model's most likely one. 1 (default) is
   * teacher forcing; less is scheduled sampling (Bengio et al. 2015).
   */
  readonly teacherForcing?: number | undefined;
}

/** The output of an {@link EncoderDecoder} for a whole target. */
export interface Decoded {
  /** `[T, N, targetSymbols]` */
  readonly logits: Tensor;
  /** `[T, N, S]`: at each step, how the attention is spread over the source; null without attention */
  readonly weights: Tensor | null;
}

const decodeRules: OptionRules<DecodeOptions> = { teacherForcing: is.optional(is.probability) };

const sourceRules: OptionRules<Source> = {
  tokens: is.like('a tensor of symbols, i32 [S, N]', 'shape', 'dtype', 'buffer'),
  lengths: lengthsRule,
};

/** @throws ArgumentError, DTypeError for anything but sequences of symbols */
export function checkSource(where: string, source: Source): void {
  checkOptions(where, source, sourceRules);
  expectDType(where, source.tokens, 'i32', 'source tokens');
}

const memoryRule = is.like('the memory that encode returned', 'values', 'keys', 'mask');

/** The state of a decoder between two steps, and the encoder outputs that it reads. */
export interface DecoderState {
  readonly hidden: HiddenState;
  readonly memory: Memory | null;
}

const rules: OptionRules<EncoderDecoderOptions> = {
  ...layerRules,
  sourceSymbols: is.size(),
  targetSymbols: is.size(2),
  start: is.integer(),
  end: is.integer(),
  embeddingSize: is.size(),
  hiddenSize: is.size(),
  numLayers: is.optional(is.size()),
  attention: is.optional(is.oneOf('bahdanau', 'luong', 'none')),
  dropout: is.optional(is.probability),
};

/**
 * An encoder-decoder model (Sutskever, Vinyals and Le 2014; Cho et al. 2014). A bidirectional GRU reads the source, and
 * a second GRU writes the target symbol by symbol. The decoder starts from tanh(W·[final states of both directions] +
 * b).
 *
 * - `bahdanau` (2015) attends with the state before the step: c_t = attend(h_{t−1}), h_t = GRU([y_{t−1}, c_t],
 *   h_{t−1}), and [h_t, c_t] gives the output.
 * - `luong` (2015) attends with the state after the step: c_t = attend(h_t), and tanh(W_c [h_t, c_t]) gives the output.
 *   With teacher forcing, all steps are computed at once.
 *
 * ```ts
 * const model = new EncoderDecoder({ backend, sourceSymbols: 60, targetSymbols: 14, start: 12, end: 13,
 *   embeddingSize: 32, hiddenSize: 64 });
 * const { logits, weights } = model.forward({ tokens: source, lengths }, targets);
 * ```
 *
 * @throws ArgumentError for an unknown option or a wrong value
 */
export class EncoderDecoder extends Module implements StepDecoder<DecoderState> {
  readonly start: number;
  readonly end: number;
  readonly targetSymbols: number;
  readonly kind: 'bahdanau' | 'luong' | 'none';
  readonly sourceEmbedding: Embedding;
  readonly targetEmbedding: Embedding;
  readonly drop: Dropout;
  readonly encoder: GRU;
  readonly bridge: Linear;
  readonly decoder: GRU;
  readonly attention: Attention | null;
  readonly combine: Linear | null;
  readonly head: Linear;
  readonly generator: Generator;

  override get typeName(): string {
    return 'EncoderDecoder';
  }

  constructor(options: EncoderDecoderOptions) {
    super();
    checkOptions('EncoderDecoder', options, rules);
    const where = 'EncoderDecoder';
    const { backend, embeddingSize, hiddenSize, numLayers = 1, dropout = 0, attention = 'bahdanau' } = options;
    const generator = generatorOrFresh(options.generator);
    this.generator = generator;
    this.kind = attention;
    this.targetSymbols = options.targetSymbols;
    for (const name of ['start', 'end'] as const) {
      const symbol = options[name];
      if (!Number.isInteger(symbol) || symbol < 0 || symbol >= this.targetSymbols)
        throw new ArgumentError(`[${where}] expected ${name} in 0…${this.targetSymbols - 1}, got ${symbol}`);
    }
    this.start = options.start;
    this.end = options.end;
    this.sourceEmbedding = new Embedding({ backend, generator, numEmbeddings: options.sourceSymbols, embeddingSize });
    this.targetEmbedding = new Embedding({ backend, generator, numEmbeddings: this.targetSymbols, embeddingSize });
    this.drop = new Dropout({ rate: dropout, generator });
    this.encoder = new GRU({
      backend,
      generator,
      inputSize: embeddingSize,
      hiddenSize,
      numLayers,
      bidirectional: true,
      dropout,
    });
    this.bridge = new Linear({ backend, generator, inputSize: 2 * hiddenSize, outputSize: hiddenSize });
    const valueSize = 2 * hiddenSize;
    const seen = attention === 'bahdanau' ? valueSize : 0;
    this.decoder = new GRU({ backend, generator, inputSize: embeddingSize + seen, hiddenSize, numLayers, dropout });
    if (attention === 'bahdanau')
      this.attention = new BahdanauAttention({
        backend,
        generator,
        querySize: hiddenSize,
        valueSize,
        attentionSize: hiddenSize,
      });
    else
      this.attention =
        attention === 'luong' ? new LuongAttention({ backend, generator, querySize: hiddenSize, valueSize }) : null;
    this.combine =
      attention === 'luong'
        ? new Linear({ backend, generator, inputSize: hiddenSize + valueSize, outputSize: hiddenSize })
        : null;
    this.head = new Linear({ backend, generator, inputSize: hiddenSize + seen, outputSize: this.targetSymbols });
  }

  /** Reads the source: the state that the decoder starts from. */
  encode(source: Source): DecoderState {
    checkSource('EncoderDecoder', source);
    const { tokens, lengths = null } = source;
    if (tokens.rank !== 2)
      throw new ShapeError(`[EncoderDecoder] expected source tokens of shape [S, N], got ${show(tokens.shape)}`);
    const counted = checkLengths('EncoderDecoder', lengths, ...(tokens.shape as [number, number]));
    const { h, values, keys, mask } = tidy(tokens.backend, () => {
      // Past a length anything may stand, such as −1.
      const embedded = this.sourceEmbedding.forward(hidePadding(tokens, counted));
      const { output, state } = this.encoder.forward(this.drop.forward(embedded), { lengths: counted });
      const [rows, batch, size] = state.h.shape as [number, number, number];
      const both = reshape(transpose(reshape(state.h, [rows / 2, 2, batch, size]), [0, 2, 1, 3]), [
        rows / 2,
        batch,
        2 * size,
      ]);
      const memory = this.attention?.remember(output, lengths);
      return {
        h: tanh(this.bridge.forward(both)),
        values: memory?.values ?? null,
        keys: memory?.keys ?? null,
        mask: memory?.mask ?? null,
      };
    });
    return { hidden: { h: h }, memory: values && { values, keys: keys!, mask } };
  }

  /**
   * The logits of every symbol of the target, each given those before it; the last is the one behind the last given.
   *
   * @param targets i32 `[T, N]`, without the start and with the end: at step t the model sees the start and targets 0 …
   * t − 1
   */
  forward(source: Source, targets: Tensor, options: DecodeOptions = {}): Decoded {
    checkSource('EncoderDecoder', source);
    expectDType('EncoderDecoder', targets, 'i32', 'targets');
    checkOptions('EncoderDecoder', options, decodeRules);
    const teacherForcing = options.teacherForcing ?? 1;
    if (targets.rank !== 2 || targets.shape[1] !== source.tokens.shape[1])
      throw new ShapeError(
        `[EncoderDecoder] expected targets of shape [T, ${source.tokens.shape[1]}], got ${show(targets.shape)}`,
      );
    const { logits, weights } = tidy(targets.backend, () => {
      const [steps, batch] = targets.shape as [number, number];
      const state = this.encode(source);
      const first = tensor(targets.backend, new Int32Array(batch).fill(this.start), { shape: [1, batch] });
      const given = concat([first, slice(targets, 0, 0, steps - 1)]);
      const atOnce = this.kind !== 'bahdanau' && teacherForcing === 1;
      const { logits, weights } = atOnce ? this.#decode(given, state) : this.#stepThrough(given, state, teacherForcing);
      return { logits, weights };
    });
    return { logits: logits, weights };
  }

  /**
   * Computes one step: from the previous symbols, i32 `[N]`, to the logits of the next, `[N, targetSymbols]`, the
   * attention weights, `[N, S]`, and the new state.
   */
  step(
    tokens: Tensor,
    state: DecoderState,
  ): { readonly logits: Tensor; readonly weights: Tensor | null; readonly state: DecoderState } {
    expectDType('EncoderDecoder', tokens, 'i32', 'tokens');
    this.#checkState(state);
    const { logits, weights, h } = tidy(tokens.backend, () => {
      const result = this.#decode(reshape(tokens, [1, ...tokens.shape]), state);
      const row = (x: Tensor): Tensor => reshape(x, x.shape.slice(1));
      return { logits: row(result.logits), weights: result.weights && row(result.weights), h: result.hidden.h };
    });
    return { logits: logits, weights, state: { hidden: { h: h }, memory: state.memory } };
  }

  /** Returns the state of some rows of the batch, in this order: a beam search goes on from each hypothesis's parent. */
  selectRows(state: DecoderState, rows: readonly number[]): DecoderState {
    this.#checkState(state);
    const { hidden, memory } = state;
    return {
      hidden: { h: rowsOf(hidden.h, rows, 1) },
      memory: memory && {
        values: rowsOf(memory.values, rows),
        keys: rowsOf(memory.keys, rows),
        mask: memory.mask && rowsOf(memory.mask, rows),
      },
    };
  }

  #checkState(state: DecoderState): void {
    checkValue('EncoderDecoder', 'state', state, is.like('the state that encode or step returned', 'hidden', 'memory'));
    checkValue('EncoderDecoder', 'state.hidden', state.hidden, is.like('{ h }', 'h'));
    checkValue('EncoderDecoder', 'state.memory', state.memory, this.attention ? memoryRule : is.anything);
  }

  /** given `[T, N]`; T is 1 for Bahdanau's attention, which needs the state before each step. */
  #decode(given: Tensor, { hidden, memory }: DecoderState): Decoded & { readonly hidden: HiddenState } {
    const embedded = this.drop.forward(this.targetEmbedding.forward(given));
    const before = this.kind === 'bahdanau' ? this.attention!.forward(slice(hidden.h, 0, -1), memory!) : null;
    const { output, state } = this.decoder.forward(before ? concat([embedded, before.context], 2) : embedded, {
      state: hidden,
    });
    if (before)
      return { logits: this.#read(concat([output, before.context], 2)), weights: before.weights, hidden: state };
    if (!this.attention) return { logits: this.#read(output), weights: null, hidden: state };
    const { context, weights } = this.attention.forward(output, memory!);
    return {
      logits: this.#read(tanh(this.combine!.forward(concat([output, context], 2)))),
      weights,
      hidden: state,
    };
  }

  #read(x: Tensor): Tensor {
    return this.head.forward(this.drop.forward(x));
  }

  /** Runs step by step and replaces some of the given symbols by the model's own. */
  #stepThrough(given: Tensor, start: DecoderState, teacherForcing: number): Decoded {
    const [steps, batch] = given.shape as [number, number];
    const logits: Tensor[] = [];
    const weights: Tensor[] = [];
    let state = start;
    let own: Tensor | null = null;
    for (let t = 0; t < steps; t++) {
      const truth = reshape(slice(given, 0, t, t + 1), [batch]);
      const coins = Uint32Array.from({ length: batch }, () => (this.generator.uniform() < teacherForcing ? 1 : 0));
      const tokens = own && teacherForcing < 1 ? select(tensor(given.backend, coins), truth, own) : truth;
      const result = this.step(tokens, state);
      logits.push(result.logits);
      if (result.weights) weights.push(result.weights);
      ({ state } = result);
      own = argmax(result.logits);
    }
    return { logits: stack(logits), weights: weights.length > 0 ? stack(weights) : null };
  }
}
