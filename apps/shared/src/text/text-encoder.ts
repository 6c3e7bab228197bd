import {
  type Backend,
  concat,
  type Generator,
  multiply,
  sum,
  tensor,
  type Tensor,
  tidy,
  uniform,
} from '@timestep/core';
import { batchTokens } from '@timestep/datasets';
import { Embedding, Module } from '@timestep/layers';
import type { HashedText, HashSizes } from './hashed-text.ts';

/** Options of {@link TextEncoder}. */
export interface TextEncoderOptions {
  readonly backend: Backend;
  readonly sizes: HashSizes;
  /** Features of a unit, and of its parts together. */
  readonly features: readonly [own: number, parts: number];
  /** The share of units that training hides, so that the network learns to do with their parts. */
  readonly hide: number;
  readonly generator: Generator;
}

/**
 * Turns hashed texts into vectors: the row of each unit beside the mean of its parts' rows, `[T, N, own + parts]`. Rows
 * begin near 0, so that what training never saw adds next to nothing.
 */
export class TextEncoder extends Module {
  readonly own: Embedding;
  readonly parts: Embedding;
  readonly hide: number;
  readonly generator: Generator;

  override get typeName(): string {
    return 'TextEncoder';
  }

  constructor({ backend, sizes, features, hide, generator }: TextEncoderOptions) {
    super();
    const table = (numEmbeddings: number, embeddingSize: number): Embedding =>
      new Embedding({
        backend,
        generator,
        numEmbeddings,
        embeddingSize,
        paddingIndex: 0,
        initializer: uniform(-0.05, 0.05),
      });
    this.own = table(sizes.units, features[0]);
    this.parts = table(sizes.parts, features[1]);
    this.hide = hide;
    this.generator = generator;
  }

  get outputSize(): number {
    return this.own.embeddingSize + this.parts.embeddingSize;
  }

  /** `[T, N, own + parts]`; zeros after the end of a text. */
  forward(texts: readonly HashedText[]): Tensor {
    const { backend } = this.own.weight;
    const hides = this.inTraining && this.hide > 0;
    const own = batchTokens(
      texts.map((text) => (hides ? text.own.map((row) => (this.generator.uniform() < this.hide ? 0 : row)) : text.own)),
    );
    const [steps, batch] = own.shape;
    const most = texts.reduce((all, { parts }) => parts.reduce((max, { length }) => Math.max(max, length), all), 0);
    const rows = new Int32Array(most * steps * batch);
    const shares = new Float32Array(steps * batch);
    for (const [n, { parts }] of texts.entries()) {
      for (const [t, part] of parts.entries()) {
        const frame = t * batch + n;
        shares[frame] = 1 / part.length;
        for (let k = 0; k < part.length; k++) rows[k * steps * batch + frame] = part[k]!;
      }
    }
    return tidy(backend, () => {
      const bags = this.parts.forward(tensor(backend, rows, { shape: [most, steps, batch] }));
      const share = tensor(backend, shares, { shape: [steps, batch, 1] });
      const unit = this.own.forward(tensor(backend, own.tokens, { shape: [...own.shape] }));
      // A mean of 20 rows is small; the factor brings it to the size of one row.
      return concat([unit, multiply(sum(bags, 0), multiply(share, tensor(backend, [3])))], -1);
    });
  }
}
