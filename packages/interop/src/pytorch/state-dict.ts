import { ArgumentError } from '@timestep/core';
import type { LoadableTensor, LoadReport, Module } from '@timestep/layers';
import { readSafetensors, writeSafetensors, type SafetensorsTensor } from '@timestep/safetensors';
import { toLoadable } from './convert.ts';
import { renameEntries, type NameMapping } from './rename.ts';

export interface ReadStateDictOptions {
  /** Names of the file → names of the module; unchanged by default. */
  readonly mapping?: NameMapping | undefined;
  /** What error messages call the input, such as a file name. */
  readonly name?: string | undefined;
}

export interface LoadPyTorchOptions extends ReadStateDictOptions {
  /** Every name must be on both sides; true by default. */
  readonly strict?: boolean | undefined;
}

/**
 * Reads a PyTorch state dict that `safetensors.torch.save_file` wrote: floats of 8, 16 and 64 bits become f32, integers
 * i32.
 *
 * @param file the bytes of one file, or the tensors of a sharded one as `readSharded(…, { widen: true })` gives them
 * @throws SafetensorsError for a malformed file; InteropError `INVALID_TENSOR` for a value that does not fit
 */
export function readStateDict(
  file: Uint8Array | ReadonlyMap<string, SafetensorsTensor>,
  options: ReadStateDictOptions = {},
): Map<string, LoadableTensor> {
  const named = options.name === undefined ? {} : { name: options.name };
  if (!(file instanceof Uint8Array) && !(file instanceof Map))
    throw new ArgumentError(
      '[pytorch] expected the bytes of a file, or tensors by name in a Map; make a Uint8Array of an ArrayBuffer, and read a path first',
    );
  const tensors: ReadonlyMap<string, SafetensorsTensor> =
    file instanceof Uint8Array ? readSafetensors(file, { widen: true, ...named }).tensors : file;
  return new Map(
    [...renameEntries(tensors, options.mapping)].map(([name, tensor]) => [name, toLoadable(name, tensor)]),
  );
}

/**
 * Loads a PyTorch state dict into a module, all or nothing. Names, shapes and gate orders are the same on both sides,
 * so a model whose parts bear the same names needs no mapping.
 *
 * @returns the names that were missing and unexpected; both are empty unless `strict: false`
 * @throws SafetensorsError, InteropError, or ArgumentError `STATE_DICT_MISMATCH` that lists every misfit
 * @example
 * loadPyTorch(model, await readFile('model.safetensors'), { mapping: { encoder: 'lstm', 'decoder.out': 'head' } });
 */
export function loadPyTorch(
  module: Module,
  file: Uint8Array | ReadonlyMap<string, SafetensorsTensor>,
  options: LoadPyTorchOptions = {},
): LoadReport {
  return module.loadStateDict(readStateDict(file, options), { strict: options.strict });
}

/**
 * A module's state dict as a safetensors file that PyTorch loads with `model.load_state_dict(load_file(path))`.
 *
 * @param options.mapping names of the module → names of the file
 */
export async function savePyTorch(
  module: Module,
  options: Pick<ReadStateDictOptions, 'mapping'> = {},
): Promise<Uint8Array> {
  const entries = [...renameEntries(await module.stateDict(), options.mapping)].map(
    ([name, { dtype, shape, data }]) => {
      const tensor =
        dtype === 'f32'
          ? { dtype: 'F32', shape, data: Float32Array.from(data) }
          : dtype === 'i32'
            ? { dtype: 'I32', shape, data }
            : { dtype: 'U32', shape, data };
      return [name, tensor as SafetensorsTensor] as const;
    },
  );
  return writeSafetensors(new Map(entries), { metadata: { format: 'pt' } });
}
