import { ArgumentError, checkOptions, checkValue, is, toBytes, type Bytes } from '@timestep/core';
import type { LoadableTensor, LoadReport, Module } from '@timestep/layers';
import { readSafetensors, writeSafetensors, type SafetensorsTensor } from '@timestep/safetensors';
import { InteropError } from '../errors.ts';
import { toLoadable } from './convert.ts';
import { isPt, isTensor, readPtBytes, type PtValue } from './pt.ts';
import { mappingRule, renameEntries, type NameMapping } from './rename.ts';
import { entriesAt, type PtPath } from './pt-path.ts';

/** The options of `readStateDict`. */
export interface ReadStateDictOptions {
  /** Maps the names of the file to the names of the module; unchanged by default. */
  readonly mapping?: NameMapping | undefined;
  /** The name of the input in error messages, such as a file name. */
  readonly name?: string | undefined;
  /**
   * The path of the state dict in a checkpoint that contains more, such as `'model'` for `{ model, optimizer, epoch }`, or
   * `['models', 0]`. Only for `.pt` and `.pth` files.
   */
  readonly path?: PtPath | undefined;
}

/** The options of `loadPyTorch`. */
export interface LoadPyTorchOptions extends ReadStateDictOptions {
  /** Whether file and module must have the same names; true by default. */
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
 * @param file the bytes of a file, or the tensors of a sharded model from `readSharded(…, { widen: true })`
 * @returns the tensors by name
 * @throws SafetensorsError for a malformed safetensors file; InteropError `INVALID_TENSOR` for a value out of range, and
 *   like {@link readPt}; ArgumentError for wrong arguments, and if a checkpoint needs a `path`
 * @example
 * readStateDict(await readFile('state.pt')).get('weight')?.shape;
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
        `[pytorch] expected '${name}' to be a tensor, got ${value === null ? 'None' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}; map it to null to leave it out`,
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
    throw new ArgumentError(`[${where}] path is only for .pt and .pth files; a safetensors file has one state dict`);
  if (bytes === null) return file as ReadonlyMap<string, SafetensorsTensor>;
  return readSafetensors(bytes, { widen: true, ...(name === undefined ? {} : { name }) }).tensors;
}

/**
 * Loads a PyTorch state dict into a module. Names, shapes and gate orders are the same in PyTorch and Timestep, so a model
 * whose parts have the same names needs no mapping. If anything does not match, the module is not changed.
 *
 * @returns the missing and the unexpected names; both lists are empty unless `strict` is false
 * @throws SafetensorsError, InteropError, or ArgumentError `STATE_DICT_MISMATCH`, which lists every mismatch
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
 * Writes the state dict of a module to a safetensors file. PyTorch loads it with
 * `model.load_state_dict(load_file(path))`.
 *
 * @param options.mapping maps the names of the module to the names of the file
 * @example
 * await writeFile('model.safetensors', await savePyTorch(model));
 */
export async function savePyTorch(
  module: Module,
  options: Pick<ReadStateDictOptions, 'mapping'> = {},
): Promise<Uint8Array<ArrayBuffer>> {
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
