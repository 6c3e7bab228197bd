import { unzipSync } from 'fflate';
import { InteropError, ensure } from './errors.ts';

/** The maximum ratio of the parts to the archive. Frameworks store parts uncompressed; other tools compress them. */
const maxGrowth = 10;
const leastRoom = 2 ** 20;
/** The size in bytes of an entry's header in the directory of an archive. */
const leastEntry = 46;

/** The number of bytes that the contents of an archive of this size may take. */
export function roomFor(bytes: Uint8Array): number {
  return Math.max(leastRoom, maxGrowth * bytes.byteLength);
}

/**
 * Unpacks the parts of a ZIP archive, by name.
 *
 * @param where the format, for messages
 * @param expected the kind of file, for messages
 * @param wanted returns true for the parts to unpack; all of them by default
 * @throws InteropError `MALFORMED_FILE` for a damaged archive, `READ_LIMIT` for one that unpacks to more than ten times
 *   its size
 */
export function unpackZip(
  bytes: Uint8Array,
  { where, expected, wanted }: { where: string; expected: string; wanted?: (name: string) => boolean },
): Map<string, Uint8Array> {
  let room = roomFor(bytes);
  // fflate trusts the number of entries in the directory.
  let entries = Math.floor(bytes.byteLength / leastEntry);
  try {
    const parts = unzipSync(bytes, {
      filter({ name, originalSize, size }) {
        entries -= 1;
        ensure(entries >= 0, 'MALFORMED_FILE', () => `[${where}] the archive's directory is damaged`);
        if (wanted && !wanted(name)) return false;
        room -= Math.max(originalSize, size);
        ensure(
          room >= 0,
          'READ_LIMIT',
          () =>
            `[${where}] '${name.slice(0, 100)}' would unpack to ${originalSize} bytes, more than ${maxGrowth} times the archive; it is damaged`,
        );
        return true;
      },
    });
    return new Map(Object.entries(parts));
  } catch (error) {
    if (error instanceof InteropError) throw error;
    throw new InteropError(
      'MALFORMED_FILE',
      `[${where}] the file is damaged or not a ZIP archive; expected ${expected}`,
      { cause: error },
    );
  }
}
