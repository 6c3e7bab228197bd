import { checkOptions, is, toBytes, type Backend, type Bytes } from '@timestep/core';
import { checkBackend } from '@timestep/core/extend';
import { InteropError } from '../errors.ts';
import type { Hdf5Reader } from '../hdf5/types.ts';
import { openKerasArchive } from './archive.ts';
import { Builder } from './builder.ts';
import { buildGraph } from './graph.ts';
import { KerasModel } from './model.ts';
import { ignoreTrainingArrays } from './weights.ts';
import { WeightReader } from './weight-reader.ts';

/** The options of `importKeras`. */
export interface ImportKerasOptions {
  readonly backend: Backend;
  /** Reads the weights: `createHdf5Reader()` of `@timestep/interop/node`, or a reader of `@timestep/interop/hdf5`. */
  readonly readHdf5: Hdf5Reader;
}

const optionRules = { backend: is.object, readHdf5: is.function };

/**
 * Reads a Sequential or Functional model from a `.keras` file of Keras 3. Options, arguments and arrays that Timestep does
 * not support are refused by name.
 *
 * @param file the bytes of the file
 * @throws InteropError `MALFORMED_FILE`, `READ_LIMIT`, `MISSING_TENSOR`, `INVALID_TENSOR`, or `UNSUPPORTED_MODEL` with
 *   the name of the layer, option or array that is not supported; ArgumentError for wrong arguments
 * @example
 * using readHdf5 = createHdf5Reader();
 * const model = await importKeras(await readFile('model.keras'), { backend, readHdf5 });
 */
export async function importKeras(file: Bytes, options: ImportKerasOptions): Promise<KerasModel> {
  const bytes = toBytes('importKeras', file);
  checkOptions('importKeras', options, optionRules);
  const { readHdf5 } = options;
  const backend = checkBackend('importKeras', options.backend);
  const { config, weights } = openKerasArchive(bytes);
  const builder = new Builder(backend);
  try {
    const arrays = new WeightReader(await readHdf5(weights));
    ignoreTrainingArrays(arrays);
    const source = builder.open(config, arrays);
    if (!modelClasses.includes(source.className))
      throw new InteropError(
        'UNSUPPORTED_MODEL',
        `[keras] the model is a ${source.className}; Sequential and Functional models can be read`,
      );
    const graph = buildGraph(source);
    source.config.end();
    arrays.end();
    return new KerasModel(graph, builder.notes);
  } catch (error) {
    builder.dispose();
    throw error;
  }
}

const modelClasses: readonly string[] = ['Sequential', 'Functional', 'Model'];
