import { type Bytes, checkArgument, checkOptions, rules, toBytes } from './arguments.ts';
import { dtypes, type SafetensorsDType, type SafetensorsTensor } from './dtype.ts';
import { SafetensorsError } from './errors.ts';
import { float8Formats, widenFloat8 } from './float8.ts';
import { widenBfloat16, widenFloat16 } from './half.ts';
import { parseHeader, parseHeaderLength, prefixBytes, type Header } from './header.ts';

export interface ReadOptions {
  /** Hands tensors of 16-bit and 8-bit floats over as `F32`; false by default, which leaves their bit patterns. */
  readonly widen?: boolean;
  /**
   * False: the arrays are views of the bytes given, where those are aligned and no shared memory, and share their fate.
   * True, the default: every array owns its memory.
   */
  readonly copy?: boolean;
  /** What error messages call the input, such as a file name. */
  readonly name?: string;
}

const nameRules = { name: rules.string };
const widenRules = { widen: rules.boolean };
const readRules = { ...widenRules, copy: rules.boolean, ...nameRules };

export interface SafetensorsContents {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order in which the data lies in the file. */
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
}

/**
 * Reads a whole safetensors file. The header is checked before anything is allocated: no tensor can claim more than
 * the file holds, overlap another or leave a hole.
 *
 * @param bytes the whole file, in any form: `Uint8Array`, `Buffer`, `ArrayBuffer`, …
 * @throws SafetensorsError with the code of what is wrong
 * @example
 * const { tensors } = readSafetensors(await readFile('model.safetensors'), { widen: true });
 * tensors.get('weight')?.shape;
 */
export function readSafetensors(bytes: Bytes, options: ReadOptions = {}): SafetensorsContents {
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
 * Reads names, types, shapes and metadata alone.
 *
 * @param bytes the whole file, in any form
 * @throws SafetensorsError with the code of what is wrong
 * @example
 * readHeader(await readFile('model.safetensors')).tensors.get('weight')?.shape;
 */
export function readHeader(bytes: Bytes, options: Pick<ReadOptions, 'name'> = {}): Header {
  checkOptions('readHeader', options, nameRules);
  return headerOf(toBytes('readHeader', bytes), options.name);
}

function headerOf(bytes: Uint8Array, where = 'input'): Header {
  const length = parseHeaderLength(bytes.subarray(0, prefixBytes), bytes.length, where);
  return parseHeader(bytes.subarray(prefixBytes, prefixBytes + length), bytes.length - prefixBytes - length, where);
}

/** Bytes that can be read in pieces: a file, a blob, a server that answers range requests. */
export interface ByteSource {
  readonly byteLength: number;
  /** The bytes from `begin` up to, not including, `end`. */
  read(begin: number, end: number): Promise<Bytes>;
}

/** A file of which only the header was read; `tensor` fetches one tensor at a time. */
export interface SafetensorsFile extends Header {
  /** @throws SafetensorsError `TENSOR_NOT_FOUND`, or `TRUNCATED` where the source gives fewer bytes than it promised */
  tensor(name: string, options?: Pick<ReadOptions, 'widen'>): Promise<SafetensorsTensor>;
}

/**
 * Opens a file of any size: reads and checks its header, and each tensor when it is asked for.
 *
 * @throws SafetensorsError with the code of what is wrong; whatever `source.read` throws
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

/** The floats that have no typed array of their own. */
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

/** Makes the typed array of `bytes`, whose length has been checked against the shape. */
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
