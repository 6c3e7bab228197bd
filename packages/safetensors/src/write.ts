import { checkArgument, checkOptions, rules } from './arguments.ts';
import { countElements, dtypes, isDType, layoutRank, numbersPerElement, type SafetensorsTensor } from './dtype.ts';
import { SafetensorsError } from './errors.ts';
import { hasLoneSurrogate } from './json-scanner.ts';
import { maxHeaderBytes, prefixBytes } from './header.ts';

/** Tensors by name. A Map can have any name; a plain object can have any name but `__proto__`. */
export type TensorsByName = ReadonlyMap<string, SafetensorsTensor> | Readonly<Record<string, SafetensorsTensor>>;

/** The options of `writeSafetensors`. */
export interface WriteOptions {
  /** The entries of `__metadata__`, written in the order of their keys. */
  readonly metadata?: ReadonlyMap<string, string> | Readonly<Record<string, string>> | undefined;
}

/**
 * Writes tensors to a safetensors file. The bytes are those of the reference implementation: the widest element type
 * comes first, tensors of equal type are in code point order of their names, and the header is padded with spaces to a
 * multiple of 8.
 *
 * @throws SafetensorsError `INVALID_TENSOR` if data and shape do not match or a name cannot be written;
 *   `INVALID_ARGUMENT` for anything but tensors by name
 * @example
 * writeSafetensors({ weight: { dtype: 'F32', shape: [2, 3], data: new Float32Array(6) } });
 */
export function writeSafetensors(tensors: TensorsByName, options: WriteOptions = {}): Uint8Array<ArrayBuffer> {
  const pieces = safetensorsPieces(tensors, options);
  const out = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    out.set(piece, position);
    position += piece.length;
  }
  return out;
}

/**
 * Returns the same file as pieces, to be written one after another: the header, then a view of the memory of each
 * tensor. This avoids a copy of the data.
 *
 * @throws SafetensorsError like `writeSafetensors`
 * @example
 * for (const piece of safetensorsPieces(tensors)) await handle.write(piece);
 */
export function safetensorsPieces(tensors: TensorsByName, options: WriteOptions = {}): Uint8Array[] {
  checkOptions('writeSafetensors', options, { metadata: rules.stringMap });
  const sorted = tensorEntries('writeSafetensors', tensors).sort(
    ([nameA, a], [nameB, b]) => layoutRank(a.dtype) - layoutRank(b.dtype) || compareCodePoints(nameA, nameB),
  );
  const fields: string[] = [];
  if (options.metadata !== undefined) fields.push(`"__metadata__":${formatMetadata(options.metadata)}`);
  const data: Uint8Array[] = [];
  let position = 0;
  for (const [name, tensor] of sorted) {
    const bytes = tensorBytes(name, tensor);
    const end = position + bytes.length;
    fields.push(
      `${quote(name)}:{"dtype":"${tensor.dtype}","shape":[${tensor.shape.join(',')}],"data_offsets":[${position},${end}]}`,
    );
    data.push(bytes);
    position = end;
  }
  return [formatHeader(`{${fields.join(',')}}`), ...data];
}

/** The tensors with their names. Only the types of their parts have been checked. */
export function tensorEntries(where: string, tensors: TensorsByName): [string, SafetensorsTensor][] {
  checkArgument(where, 'tensors', tensors, rules.tensors);
  const entries: [unknown, SafetensorsTensor | null | undefined][] =
    tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  return entries.map(([name, tensor]) => {
    checkArgument(where, 'the name of each tensor', name, rules.string);
    if (!tensor || !Array.isArray(tensor.shape) || !ArrayBuffer.isView(tensor.data)) {
      throw new SafetensorsError(
        'INVALID_TENSOR',
        `tensor ${JSON.stringify(name)}: expected { dtype, shape, data } with a shape that is an array and data that are a typed array`,
      );
    }
    return [name as string, tensor];
  });
}

function formatHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / 8) * 8;
  if (length > maxHeaderBytes) {
    throw new SafetensorsError(
      'HEADER_TOO_LARGE',
      `the header would take ${length} bytes, the limit is ${maxHeaderBytes}; write shards`,
    );
  }
  const out = new Uint8Array(prefixBytes + length).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(text, prefixBytes);
  return out;
}

function formatMetadata(metadata: NonNullable<WriteOptions['metadata']>): string {
  const pairs: [string, unknown][] = metadata instanceof Map ? [...metadata] : Object.entries(metadata);
  const fields = pairs
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([key, value]) => {
      if (typeof value !== 'string') {
        throw new SafetensorsError(
          'INVALID_TENSOR',
          `metadata ${JSON.stringify(key)}: expected a string, got ${typeof value}; pass String(value) or JSON`,
        );
      }
      return `${quote(key)}:${quote(value)}`;
    });
  return `{${fields.join(',')}}`;
}

function quote(text: string): string {
  if (hasLoneSurrogate(text))
    throw new SafetensorsError(
      'INVALID_TENSOR',
      `${JSON.stringify(text)} has a lone surrogate and cannot be written as UTF-8`,
    );
  return JSON.stringify(text);
}

function tensorBytes(name: string, { dtype, shape, data }: SafetensorsTensor): Uint8Array {
  const label = `tensor ${JSON.stringify(name)}`;
  if (name === '__metadata__')
    throw new SafetensorsError(
      'INVALID_TENSOR',
      `the name "__metadata__" is reserved by the format; rename the tensor`,
    );
  if (!isDType(dtype))
    throw new SafetensorsError(
      'UNKNOWN_DTYPE',
      `${label} has dtype ${JSON.stringify(dtype)}, known are ${Object.keys(dtypes).join(', ')}`,
    );
  const { array } = dtypes[dtype];
  if (!(data instanceof array)) {
    throw new SafetensorsError(
      'INVALID_TENSOR',
      `${label}: dtype ${dtype} is held by a ${array.name}, got ${Object.prototype.toString.call(data)}`,
    );
  }
  const elements = countElements(shape);
  const numbers = elements === null ? null : elements * numbersPerElement(dtype);
  if (numbers !== data.length) {
    throw new SafetensorsError(
      'INVALID_TENSOR',
      `${label}: shape [${shape.join(', ')}] of ${dtype} takes ${numbers ?? 'no valid number of'} numbers, the data has ${data.length}`,
    );
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Compares by UTF-8 bytes. JavaScript's `<` compares UTF-16 units, which puts U+1F600 before U+E000. */
export function compareCodePoints(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const unitA = a.charCodeAt(i);
    const unitB = b.charCodeAt(i);
    if (unitA !== unitB) {
      const surrogateA = unitA >= 0xd800 && unitA < 0xe000;
      const surrogateB = unitB >= 0xd800 && unitB < 0xe000;
      return surrogateA === surrogateB ? unitA - unitB : surrogateA ? 1 : -1;
    }
  }
  return a.length - b.length;
}
