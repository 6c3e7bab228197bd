import type { LoadOptions, LoadReport, Module } from '@timestep/layers';
import { readSafetensors, SafetensorsError, writeSafetensors, type SafetensorsTensor } from '@timestep/safetensors';
import { dtypeOf, isHostArray } from './checkpoint/format.ts';
import { TrainError } from './errors.ts';

/**
 * The model's parameters and buffers as a safetensors file, which `safetensors.torch.load_file` reads too.
 *
 * ```ts
 * await writeFile('model.safetensors', await saveModel(model));
 * ```
 */
export async function saveModel(model: Module): Promise<Uint8Array> {
  const dict = await model.stateDict();
  return writeSafetensors(
    new Map(
      [...dict].map(([name, { shape, data }]) => [name, { dtype: dtypeOf(data), shape, data } as SafetensorsTensor]),
    ),
  );
}

/**
 * Loads what `saveModel` gave into a model of the same structure: all of it, or nothing and an error.
 *
 * @param bytes of a safetensors file of f32 or i32; `loadPyTorch` of `@timestep/interop` also takes half precision and
 * other names
 * @returns the names that were missing and unexpected; both are empty unless `strict: false`
 * @throws TrainError `MODEL_DAMAGED` for a file that is none; ArgumentError `STATE_DICT_MISMATCH` that lists every
 * misfit
 *
 * ```ts
 * loadModel(model, await readFile('model.safetensors'));
 * ```
 */
export function loadModel(model: Module, bytes: Uint8Array, options: LoadOptions = {}): LoadReport {
  try {
    const { tensors } = readSafetensors(bytes);
    const loadable = [...tensors].map(([name, { shape, data }]) => {
      if (!isHostArray(data))
        throw new TrainError(
          'MODEL_DAMAGED',
          `[loadModel] tensor '${name}' has a type that no tensor here has, expected F32, I32 or U32; use loadPyTorch of @timestep/interop`,
        );
      return [name, { shape, data }] as const;
    });
    return model.loadStateDict(new Map(loadable), options);
  } catch (error) {
    if (error instanceof SafetensorsError)
      throw new TrainError('MODEL_DAMAGED', `[loadModel] this is no whole safetensors file: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
}
