import { ArgumentError, checkOptions, checkValue, is, toBytes, type Bytes, type OptionRules } from '@timestep/core';
import type { LoadableTensor, LoadOptions, LoadReport, Module } from '@timestep/layers';
import { readSafetensors, SafetensorsError, writeSafetensors, type SafetensorsTensor } from '@timestep/safetensors';
import { decodeCheckpoint, dtypeOf, isHostArray } from './checkpoint/format.ts';
import { TrainError } from './errors.ts';

const modelRule = is.like('a model (a Module)', 'stateDict', 'loadStateDict');
const loadRules: OptionRules<LoadOptions> = { strict: is.optional(is.boolean) };

/**
 * Encodes the model's parameters and buffers as a safetensors file, which `safetensors.torch.load_file` reads too.
 *
 * ```ts
 * await writeFile('model.safetensors', await saveModel(model));
 * ```
 */
export async function saveModel(model: Module): Promise<Uint8Array<ArrayBuffer>> {
  checkValue('saveModel', 'model', model, modelRule);
  return encodeModel(await model.stateDict());
}

function encodeModel(dict: ReadonlyMap<string, LoadableTensor>): Uint8Array<ArrayBuffer> {
  return writeSafetensors(
    new Map(
      [...dict].map(([name, { shape, data }]) => [name, { dtype: dtypeOf(data), shape, data } as SafetensorsTensor]),
    ),
  );
}

/**
 * Extracts the model from a Trainer's checkpoint, as a file in the format of {@link saveModel}. The file of a best
 * model already has that format.
 *
 * @param bytes of a checkpoint, such as `checkpoint-00000200.safetensors`
 * @throws TrainError `CHECKPOINT_DAMAGED` where a byte is missing or changed, `CHECKPOINT_MISMATCH` where it holds no
 * model
 * @example
 * ```ts
 * loadModel(model, modelOfCheckpoint(await readFile('runs/one/checkpoint-00000200.safetensors')));
 * ```
 */
export function modelOfCheckpoint(bytes: Bytes): Uint8Array<ArrayBuffer> {
  const { tensors } = decodeCheckpoint(toBytes('modelOfCheckpoint', bytes));
  const own = [...tensors].flatMap(([name, tensor]) =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), tensor] as const] : [],
  );
  if (own.length === 0)
    throw new TrainError(
      'CHECKPOINT_MISMATCH',
      '[modelOfCheckpoint] this file holds no run with a model; where it is a best model, loadModel reads it as it is',
    );
  return encodeModel(new Map(own));
}

/** The prefix of the model's tensors in a checkpoint. */
const prefix = 'model.';

/**
 * Loads a file of {@link saveModel} into a model of the same structure. It loads everything or, if it throws, nothing.
 *
 * @param bytes of a safetensors file of f32 or i32; `loadPyTorch` of `@timestep/interop` also takes half precision and
 * other names
 * @returns the names that were missing and unexpected; both are empty unless `strict: false`
 * @throws TrainError `MODEL_DAMAGED` for a damaged file; ArgumentError `STATE_DICT_MISMATCH` that lists every
 * misfit
 * @example
 * ```ts
 * loadModel(model, await readFile('model.safetensors'));
 * ```
 */
export function loadModel(model: Module, bytes: Bytes, options: LoadOptions = {}): LoadReport {
  checkValue('loadModel', 'model', model, modelRule);
  checkOptions('loadModel', options, loadRules);
  try {
    const { tensors, metadata } = readSafetensors(toBytes('loadModel', bytes));
    if (metadata.has('checksum') && [...tensors.keys()].some((name) => name.startsWith('optimizer.')))
      throw new ArgumentError(
        '[loadModel] this is a checkpoint of a Trainer, not the file of a model; load its model with loadModel(model, modelOfCheckpoint(bytes)), or go on with its run by trainer.resume()',
        'STATE_DICT_MISMATCH',
      );
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
