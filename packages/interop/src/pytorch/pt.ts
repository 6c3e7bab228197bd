import { checkOptions, is, toBytes, type Bytes } from '@timestep/core';
import type { SafetensorsTensor } from '@timestep/safetensors';
import { InteropError, ensure } from '../errors.ts';
import { roomFor, unpackZip } from '../zip.ts';
import { PickleGlobal, readPickle, type PickleHooks, type PickleValue } from './pickle.ts';
import { gatherTensor, PtStorage, PtTensor, storageTypes, type Budget } from './pt-tensor.ts';

/**
 * A value of a `torch.save` file. Dictionaries are Maps; lists, tuples and sets are arrays; `None` is null; integers
 * beyond 2⁵³ are bigints.
 */
export type PtValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | SafetensorsTensor
  | readonly PtValue[]
  | ReadonlyMap<PtValue, PtValue>;

/** The maximum depth of nested containers. Checkpoints have a handful of levels. */
const maxDepth = 32;
const maxValues = 1_000_000;

/**
 * Reads a `.pt` or `.pth` file of `torch.save`: tensors of every type, parameters, plain containers, numbers and strings.
 * Nothing in the file is executed. Classes and functions are refused by name, except those that PyTorch uses to store
 * tensors.
 *
 * @param file the bytes of the file
 * @returns the saved object; floats of 8 and 16 bits are widened to f32
 * @throws InteropError `MALFORMED_FILE`, `READ_LIMIT`, `INVALID_TENSOR`, or `UNSUPPORTED_MODEL` for an unknown class (with
 *   its name), a whole pickled model, TorchScript, and the format of PyTorch before 1.6
 * @example
 * const checkpoint = readPt(await readFile('checkpoint.pt'));
 * const epoch = checkpoint instanceof Map ? checkpoint.get('epoch') : null;
 */
export function readPt(file: Bytes, options: { readonly name?: string | undefined } = {}): PtValue {
  const bytes = toBytes('readPt', file);
  checkOptions('readPt', options, { name: is.optional(is.string) });
  return readPtBytes(bytes);
}

const begins = (bytes: Uint8Array, ...signature: readonly number[]): boolean =>
  signature.every((byte, n) => bytes[n] === byte);

/** Whether the bytes look like a file of `torch.save`: a ZIP archive, or one of the formats before 1.6. */
export function isPt(bytes: Uint8Array): boolean {
  return begins(bytes, 0x50, 0x4b, 3, 4) || isLegacy(bytes);
}

/** Whether the bytes are a file of PyTorch before 1.6: a pickle that starts with a magic number, or a tar archive. */
function isLegacy(bytes: Uint8Array): boolean {
  const isTar = new TextDecoder('latin1').decode(bytes.subarray(257, 262)) === 'ustar';
  return isTar || begins(bytes, 0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46);
}

/** @see readPt */
export function readPtBytes(bytes: Uint8Array): PtValue {
  if (isLegacy(bytes))
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      '[pytorch] the file has the format of PyTorch before 1.6; load it in PyTorch and save it again with torch.save or safetensors.torch.save_file',
    );
  const parts = unpackZip(bytes, { where: 'pytorch', expected: 'a file that torch.save wrote' });
  const pickle = [...parts.keys()].find((name) => /^[^/]*\/data\.pkl$/u.test(name) || name === 'data.pkl');
  ensure(
    pickle !== undefined,
    'MALFORMED_FILE',
    () => `[pytorch] the archive contains no 'data.pkl'; expected a file of torch.save`,
  );
  const folder = pickle.slice(0, -'data.pkl'.length);
  ensure(
    ![...parts.keys()].some((name) => name.startsWith(`${folder}code/`)),
    'UNSUPPORTED_MODEL',
    () => '[pytorch] the file is TorchScript, a program; save model.state_dict() with torch.save',
  );
  const order = new TextDecoder().decode(parts.get(`${folder}byteorder`) ?? new Uint8Array(0));
  ensure(
    order === '' || order === 'little',
    'UNSUPPORTED_MODEL',
    () => `[pytorch] the file was written in ${order.slice(0, 20)}-endian order; save it on a little-endian machine`,
  );
  const budget = { left: roomFor(bytes) };
  const made = readPickle(parts.get(pickle)!, new Hooks(parts, `${folder}data/`, budget));
  return plain(made, { depth: 0, count: { left: maxValues } });
}

/** Makes a dictionary that keeps the order of its entries. */
type Entries = Map<PickleValue, PickleValue>;

class Hooks implements PickleHooks {
  readonly #parts: ReadonlyMap<string, Uint8Array>;
  readonly #folder: string;
  readonly #budget: Budget;

  constructor(parts: ReadonlyMap<string, Uint8Array>, folder: string, budget: Budget) {
    this.#parts = parts;
    this.#folder = folder;
    this.#budget = budget;
  }

