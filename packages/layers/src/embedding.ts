import { expectDType } from './checks.ts';
import {
  ArgumentError,
  checkOptions,
  equal,
  full,
  gatherRows,
  type Initializer,
  is,
  normal,
  type OptionRules,
  reshape,
  select,
  type Tensor,
  tidy,
} from '@timestep/core';
import { Module } from './module.ts';
import { generatorOrFresh, initializerRule, type LayerOptions, layerRules } from './options.ts';
import { checkRoom, drawValues, Parameter } from './parameter.ts';

/** Options of {@link Embedding}. */
export interface EmbeddingOptions extends LayerOptions {
  /** Rows of the table: indices are 0 … numEmbeddings − 1. */
  readonly numEmbeddings: number;
  readonly embeddingSize: number;
  /** Its row starts at 0 and gets no gradient. */
  readonly paddingIndex?: number | undefined;
  /** Draws the table; PyTorch's normal(0, 1) by default. */
  readonly initializer?: Initializer | undefined;
}

const rules: OptionRules<EmbeddingOptions> = {
  ...layerRules,
  numEmbeddings: is.size(),
  embeddingSize: is.size(),
  paddingIndex: is.optional(is.integer()),
  initializer: initializerRule,
};

/**
 * Looks up a row of a trained table for each index: i32 `[…]` → f32 `[…, embeddingSize]`. Parameter: `weight
 * [numEmbeddings, embeddingSize]`.
 *
 * ```ts
 * const embedding = new Embedding({ backend, numEmbeddings: 65, embeddingSize: 64 });
 * const x = embedding.forward(tensor(backend, new Int32Array(T * N), { shape: [T, N] }));   // [T, N, 64]
 * ```
 *
 * @throws ArgumentError for an unknown option or a wrong value
 */
export class Embedding extends Module {
  readonly numEmbeddings: number;
  readonly embeddingSize: number;
  readonly paddingIndex: number | null;
  weight: Parameter;

  override get typeName(): string {
    return 'Embedding';
  }

  constructor(options: EmbeddingOptions) {
    super();
    checkOptions('Embedding', options, rules);
    this.numEmbeddings = options.numEmbeddings;
    this.embeddingSize = options.embeddingSize;
    this.paddingIndex = options.paddingIndex ?? null;
    const shape = [this.numEmbeddings, this.embeddingSize];
    checkRoom(options.backend, shape);
    const values = drawValues(options.initializer ?? normal(), shape, generatorOrFresh(options.generator));
    if (this.paddingIndex !== null) {
      if (!Number.isInteger(this.paddingIndex) || this.paddingIndex < 0 || this.paddingIndex >= this.numEmbeddings) {
        throw new ArgumentError(
          `[Embedding] expected paddingIndex in 0…${this.numEmbeddings - 1}, got ${this.paddingIndex}`,
        );
      }
      values.fill(0, this.paddingIndex * this.embeddingSize, (this.paddingIndex + 1) * this.embeddingSize);
    }
    this.weight = new Parameter(options.backend, shape, values);
  }

  /**
   * @param index i32, of any shape
   * @throws ArgumentError for an index out of range: at once where memory is the host's, else from the next `data()`
   */
  forward(index: Tensor): Tensor {
    expectDType('Embedding', index, 'i32', 'indices');
    this.#checkRange(index);
    const { paddingIndex } = this;
    if (paddingIndex === null) return gatherRows(this.weight, index);
    return tidy(index.backend, () => {
      const rows = gatherRows(this.weight, index);
      const padding = reshape(equal(index, full(index.backend, [], paddingIndex, { dtype: 'i32' })), [
        ...index.shape,
        1,
      ]);
      return select(padding, rows.detach(), rows);
    });
  }

  #checkRange(index: Tensor): void {
    const values = index.backend.hostView?.(index.buffer);
    const wrong = values?.findIndex((value) => value < 0 || value >= this.numEmbeddings) ?? -1;
    if (wrong >= 0) {
      throw new ArgumentError(
        `[Embedding] element ${wrong} of the indices [${index.shape.join(', ')}] is ${values![wrong]}, expected 0…${this.numEmbeddings - 1}; raise numEmbeddings or map unknown symbols to one index`,
      );
    }
  }
}
