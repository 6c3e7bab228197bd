const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** CRC-32 (ISO 3309) of the pieces one after another, as 8 hexadecimal digits. */
export function checksumOf(pieces: Iterable<Uint8Array>): string {
  let value = 0xffffffff;
  for (const piece of pieces) {
    for (let i = 0; i < piece.length; i++) value = table[(value ^ piece[i]!) & 0xff]! ^ (value >>> 8);
  }
  return (~value >>> 0).toString(16).padStart(8, '0');
}
