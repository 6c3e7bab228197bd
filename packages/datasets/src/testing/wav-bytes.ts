/** One chunk of a RIFF file, padded to an even length as the format asks. */
export function chunk(id: string, body: Uint8Array, declaredLength = body.length): Uint8Array {
  const bytes = new Uint8Array(8 + body.length + (body.length % 2));
  bytes.set([...id].map((letter) => letter.charCodeAt(0)));
  new DataView(bytes.buffer).setUint32(4, declaredLength, true);
  bytes.set(body, 8);
  return bytes;
}

export interface FormatFields {
  readonly encoding: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
  /** Adds the 24 bytes of WAVE_FORMAT_EXTENSIBLE with this sub-format */
  readonly subFormat?: number;
  readonly frame?: number;
}

/** The body of a `fmt ` chunk, written field by field as the RIFF specification lists them. */
export function formatBody({
  encoding,
  channels,
  sampleRate,
  bits,
  subFormat,
  frame = (channels * bits) / 8,
}: FormatFields): Uint8Array {
  const bytes = new Uint8Array(subFormat === undefined ? 16 : 40);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, encoding, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, sampleRate, true);
  view.setUint32(8, sampleRate * frame, true);
  view.setUint16(12, frame, true);
  view.setUint16(14, bits, true);
  if (subFormat !== undefined) {
    view.setUint16(16, 22, true);
    view.setUint16(18, bits, true);
    view.setUint16(24, subFormat, true);
    bytes.set([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71], 26);
  }
  return bytes;
}

/** A RIFF file of these chunks. */
export function riff(chunks: readonly Uint8Array[], container = 'RIFF', type = 'WAVE'): Uint8Array {
  const body = Uint8Array.from([
    ...[...type].map((letter) => letter.charCodeAt(0)),
    ...chunks.flatMap((bytes) => [...bytes]),
  ]);
  return chunk(container, body);
}
