import { ArgumentError, checkValue, checkOptions, type Generator, is, type OptionRules } from '@timestep/core';
import { Module } from '../module.ts';
import { generatorOrFresh, type LayerOptions, layerRules } from '../options.ts';
import { CompressorLevel, type LevelReport } from './compressor-level.ts';

/** Options of {@link HistoryCompressor}. */
export interface HistoryCompressorOptions extends LayerOptions {
  /** S: symbols are 0 … S − 1 */
  readonly symbols: number;
  /** Levels of the stack; 2 by default. */
  readonly numLevels?: number | undefined;
  /** H of each level's LSTM; 16 by default. */
  readonly hiddenSize?: number | undefined;
  /** The learning rate of Adam; 0.02 by default. */
  readonly learningRate?: number | undefined;
  /** A symbol counts as predicted if its probability was above this; 0.9 by default. */
  readonly threshold?: number | undefined;
  /** The number of recent inputs that a level learns from; 48 by default. */
  readonly window?: number | undefined;
}

const rules: OptionRules<HistoryCompressorOptions> = {
  ...layerRules,
  symbols: is.size(2),
  numLevels: is.optional(is.size()),
  hiddenSize: is.optional(is.size()),
  learningRate: is.optional(is.number({ min: 0 })),
  threshold: is.optional(is.probability),
  window: is.optional(is.size()),
};

/**
 * The neural history compressor (Schmidhuber 1992): a stack of predictors that learn while they read. A level passes
 * only the symbols that it failed to predict to the next level, with the time since the last one. Predicted symbols
 * carry no information, so nothing is lost, and a lag of a thousand predictable steps becomes one step for the next
 * level.
 *
 * ```ts
 * const compressor = new HistoryCompressor({ backend, symbols: 7, numLevels: 2 });
 * for (const symbol of symbols) {
 *   const reports = await compressor.observe(symbol);
 *   if (reports.length > 1) console.log('a surprise');
 * }
 * ```
 *
 * @throws ArgumentError for an unknown option or a wrong value, and for a symbol out of range
 */
export class HistoryCompressor extends Module {
  readonly symbols: number;
  readonly levels: readonly CompressorLevel[];
  readonly generator: Generator;
  #time = 0;
  readonly #last: number[];

  override get typeName(): string {
    return 'HistoryCompressor';
  }

  constructor(options: HistoryCompressorOptions) {
    super();
    checkOptions('HistoryCompressor', options, rules);
    this.symbols = options.symbols;
    this.generator = generatorOrFresh(options.generator);
    const level = {
      backend: options.backend,
      generator: this.generator,
      symbols: this.symbols,
      hiddenSize: options.hiddenSize ?? 16,
      learningRate: options.learningRate ?? 0.02,
      threshold: options.threshold ?? 0.9,
      window: options.window ?? 48,
    };
    this.levels = Array.from({ length: options.numLevels ?? 2 }, () => new CompressorLevel(level));
    this.#last = this.levels.map(() => 0);
  }

  /**
   * Reads one symbol of the stream and learns from it.
   *
   * @returns one report for each level that the symbol reached; a single report means that the lowest level predicted
   * it
   */
  async observe(symbol: number): Promise<LevelReport[]> {
    checkValue('HistoryCompressor.observe', 'symbol', symbol, is.integer());
    if (!Number.isInteger(symbol) || symbol < 0 || symbol >= this.symbols)
      throw new ArgumentError(`[HistoryCompressor] expected a symbol in 0…${this.symbols - 1}, got ${symbol}`);
    this.#time++;
    const reports: LevelReport[] = [];
    for (const [k, level] of this.levels.entries()) {
      const gap = this.#time - this.#last[k]!;
      this.#last[k] = this.#time;
      reports.push(await level.observe(symbol, gap));
      if (reports[k]!.predicted) break;
    }
    return reports;
  }

  /** Forgets the stream so far but keeps the learned weights. */
  reset(): void {
    for (const level of this.levels) level.reset();
    this.#last.fill(this.#time);
  }

  override dispose(): void {
    for (const level of this.levels) level.dispose();
  }
}
