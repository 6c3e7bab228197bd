import { countElements, dtypes, isDType, type SafetensorsDType } from './dtype.ts';
import { SafetensorsError } from './errors.ts';
import { JsonScanner } from './json-scanner.ts';

/** The reference implementation's limit, in bytes. */
export const maxHeaderBytes = 100_000_000;
/** SafetensorsBytes before the header: its length as a little-endian 64-bit integer. */
export const prefixBytes = 8;
const maxDimensions = 64;

/** The type, shape and position of a tensor. */
export interface TensorInfo {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** The first byte and the byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/** The header of a file. */
export interface Header {
  /** The entries of `__metadata__`; empty if there are none. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The tensors, in the order of their data in the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The byte of the file at which the data starts. */
  readonly dataStart: number;
}

/** Reads the length of the header in bytes from the first eight bytes of a file of `fileBytes` bytes. */
export function parseHeaderLength(prefix: Uint8Array, fileBytes: number, where: string): number {
  if (fileBytes < prefixBytes || prefix.length < prefixBytes) {
    throw new SafetensorsError('TRUNCATED', `${where}: expected at least ${prefixBytes} bytes, got ${fileBytes}`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, prefixBytes).getBigUint64(0, true);
  if (length > BigInt(maxHeaderBytes)) {
    // A frequent mistake: a file of torch.save, which is a ZIP archive, or a pickle in older versions.
    const pickled = (prefix[0] === 0x50 && prefix[1] === 0x4b) || prefix[0] === 0x80;
    const hint = pickled
      ? 'this looks like a file of torch.save; save it with safetensors.torch.save_file'
      : 'this is probably not a safetensors file';
    throw new SafetensorsError(
      'HEADER_TOO_LARGE',
      `${where}: the header claims ${length} bytes, the limit is ${maxHeaderBytes}; ${hint}`,
    );
  }
  if (length > BigInt(fileBytes - prefixBytes)) {
    throw new SafetensorsError(
      'TRUNCATED',
      `${where}: the header claims ${length} bytes, the file has ${fileBytes - prefixBytes} after its length`,
    );
  }
  return Number(length);
}

/** Parses and checks the JSON of a header. `dataBytes` is the number of bytes after it. */
export function parseHeader(json: Uint8Array, dataBytes: number, where: string): Header {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json);
  } catch (cause) {
    throw new SafetensorsError('INVALID_UTF8', `${where}: the header is not UTF-8`, { cause });
  }
  if (!text.startsWith('{')) {
    throw new SafetensorsError(
      'INVALID_HEADER',
      `${where}: expected the header to start with '{', got ${JSON.stringify(text.slice(0, 12))}`,
    );
  }
  const scanner = new JsonScanner(text, where);
  const once = (isSecond: boolean, key: string): void => {
    if (isSecond) throw new SafetensorsError('DUPLICATE_KEY', `${where}: the header has ${JSON.stringify(key)} twice`);
  };
  const found = new Map<string, TensorInfo>();
  let metadata: Map<string, string> | undefined;
  scanner.object((name) => {
    once(name === '__metadata__' ? metadata !== undefined : found.has(name), name);
    if (name === '__metadata__') metadata = parseMetadata(scanner, once);
    else found.set(name, parseInfo(scanner, name, where));
  });
  scanner.end();
  const sorted = [...found].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  checkLayout(sorted, dataBytes, where);
  return { metadata: metadata ?? new Map(), tensors: new Map(sorted), dataStart: prefixBytes + json.length };
}

function parseMetadata(scanner: JsonScanner, once: (isSecond: boolean, key: string) => void): Map<string, string> {
  const entries = new Map<string, string>();
  if (scanner.takeNull()) return entries;
  scanner.object((key) => {
    once(entries.has(key), key);
    entries.set(key, scanner.string());
  });
  return entries;
}

function parseInfo(scanner: JsonScanner, name: string, where: string): TensorInfo {
  const label = `${where}: tensor ${JSON.stringify(name)}`;
  const once = (before: unknown, key: string): void => {
    if (before !== undefined) throw new SafetensorsError('DUPLICATE_KEY', `${label} has ${JSON.stringify(key)} twice`);
  };
  let dtype: string | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  scanner.object((key) => {
    if (key === 'dtype') {
      once(dtype, key);
      dtype = scanner.string();
    } else if (key === 'shape') {
      once(shape, key);
      shape = parseIntegers(scanner, maxDimensions);
    } else if (key === 'data_offsets') {
      once(offsets, key);
      offsets = parseIntegers(scanner, 2);
    } else scanner.skip(); // as the reference implementation does
  });
  if (dtype === undefined || shape === undefined || offsets?.length !== 2) {
    throw new SafetensorsError('INVALID_HEADER', `${label}: expected dtype, shape and two data_offsets`);
  }
  if (!isDType(dtype)) {
    throw new SafetensorsError(
      'UNKNOWN_DTYPE',
      `${label} has dtype ${JSON.stringify(dtype)}, known are ${Object.keys(dtypes).join(', ')}`,
    );
  }
  const [begin, end] = offsets as [number, number];
  const elements = countElements(shape);
  if (elements === null)
    throw new SafetensorsError('INVALID_SHAPE', `${label} has shape [${shape.join(', ')}], more than 2^53 elements`);
  if (end - begin !== elements * dtypes[dtype].bytes) {
    throw new SafetensorsError(
      'INVALID_OFFSETS',
      `${label}: shape [${shape.join(', ')}] of ${dtype} needs ${elements * dtypes[dtype].bytes} bytes, its offsets [${begin}, ${end}] span ${end - begin}`,
    );
  }
  return { dtype, shape, begin, end };
}

function parseIntegers(scanner: JsonScanner, most: number): number[] {
  const out: number[] = [];
  scanner.array((index) => {
    if (index === most) throw scanner.fail(`at most ${most} numbers`);
    out.push(scanner.integer());
  });
  return out;
}

/** Checks that the tensors cover the data without overlaps or holes. */
function checkLayout(sorted: readonly [string, TensorInfo][], dataBytes: number, where: string): void {
  let position = 0;
  for (const [name, { begin, end }] of sorted) {
    if (begin !== position) {
      const fault = begin < position ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw new SafetensorsError(
        'INVALID_OFFSETS',
        `${where}: tensor ${JSON.stringify(name)} ${fault}: expected offset ${position}, got ${begin}`,
      );
    }
    if (end > dataBytes) {
      throw new SafetensorsError(
        'TRUNCATED',
        `${where}: tensor ${JSON.stringify(name)} ends at byte ${end} of the data, the file has ${dataBytes}; it was cut off`,
      );
    }
    position = end;
  }
  if (position !== dataBytes) {
    throw new SafetensorsError(
      'TRAILING_DATA',
      `${where}: the tensors end at byte ${position} of the data, the file has ${dataBytes}`,
    );
  }
}
