import { ArgumentError, checkOptions, checkValue, is, toBytes, type Bytes } from '@timestep/core';
import type { LoadableTensor, LoadReport, Module } from '@timestep/layers';
import { readSafetensors, writeSafetensors, type SafetensorsTensor } from '@timestep/safetensors';
import { InteropError } from '../errors.ts';
import { toLoadable } from './convert.ts';
import { isPt, isTensor, readPtBytes, type PtValue } from './pt.ts';
import { mappingRule, renameEntries, type NameMapping } from './rename.ts';
import { entriesAt, type PtPath } from './pt-path.ts';

export interface ReadStateDictOptions {
  /** Names of the file → names of the module; unchanged by default. */
  readonly mapping?: NameMapping | undefined;
  /** What error messages call the input, such as a file name. */
  readonly name?: string | undefined;
  /**
   * Where the state dict is in a checkpoint that holds more, such as `'model'` of `{ model, optimizer, epoch }` or
   * `['models', 0]`; for `.pt` and `.pth` files alone.
   */
  readonly path?: PtPath | undefined;
}

export interface LoadPyTorchOptions extends ReadStateDictOptions {
  /** Every name must be on both sides; true by default. */
  readonly strict?: boolean | undefined;
}

const readRules = {
  mapping: mappingRule,
  name: is.optional(is.string),
  path: is.optional(is.anyOf(is.string, is.arrayOf(is.anyOf(is.string, is.integer(0)), 'a list of keys'))),
};
const loadRules = { ...readRules, strict: is.optional(is.boolean) };
const saveRules = { mapping: mappingRule };
const moduleRule = is.like('a module of @timestep/layers', 'stateDict', 'loadStateDict');

/**
 * Reads a PyTorch state dict: a `.pt` or `.pth` file of `torch.save`, or a file of `safetensors.torch.save_file`.
 * Floats of 8, 16 and 64 bits become f32, integers and masks i32.
 *
 * @param file the bytes of one file, or the tensors of a sharded one as `readSharded(…, { widen: true })` gives them
 * @throws SafetensorsError for a malformed file of safetensors; InteropError `INVALID_TENSOR` for a value that does not
 *   fit, and as {@link readPt} has it; ArgumentError for wrong arguments, and where a checkpoint needs a `path`
 */
export function readStateDict(
  file: Bytes | ReadonlyMap<string, SafetensorsTensor>,
  options: ReadStateDictOptions = {},
): Map<string, LoadableTensor> {
  checkOptions('readStateDict', options, readRules);
  return read('readStateDict', file, options);
}

function read(
  where: string,
  file: Bytes | ReadonlyMap<string, SafetensorsTensor>,
  options: ReadStateDictOptions,
): Map<string, LoadableTensor> {
  const entries = renameEntries<PtValue>(valuesOf(where, file, options), options.mapping);
  return new Map(
    [...entries].map(([name, value]) => {
      if (isTensor(value)) return [name, toLoadable(name, value)];
      throw new InteropError(
        'UNSUPPORTED_MODEL',
        `[pytorch] '${name}' is no tensor but ${value === null ? 'None' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}; leave it out by a mapping to null`,
      );
    }),
  );
}

function valuesOf(
  where: string,
  file: Bytes | ReadonlyMap<string, SafetensorsTensor>,
  { name, path }: ReadStateDictOptions,
): ReadonlyMap<string, PtValue> {
  const isMap = file instanceof Map;
  const bytes = isMap ? null : toBytes(where, file as Bytes);
  if (bytes && isPt(bytes)) return entriesAt(readPtBytes(bytes), path);
  if (path !== undefined)
    throw new ArgumentError(`[${where}] a path is for .pt and .pth files; a file of safetensors has one state dict`);
  if (bytes === null) return file as ReadonlyMap<string, SafetensorsTensor>;
  return readSafetensors(bytes, { widen: true, ...(name === undefined ? {} : { name }) }).tensors;
}

/**
 * Loads a PyTorch state dict into a module, all or nothing. Names, shapes and gate orders are the same on both sides,
 * so a model whose parts bear the same names needs no mapping.
 *
 * @returns the names that were missing and unexpected; both are empty unless `strict: false`
 * @throws SafetensorsError, InteropError, or ArgumentError `STATE_DICT_MISMATCH` that lists every misfit
 * @example
 * loadPyTorch(model, await readFile('checkpoint.pt'), { path: 'model' });
 * loadPyTorch(model, await readFile('model.safetensors'), { mapping: { encoder: 'lstm', 'decoder.out': 'head' } });
 */
export function loadPyTorch(
  module: Module,
  file: Bytes | ReadonlyMap<string, SafetensorsTensor>,
  options: LoadPyTorchOptions = {},
): LoadReport {
  checkValue('loadPyTorch', 'module', module, moduleRule);
  checkOptions('loadPyTorch', options, loadRules);
  return module.loadStateDict(read('loadPyTorch', file, options), { strict: options.strict });
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
  checkValue('savePyTorch', 'module', module, moduleRule);
  checkOptions('savePyTorch', options, saveRules);
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