  call({ name }: PickleGlobal, values: readonly PickleValue[]): PickleValue {
    switch (name) {
      case 'collections.OrderedDict':
        return this.#dictionary(values);
      case 'torch.Size':
      case 'builtins.set':
      case '__builtin__.set':
      case 'builtins.frozenset':
        return listed(values[0] ?? []);
      case 'torch.device':
        return values.map(String).join(':');
      case '_codecs.encode':
        return Uint8Array.from(String(values[0]), (letter) => letter.charCodeAt(0));
      case 'torch._utils._rebuild_parameter':
      case 'torch._utils._rebuild_parameter_with_state':
        return values[0];
      case 'torch._utils._rebuild_tensor':
      case 'torch._utils._rebuild_tensor_v2':
        return this.#tensor(values, null);
      case 'torch._utils._rebuild_tensor_v3':
        return this.#tensor(values, values[6]);
      default:
        throw new InteropError(
          'UNSUPPORTED_MODEL',
          `[pytorch] the file refers to ${name.slice(0, 100)}, which is unknown and not executed; save model.state_dict(), or a dictionary of tensors, numbers and strings`,
        );
    }
  }

  setState(target: PickleValue, state: PickleValue): void {
    // A state dict carries versions of its modules as an attribute of the dictionary.
    const isMetadata = target instanceof Map && (state === null || state instanceof Map);
    ensure(
      isMetadata || (target instanceof PtTensor && state === null),
      'UNSUPPORTED_MODEL',
      () => '[pytorch] the file sets the state of an object that is not a dictionary; save model.state_dict()',
    );
  }

  load(id: PickleValue): PickleValue {
    const [kind, type, key] = listed(id);
    const name = type instanceof PickleGlobal ? type.name.replace(/^torch\.(storage\.)?/u, '') : '';
    const element = Object.hasOwn(storageTypes, name) ? storageTypes[name] : undefined;
    ensure(
      kind === 'storage' && element !== undefined,
      'UNSUPPORTED_MODEL',
      () =>
        `[pytorch] the file contains a ${name === '' ? 'reference' : name.slice(0, 100)} that is not the storage of a tensor`,
    );
    const bytes = this.#parts.get(this.#folder + String(key));
    ensure(
      bytes !== undefined,
      'MISSING_TENSOR',
      () => `[pytorch] the archive holds no '${this.#folder}${String(key).slice(0, 100)}', which a tensor lies in`,
    );
    return new PtStorage(element, bytes);
  }

  #dictionary([items = []]: readonly PickleValue[]): Entries {
    if (items instanceof Map) return new Map(items as Entries);
    return new Map(listed(items).map((item) => listed(item) as unknown as [PickleValue, PickleValue]));
  }

  #tensor([storage, offset, shape, strides]: readonly PickleValue[], dtype: PickleValue): PtTensor {
    ensure(storage instanceof PtStorage, 'MALFORMED_FILE', () => '[pytorch] a tensor has no storage');
    const layout = {
      offset: Number(offset),
      shape: listed(shape).map(Number),
      strides: listed(strides).map(Number),
    };
    const type = dtype instanceof PickleGlobal ? dtype.name.replace(/^torch\./u, '') : storage.type;
    return gatherTensor(storage, layout, type, this.#budget);
  }
}

function listed(value: PickleValue): readonly PickleValue[] {
  ensure(Array.isArray(value), 'MALFORMED_FILE', () => '[pytorch] expected a tuple or a list in the pickle');
  return value as PickleValue[];
}

/** Converts the values of a pickle to plain values; other objects are refused by name. */
function plain(value: PickleValue, { depth, count }: { depth: number; count: { left: number } }): PtValue {
  count.left -= 1;
  ensure(count.left >= 0, 'READ_LIMIT', () => `[pytorch] the file holds more than ${maxValues} values`);
  ensure(
    depth <= maxDepth,
    'UNSUPPORTED_MODEL',
    () => `[pytorch] containers are nested deeper than ${maxDepth} levels`,
  );
  const inner = (one: PickleValue) => plain(one, { depth: depth + 1, count });
  if (value instanceof PtTensor) return value.tensor;
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Map) return new Map([...(value as Entries)].map(([key, one]) => [inner(key), inner(one)]));
  if (value instanceof PickleGlobal) {
    // Element types and layouts are values of a checkpoint as well.
    if (/^torch\.[a-z0-9_]+$/u.test(value.name)) return value.name;
    throw new InteropError(
      'UNSUPPORTED_MODEL',
      `[pytorch] the file contains ${value.name.slice(0, 100)}, which cannot be read; save model.state_dict()`,
    );
  }
  ensure(
    !(value instanceof PtStorage),
    'UNSUPPORTED_MODEL',
    () => '[pytorch] the file contains a storage without a tensor',
  );
  return value as PtValue;
}

/** Whether a value of a file is a tensor. */
export function isTensor(value: PtValue | undefined): value is SafetensorsTensor {
  return typeof value === 'object' && value !== null && 'dtype' in value;
}
