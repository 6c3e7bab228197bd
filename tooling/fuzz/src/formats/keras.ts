import { readFileSync } from 'node:fs';
import { type Backend, TimestepError } from '@timestep/core';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { readHdf5, type Hdf5Datasets } from '@timestep/interop/hdf5';
import { importKeras } from '@timestep/interop/keras';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import type { Format } from '../format.ts';
import { mutateJson } from '../mutate/json.ts';
import { mutateText } from '../mutate/text.ts';
import type { Random } from '../random.ts';

const fixtures = new URL('../../../../packages/interop/src/fixtures/', import.meta.url);
const fixture = (name: string) => Uint8Array.from(readFileSync(new URL(`${name}.keras`, fixtures)));
const words = ['"class_name":', '"LSTM"', '"Bidirectional"', '"units":', '"axis":', '"keras_history":', '"stateful":'];

let backend: Backend | null = null;
/** The weights themselves are damaged by the format `hdf5`: here those of whole files are read once. */
const known = new Map<string, Hdf5Datasets>();

export const format: Format = {
  seeds: async () => {
    const files = ['keras-lstm', 'keras-bidirectional', 'keras-tokens'].map(fixture);
    const models = Array.from({ length: 18 }, (_, n) => fixture(`keras-models/${n}`));
    for (const file of [...files, ...models]) {
      const weights = unzipSync(file)['model.weights.h5']!;
      known.set(strFromU8(weights, true), await readHdf5(weights));
    }
    return [...files, ...models];
  },
  mutate: mutateConfiguration,
  read: async (bytes) => {
    backend ??= createReferenceBackend();
    const readWeights = async (weights: Uint8Array) =>
      known.get(strFromU8(weights, true)) ?? known.values().next().value!;
    using model = await importKeras(bytes, { backend, readHdf5: readWeights });
    return model.outputs;
  },
  isTyped: (error) => error instanceof TimestepError,
};

/** Damages the configuration and packs the archive again. */
function mutateConfiguration(bytes: Uint8Array, random: Random): Uint8Array {
  let parts: Record<string, Uint8Array>;
  try {
    parts = unzipSync(bytes);
  } catch {
    return bytes;
  }
  const json = strFromU8(parts['config.json']!);
  const changed = random.chance(0.7) ? mutateJson(json, random) : mutateText(json, random, words);
  return zipSync({ ...parts, 'config.json': strToU8(changed) }, { level: 0 });
}
