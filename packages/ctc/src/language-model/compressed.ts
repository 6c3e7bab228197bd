/** The first bytes of files that are not text, and the names of their formats. */
const formats: readonly [bytes: readonly number[], name: string][] = [
  [[0x1f, 0x8b], 'packed with gzip'],
  [[0x42, 0x5a, 0x68], 'packed with bzip2'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'packed with xz'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'packed with zstd'],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive'],
  [[...new TextEncoder().encode('mmap lm ')], 'a binary model of KenLM'],
  [[0xff, 0xfe], 'text in UTF-16'],
  [[0xfe, 0xff], 'text in UTF-16'],
];

/** Recognizes a file that is not UTF-8 text by its first bytes; returns its format, or null if it may be text. */
export function otherFormat(bytes: Uint8Array): string | null {
  return formats.find(([start]) => start.every((byte, k) => bytes[k] === byte))?.[1] ?? null;
}
