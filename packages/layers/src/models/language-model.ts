import { expectDType } from '../checks.ts';
import { ArgumentError, checkOptions, is, type OptionRules, type State, type Tensor } from '@timestep/core';
import { hidePadding } from '@timestep/core/extend';
import { Dropout } from '../dropout.ts';
import { Embedding } from '../embedding.ts';
import { Linear } from '../linear.ts';
import { Module } from '../module.ts';
import { type FusedLayerOptions, fusedLayerRules, generatorOrFresh, recurrentRule } from '../options.ts';
import { inputRules, type Recurrent, type RecurrentInput } from '../recurrent/recurrent.ts';
import { scoped, type Recurrence } from '../scoped.ts';

/** Options of {@link LanguageModel}. */
export interface LanguageModelOptions<S extends State> extends FusedLayerOptions {
  /** V: symbols are 0 … V − 1 */
  readonly symbols: number;
  /** Any recurrent layer in one direction; its inputSize is the size of the embedding. */
  readonly layer: Recurrent<S>;
  /** Dropout on the embeddings and the outputs; 0 by default. */
  readonly dropout?: number | undefined;
  /**
   * Use the embedding's table as the weight of the output layer (Press and Wolf 2017). It needs a layer whose
   * outputSize is its inputSize. False by default.
   */
  readonly tied?: boolean | undefined;
}

const rules: OptionRules<LanguageModelOptions<State>> = {
  ...fusedLayerRules,
  symbols: is.size(),
  layer: recurrentRule,
  dropout: is.optional(is.probability),
  tied: is.optional(is.boolean),
};

/**
 * A recurrent language model (Mikolov et al. 2010): embedding, recurrent layer, linear. It predicts the next symbol
 * from the previous ones: symbols i32 `[T, N]` → logits `[T, N, V]` and the state. Pass the state on to the next part
 * of the text, or to {@link generate}.
 *
 * ```ts
 * const model = new LanguageModel({ backend, symbols: 65, layer: new LSTM({ backend, inputSize: 64, hiddenSize: 256 }) });
 * const { output, state } = model.forward(tokens, { state: before });
 * ```
 *
 * @throws ArgumentError for an unknown option or a wrong value, such as `tied` with a layer of two sizes
 */
export class LanguageModel<S extends State> extends Module {
  readonly symbols: number;
  readonly embedding: Embedding;
  readonly drop: Dropout;
  readonly layer: Recurrent<S>;
  readonly head: Linear;

  override get typeName(): string {
    return 'LanguageModel';
  }

  constructor(options: LanguageModelOptions<S>) {
    super();
    checkOptions('LanguageModel', options, rules);
    const { backend, layer, fused, symbols } = options;
    const generator = generatorOrFresh(options.generator);
    this.symbols = symbols;
    this.embedding = new Embedding({ backend, generator, numEmbeddings: symbols, embeddingSize: layer.inputSize });
    this.drop = new Dropout({ rate: options.dropout ?? 0, generator });
    this.layer = layer;
    if (options.tied && layer.inputSize !== layer.outputSize)
      throw new ArgumentError(
        `[LanguageModel] tied: true needs a layer whose inputSize and outputSize are equal, got ${layer.inputSize} and ${layer.outputSize}; give the layer one size, or an LSTM a projectionSize`,
      );
    const weight = options.tied ? this.embedding.weight : undefined;
    this.head = new Linear({ backend, generator, fused, inputSize: layer.outputSize, outputSize: symbols, weight });
  }

  /** @param tokens i32 `[T, N]` */
  forward(tokens: Tensor, options: RecurrentInput<S> = {}): Recurrence<S> {
    expectDType('LanguageModel', tokens, 'i32', 'tokens');
    checkOptions('LanguageModel', options, inputRules);
    return scoped(tokens.backend, () => {
      // After a length there may be any value, such as −1.
      const counted = hidePadding(tokens, options.lengths ?? null);
      const { output, state } = this.layer.forward(this.drop.forward(this.embedding.forward(counted)), options);
      return { output: this.head.forward(this.drop.forward(output)), state };
    });
  }

  /** Computes one step: one symbol of each sequence, i32 `[N]` → logits `[N, V]` and the new state. */
  step(tokens: Tensor, state: S | null = null): Recurrence<S> {
    expectDType('LanguageModel', tokens, 'i32', 'tokens');
    return scoped(tokens.backend, () => {
      const result = this.layer.step(this.embedding.forward(tokens), state);
      return { output: this.head.forward(result.output), state: result.state };
    });
  }
}
