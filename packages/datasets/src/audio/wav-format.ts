import { DataError } from '../errors.ts';

/** The format of the samples, from the `fmt ` chunk of a WAV file. */
export interface WavFormat {
  readonly encoding: 'integer' | 'float';
  readonly channels: number;
  /** Hz */
  readonly sampleRate: number;
  /** Bytes that one sample of one channel takes: 1 to 4 for integers, 4 or 8 for floats */
  readonly bytesPerSample: number;
  /** Bytes of one sample of all channels */
  readonly bytesPerFrame: number;
  readonly littleEndian: boolean;
}

/** The format tag of an extensible chunk, whose actual format is in the sub-format. */
const extensible = 0xfffe;
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
 * Reads the body of a `fmt ` chunk and checks that its fields are consistent.
 *
 * It accepts integers of 1 to 32 bits. If the number of bits is not a multiple of 8, such as 12 or 20, the sample is
 * left-aligned in the next larger container, with zeros below it. Its scale is then that of the container.
 *
 * @param name the file's name in errors
 * @throws DataError `WAV_TRUNCATED` for a chunk that is too short, `WAV_UNSUPPORTED` for another encoding, `NOT_A_WAV`
 *   for contradictory fields
 */
export function readWavFormat(body: Uint8Array, littleEndian: boolean, name: string): WavFormat {
  const isExtensible =
    body.length >= 2 && new DataView(body.buffer, body.byteOffset).getUint16(0, littleEndian) === extensible;
  const least = isExtensible ? 40 : 16;
  if (body.length < least) {
    throw new DataError(
      'WAV_TRUNCATED',
      name,
      `[wav] ${name} is cut off: its ${isExtensible ? 'extensible ' : ''}"fmt" chunk has ${body.length} bytes, expected at least ${least}; copy or download it again`,
    );
  }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const tag = view.getUint16(isExtensible ? 24 : 0, littleEndian);
  const channels = view.getUint16(2, littleEndian);
  const sampleRate = view.getUint32(4, littleEndian);
  const bytesPerFrame = view.getUint16(12, littleEndian);
  const bits = view.getUint16(14, littleEndian);
  const unsupported = (what: string) =>
    new DataError('WAV_UNSUPPORTED', name, `[wav] ${name} ${what}; ${reencode(name)}`);
  if (tag !== 1 && tag !== 3)
    throw unsupported(`is encoded as ${encodingNames[tag] ?? `format ${tag}`}, expected linear PCM or float`);
  const isFloat = tag === 3;
  if (isFloat ? bits !== 32 && bits !== 64 : bits < 1 || bits > 32)
    throw unsupported(`has ${bits} bits a sample, expected ${isFloat ? '32 or 64 for float' : '1 to 32 for PCM'}`);
  const bytesPerSample = Math.ceil(bits / 8);
  if (channels < 1 || sampleRate < 1 || bytesPerFrame !== channels * bytesPerSample) {
    throw new DataError(
      'NOT_A_WAV',
      name,
      `[wav] the header of ${name} contradicts itself: ${channels} channels of ${bits} bits in frames of ${bytesPerFrame} bytes at ${sampleRate} Hz; ${reencode(name)}`,
    );
  }
  return { encoding: isFloat ? 'float' : 'integer', channels, sampleRate, bytesPerSample, bytesPerFrame, littleEndian };
}

function reencode(name: string): string {
  return `re-encode it, for instance with: sox ${name} -e signed -b 16 out.wav`;
}
