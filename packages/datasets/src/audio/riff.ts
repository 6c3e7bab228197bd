import { DataError } from '../errors.ts';

/** The two chunks of a WAV file that hold its sound, and what the first says of the second. */
export interface WavChunks {
  /** The body of the `fmt ` chunk */
  readonly format: Uint8Array;
  /** The body of the `data` chunk */
  readonly data: Uint8Array;
  /** 1 for integers, 3 for floats; the sub-format where the file says `WAVE_FORMAT_EXTENSIBLE` */
  readonly encoding: 1 | 3;
  readonly channels: number;
  /** Hz */
  readonly sampleRate: number;
  readonly bitsPerSample: number;
  /** Bytes of one sample of all channels */
  readonly bytesPerFrame: number;
}

const extensible = 0xfffe;
const unknownLength = 0xffffffff;
const bitsAllowed = { 1: [8, 16, 24, 32], 3: [32, 64] } as const;
const encodingNames: Readonly<Record<number, string>> = {
  2: 'Microsoft ADPCM',
  6: 'A-law',
  7: 'mu-law',
  17: 'IMA ADPCM',
  49: 'GSM 6.10',
  80: 'MPEG',
  85: 'MP3',
};

/**
 * Walks the chunks of a RIFF file and checks what a decoder takes on trust: that each chunk is as long as it claims,
 * that the format is linear PCM or float, and that the header's sizes agree with one another.
 *
 * A `data` chunk of length 0xFFFFFFFF, which programs write into a pipe, reaches to the end of the file.
 *
 * @param bytes the whole file
 * @param name how errors call the file
 * @throws DataError `NOT_A_WAV`, `WAV_TRUNCATED`, `WAV_UNSUPPORTED`
 */
export function readWavChunks(bytes: Uint8Array, name: string): WavChunks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const container = tag(bytes, 0);
  if (container === 'RIFX' || container === 'RF64') {
    throw new DataError(
      'WAV_UNSUPPORTED',
      name,
      `[wav] ${name} is ${container === 'RIFX' ? 'a big-endian' : 'a 64-bit'} WAV file (${container}), expected RIFF; ${reencode(name)}`,
    );
  }
  if (container !== 'RIFF' || tag(bytes, 8) !== 'WAVE') {
    throw new DataError(
      'NOT_A_WAV',
      name,
      `[wav] ${name} is not a WAV file: expected it to begin with RIFF and WAVE, got ${bytes.length} bytes beginning with ${JSON.stringify(tag(bytes, 0))}`,
    );
  }
  let format: Uint8Array | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const id = tag(bytes, at);
    const declared = view.getUint32(at + 4, true);
    const start = at + 8;
    const length = id === 'data' && declared === unknownLength ? bytes.length - start : declared;
    if (start + length > bytes.length) {
      throw truncated(
        name,
        `its ${JSON.stringify(id.trim())} chunk should hold ${length} bytes and the file ends after ${bytes.length - start} of them`,
      );
    }
    const body = bytes.subarray(start, start + length);
    if (id === 'fmt ') format = body;
    if (id === 'data') {
      if (!format)
        throw new DataError(
          'NOT_A_WAV',
          name,
          `[wav] ${name} is not a WAV file that can be read: its "data" chunk comes before its "fmt" chunk`,
        );
      return checkFormat(name, format, body);
    }
    // Chunks begin at even offsets: an odd one is followed by a byte of padding that its length leaves out.
    at = start + length + (length % 2);
  }
  throw truncated(name, `it ends before its ${format ? '"data"' : '"fmt"'} chunk`);
}

function checkFormat(name: string, format: Uint8Array, data: Uint8Array): WavChunks {
  if (format.length < 16) throw truncated(name, `its "fmt" chunk has ${format.length} bytes, expected at least 16`);
  const view = new DataView(format.buffer, format.byteOffset, format.byteLength);
  let encoding = view.getUint16(0, true);
  if (encoding === extensible) {
    if (format.length < 40) throw truncated(name, `its extensible "fmt" chunk has ${format.length} bytes, expected 40`);
    encoding = view.getUint16(24, true);
  }
  const channels = view.getUint16(2, true);
  const sampleRate = view.getUint32(4, true);
  const bytesPerFrame = view.getUint16(12, true);
  const bitsPerSample = view.getUint16(14, true);
  if (encoding !== 1 && encoding !== 3) {
    throw new DataError(
      'WAV_UNSUPPORTED',
      name,
      `[wav] ${name} is encoded as ${encodingNames[encoding] ?? `format ${encoding}`}, expected linear PCM or float; ${reencode(name)}`,
    );
  }
  const allowed: readonly number[] = bitsAllowed[encoding];
  if (!allowed.includes(bitsPerSample)) {
    throw new DataError(
      'WAV_UNSUPPORTED',
      name,
      `[wav] ${name} has ${bitsPerSample} bits a sample, expected ${allowed.join(', ')} for ${encoding === 1 ? 'PCM' : 'float'}; ${reencode(name)}`,
    );
  }
  if (channels < 1 || sampleRate < 1 || bytesPerFrame !== (channels * bitsPerSample) / 8) {
    throw new DataError(
      'NOT_A_WAV',
      name,
      `[wav] the header of ${name} contradicts itself: ${channels} channels of ${bitsPerSample} bits in frames of ${bytesPerFrame} bytes at ${sampleRate} Hz; ${reencode(name)}`,
    );
  }
  if (data.length % bytesPerFrame !== 0)
    throw truncated(name, `its data of ${data.length} bytes end in the middle of a frame of ${bytesPerFrame}`);
  return { format, data, encoding, channels, sampleRate, bitsPerSample, bytesPerFrame };
}

function truncated(name: string, how: string): DataError {
  return new DataError('WAV_TRUNCATED', name, `[wav] ${name} is cut off: ${how}; copy or download it again`);
}

function reencode(name: string): string {
  return `re-encode it, for instance with: sox ${name} -e signed -b 16 out.wav`;
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
