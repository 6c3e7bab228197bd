import { ArgumentError, tidy, type Backend, type Tensor } from '@timestep/core';
import { Module, type LengthsOption, type Slot } from '@timestep/layers';
import { ensure } from '../errors.ts';
import type { Hdf5Reader } from '../hdf5/types.ts';
import { openKerasArchive } from './archive.ts';
import { buildStages, type KerasStage } from './build.ts';
import { parseConfig } from './config.ts';
import { loadKerasWeights } from './weights.ts';

/** A model read from a `.keras` file: its layers one after the other, trainable like any other module. */
export class KerasModel extends Module {
  /** Whether symbol 0 stands for no step at all: an embedding with `mask_zero`. */
  readonly masked: boolean;
  readonly #stages: readonly KerasStage[];

  constructor(stages: readonly KerasStage[], masked = false) {
    super();
    this.masked = masked;
    this.#stages = stages;
  }

  /** The layers under Keras's names of their places: `lstm`, `dense_1`. */
  override slots(): Slot[] {
    return this.#stages.flatMap(({ place, module }) => (module ? [{ name: place, value: module }] : []));
  }

  /**
   * Time comes first here, as everywhere but in Keras: x `[T, N, D]`, or tokens `[T, N]`; the output is `[T, N, P]`
   * where Keras's is `[N, T, P]`, and `[N, P]` where only the last step is returned.
   *
   * @param options.lengths `[N]`: what Keras says by a mask; steps past a length come out as 0. A model that is
   * `masked` wants
   *   them, or null where every step counts
   * @throws ArgumentError where a masked model is given no lengths
   */
  forward(x: Tensor, { lengths }: LengthsOption = {}): Tensor {
    if (this.masked && lengths === undefined)
      throw new ArgumentError(
        '[keras] the model masks symbol 0 (mask_zero), which is said by lengths here; pass lengths, the steps of each sequence, or null where all of them count',
        'INVALID_LENGTHS',
      );
    return tidy(x.backend, () =>
      this.#stages.reduce((current, { module, activation }) => {
        const made = module ? (module.forward(current, current.rank >= 3 ? { lengths } : {}) as Tensor) : current;
        return activation ? activation(made) : made;
      }, x),
    );
  }
}

export interface ImportKerasOptions {
  readonly backend: Backend;
  /** Reads the weights: `createHdf5Reader()` of `@timestep/interop/node`, or one of `@timestep/interop/hdf5`. */
  readonly readHdf5: Hdf5Reader;
}

/**
 * Reads a model that Keras 3 saved as `.keras`: a chain of LSTM, GRU (`reset_after` in both forms), SimpleRNN,
 * Bidirectional, Embedding, Dense, TimeDistributed(Dense), LayerNormalization, Dropout and Activation layers.
 *
 * @throws InteropError `MALFORMED_FILE`, `READ_LIMIT`, `MISSING_TENSOR`, `INVALID_TENSOR`, or `UNSUPPORTED_MODEL` with
 * the
 *   layer or option that has no counterpart
 * @example
 * using readHdf5 = createHdf5Reader();
 * const model = await importKeras(await readFile('model.keras'), { backend, readHdf5 });
 */
export async function importKeras(file: Uint8Array, { backend, readHdf5 }: ImportKerasOptions): Promise<KerasModel> {
  const { config, weights } = openKerasArchive(file);
  const layers = parseConfig(config);
  ensure(
    layers.some(({ class_name }) => class_name !== 'InputLayer'),
    'UNSUPPORTED_MODEL',
    () => '[keras] the model has no layers',
  );
  const datasets = await readHdf5(weights);
  const stages: KerasStage[] = buildStages(layers, datasets, backend);
  const model = new KerasModel(
    stages,
    layers.some((layer) => layer.class_name === 'Embedding' && layer.config.mask_zero),
  );
  try {
    loadKerasWeights(
      datasets,
      Object.fromEntries(stages.flatMap(({ place, weights: target }) => (target ? [[place, target]] : []))),
    );
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}
