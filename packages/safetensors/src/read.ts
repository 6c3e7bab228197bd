import { type SafetensorsBytes, checkArgument, checkOptions, rules, toBytes } from './arguments.ts';
import { dtypes, type SafetensorsDType, type SafetensorsTensor } from './dtype.ts';
import { SafetensorsError } from './errors.ts';
import { float8Formats, widenFloat8 } from './float8.ts';
import { widenBfloat16, widenFloat16 } from './half.ts';
import { parseHeader, parseHeaderLength, prefixBytes, type Header } from './header.ts';

/** The options of `readSafetensors`. */
export interface ReadOptions {
  /** Converts tensors of 16-bit and 8-bit floats to `F32`. False by default, which keeps their bit patterns. */
  readonly widen?: boolean;
  /**
   * With `true`, the default, every array owns its memory. With `false`, the arrays are views of the given bytes, if
   * these are aligned and not shared memory; a change of the bytes changes the arrays.
   */
  readonly copy?: boolean;
  /** The name of the input in error messages, such as a file name. */
  readonly name?: string;
}

const nameRules = { name: rules.string };
const widenRules = { widen: rules.boolean };
const readRules = { ...widenRules, copy: rules.boolean, ...nameRules };

/** The contents of a file. */
export interface SafetensorsContents {
  readonly metadata: ReadonlyMap<string, string>;
  /** The tensors, in the order of their data in the file. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
}

/**
 * Reads a whole safetensors file. It checks the header before it allocates anything: no tensor can be larger than the
 * file, overlap another tensor or leave a hole.
 *
 * @param bytes the whole file, as a `Uint8Array`, `Buffer`, `ArrayBuffer` or another view of bytes
 * @throws SafetensorsError with a code that says what is wrong
 * @example
 * const { tensors } = readSafetensors(await readFile('model.safetensors'), { widen: true });
 * tensors.get('weight')?.shape;
 */
export function readSafetensors(bytes: SafetensorsBytes, options: ReadOptions = {}): SafetensorsContents {
  checkOptions('readSafetensors', options, readRules);
  const plain = toBytes('readSafetensors', bytes);
  const header = headerOf(plain, options.name);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [name, info] of header.tensors) {
    const data = plain.subarray(header.dataStart + info.begin, header.dataStart + info.end);
    tensors.set(name, toTensor(info.dtype, info.shape, data, options));
  }
  return { metadata: header.metadata, tensors };
}

/**
 * Reads only names, types, shapes and metadata.
 *
 * @param bytes the whole file, as a `Uint8Array`, `Buffer`, `ArrayBuffer` or another view of bytes
 * @throws SafetensorsError with a code that says what is wrong
 * @example
 * readHeader(await readFile('model.safetensors')).tensors.get('weight')?.shape;
 */
export function readHeader(bytes: SafetensorsBytes, options: Pick<ReadOptions, 'name'> = {}): Header {
  checkOptions('readHeader', options, nameRules);
  return headerOf(toBytes('readHeader', bytes), options.name);
}

function headerOf(bytes: Uint8Array, where = 'input'): Header {
  const length = parseHeaderLength(bytes.subarray(0, prefixBytes), bytes.length, where);
  return parseHeader(bytes.subarray(prefixBytes, prefixBytes + length), bytes.length - prefixBytes - length, where);
}

/** A source of bytes that can be read in pieces, such as a file, a blob, or a server that answers range requests. */
export interface ByteSource {
  readonly byteLength: number;
  /** Returns the bytes from `begin` up to, but not including, `end`. */
  read(begin: number, end: number): Promise<SafetensorsBytes>;
}

/** A file whose header has been read. `tensor` reads one tensor at a time. */
export interface SafetensorsFile extends Header {
  /**
   * Reads a tensor.
   *
   * @throws SafetensorsError `TENSOR_NOT_FOUND`, or `TRUNCATED` if the source returns fewer bytes than expected
   */
  tensor(name: string, options?: Pick<ReadOptions, 'widen'>): Promise<SafetensorsTensor>;
}

/**
 * Opens a file of any size. It reads and checks the header; each tensor is read on request.
 *
 * @throws SafetensorsError with a code that says what is wrong; any error of `source.read`
 * @example
 * const file = await openSafetensors({ byteLength: blob.size, read: (begin, end) => blob.slice(begin, end).bytes() });
 * const { data } = await file.tensor('weight');
 */
export async function openSafetensors(
  source: ByteSource,
  options: Pick<ReadOptions, 'name'> = {},
): Promise<SafetensorsFile> {
  checkOptions('openSafetensors', options, nameRules);
  checkArgument('openSafetensors', 'source.byteLength', (source as ByteSource | null)?.byteLength, rules.size);
  checkArgument('openSafetensors', 'source.read', source.read, rules.function);
  const where = options.name ?? 'input';
  const total = source.byteLength;
  const length = parseHeaderLength(await fetchBytes(source, 0, Math.min(prefixBytes, total), where), total, where);
  const json = await fetchBytes(source, prefixBytes, prefixBytes + length, where);
  const header = parseHeader(json, total - prefixBytes - length, where);
  return {
    ...header,
    async tensor(name, tensorOptions = {}) {
      checkArgument('tensor', 'name', name, rules.string);
      checkOptions('tensor', tensorOptions, widenRules);
      const info = header.tensors.get(name);
      if (!info) throw new SafetensorsError('TENSOR_NOT_FOUND', `${where}: no tensor ${JSON.stringify(name)}`);
      const data = await fetchBytes(source, header.dataStart + info.begin, header.dataStart + info.end, where);
      return toTensor(info.dtype, info.shape, data, tensorOptions);
    },
  };
}

async function fetchBytes(source: ByteSource, begin: number, end: number, where: string): Promise<Uint8Array> {
  if (begin === end) return new Uint8Array(0);
  const bytes = toBytes(`${where}: source.read`, await source.read(begin, end));
  if (bytes.length !== end - begin) {
    throw new SafetensorsError(
      'TRUNCATED',
      `${where}: expected ${end - begin} bytes from byte ${begin}, got ${bytes.length}`,
    );
  }
  return bytes;
}

/** The floats for which JavaScript has no typed array. */
const wideners: ReadonlyMap<SafetensorsDType, (bits: Uint8Array | Uint16Array) => Float32Array> = new Map<
  SafetensorsDType,
  (bits: Uint8Array | Uint16Array) => Float32Array
>([
  ['F16', (bits) => widenFloat16(bits as Uint16Array)],
  ['BF16', (bits) => widenBfloat16(bits as Uint16Array)],
  ...float8Formats.map(
    (format) => [format, (bits: Uint8Array | Uint16Array) => widenFloat8(bits as Uint8Array, format)] as const,
  ),
]);

/** Makes a typed array of `bytes`, whose length has been checked. */
function toTensor(
  dtype: SafetensorsDType,
  shape: readonly number[],
  bytes: Uint8Array,
  options: ReadOptions,
): SafetensorsTensor {
  const { array } = dtypes[dtype];
  const width = array.BYTES_PER_ELEMENT;
  const length = bytes.length / width;
  const widener = options.widen === true ? wideners.get(dtype) : undefined;
  const view = (options.copy === false || widener !== undefined) && bytes.byteOffset % width === 0;
  let data: SafetensorsTensor['data'];
  if (view) data = new array(bytes.buffer, bytes.byteOffset, length);
  else {
    data = new array(length);
    new Uint8Array(data.buffer).set(bytes);
  }
  if (widener) return { dtype: 'F32', shape, data: widener(data as Uint8Array | Uint16Array) };
  return { dtype, shape, data } as SafetensorsTensor;
}
