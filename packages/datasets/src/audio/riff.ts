import { DataError } from '../errors.ts';
import { readWavFormat, type WavFormat } from './wav-format.ts';

/** The audio of a WAV file as bytes, with their format. */
export interface WavChunks extends WavFormat {
  /** The body of the `data` chunk: whole frames */
  readonly data: Uint8Array;
}

/** The lengths in the `ds64` chunk of a 64-bit file (RF64, BW64), by chunk name. */
type LongLengths = ReadonlyMap<string, number>;

const containers: Readonly<Record<string, { readonly littleEndian: boolean; readonly long: boolean }>> = {
  RIFF: { littleEndian: true, long: false },
  RIFX: { littleEndian: false, long: false },
  RF64: { littleEndian: true, long: true },
  BW64: { littleEndian: true, long: true },
};

/**
 * Reads the chunks of a RIFF file and checks their lengths. The formats are `RIFF`, `RIFX` (big-endian), `RF64` and
 * `BW64` (64-bit lengths). Only the first `data` chunk is used, and unknown chunks are skipped.
 *
 * A program that writes into a pipe does not know the length in advance, and writes 0, 0x7FFFF000, 0x80000000 or
 * 0xFFFFFFFF instead. Such a `data` chunk extends to the end of the file.
 *
 * @param bytes the whole file
 * @param name the file's name in errors
 * @throws DataError `NOT_A_WAV`, `WAV_TRUNCATED`, `WAV_UNSUPPORTED`
 */
export function readWavChunks(bytes: Uint8Array, name: string): WavChunks {
  const container = containers[tag(bytes, 0)];
  if (!container || tag(bytes, 8) !== 'WAVE') {
    throw new DataError(
      'NOT_A_WAV',
      name,
      `[wav] ${name} is not a WAV file: expected it to begin with RIFF and WAVE, got ${bytes.length} bytes beginning with ${JSON.stringify(tag(bytes, 0))}`,
    );
  }
  const { littleEndian, long } = container;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let lengths: LongLengths = new Map();
  let format: WavFormat | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = tag(bytes, at);
    const start = at + 8;
    const room = bytes.length - start;
    const written = view.getUint32(at + 4, littleEndian);
    const declared = long && written === 0xffffffff ? (lengths.get(id) ?? written) : written;
    const streamed = id === 'data' && isStreamed(bytes, start, declared, long);
    const length = streamed ? room : declared;
    if (length > room) {
      throw truncated(
        name,
        `its ${JSON.stringify(id.trim())} chunk should hold ${length} bytes and the file ends after ${room} of them`,
      );
    }
    const body = bytes.subarray(start, start + length);
    if (id === 'ds64') lengths = readLongLengths(body, name);
    if (id === 'fmt ') format = readWavFormat(body, littleEndian, name);
    if (id === 'data') return withData(name, format, body, streamed);
    at = start + length + padding(bytes, start + length);
  }
  throw truncated(name, `it ends before its ${format ? '"data"' : '"fmt"'} chunk`);
}

function withData(name: string, format: WavFormat | undefined, body: Uint8Array, streamed: boolean): WavChunks {
  if (!format) {
    throw new DataError(
      'NOT_A_WAV',
      name,
      `[wav] ${name} is not a WAV file that can be read: its "data" chunk comes before its "fmt" chunk`,
    );
  }
  const rest = body.length % format.bytesPerFrame;
  if (rest !== 0 && !streamed)
    throw truncated(name, `its data of ${body.length} bytes end in the middle of a frame of ${format.bytesPerFrame}`);
  // A stream can stop anywhere, so its last frame may be incomplete.
  return { ...format, data: body.subarray(0, body.length - rest) };
}

/** Whether the length of a `data` chunk is a placeholder that was never replaced. */
function isStreamed(bytes: Uint8Array, start: number, declared: number, long: boolean): boolean {
  const room = bytes.length - start;
  if (declared === 0) return room > 0 && !isChunkChain(bytes, start);
  if (declared <= room) return false;
  // The limits of 31 and 32 bits and SoX's 0x7FFFF000, or slightly less if the header is subtracted.
  const limits = [0x7ffff000, 0x7fffffff, 0x80000000, 0xffffffff];
  return limits.some((limit) => Math.abs(declared - limit) < 256) || (long && declared > Number.MAX_SAFE_INTEGER);
}

/**
 * Whether chunks with readable names fill the rest of the file. If so, an empty `data` chunk is really empty.
 */
function isChunkChain(bytes: Uint8Array, from: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const littleEndian = tag(bytes, 0) !== 'RIFX';
  let at = from;
  while (at + 8 <= bytes.length && /^[\x20-\x7e]{4}$/u.test(tag(bytes, at))) {
    const end = at + 8 + view.getUint32(at + 4, littleEndian);
    at = end + (end % 2);
  }
  return at === bytes.length || at === bytes.length + 1;
}

/**
 * Chunks start at even offsets. A chunk of odd length is followed by a padding byte that is not part of its length. Some
 * programs forget this byte; then the name of the next chunk follows directly.
 */
function padding(bytes: Uint8Array, end: number): number {
  return end % 2 === 1 && !['fmt ', 'data'].includes(tag(bytes, end)) ? 1 : 0;
}

/** Reads a `ds64` chunk (EBU Tech 3306): the lengths of file and data, the number of samples, then a table of others. */
function readLongLengths(body: Uint8Array, name: string): LongLengths {
  if (body.length < 24) throw truncated(name, `its "ds64" chunk has ${body.length} bytes, expected at least 24`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const lengths = new Map([['data', Number(view.getBigUint64(8, true))]]);
  const rows = body.length < 28 ? 0 : view.getUint32(24, true);
  for (let row = 0, at = 28; row < rows && at + 12 <= body.length; row++, at += 12)
    lengths.set(tag(body, at), Number(view.getBigUint64(at + 4, true)));
  return lengths;
}

function truncated(name: string, how: string): DataError {
  return new DataError('WAV_TRUNCATED', name, `[wav] ${name} is cut off: ${how}; copy or download it again`);
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
