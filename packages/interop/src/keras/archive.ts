import { InteropError, ensure } from '../errors.ts';
import { unpackZip } from '../zip.ts';

/** The parts of a `.keras` file. */
export interface KerasArchive {
  /** The model's configuration, parsed. */
  readonly config: unknown;
  /** The HDF5 file of the weights. */
  readonly weights: Uint8Array;
}

const wanted = ['config.json', 'model.weights.h5'];
/** A configuration has a few kilobytes per layer. Parsed JSON takes a multiple of its size. */
const maxConfigBytes = 2 ** 22;

/**
 * Unpacks a `.keras` file, a ZIP archive of a configuration and an HDF5 file.
 *
 * @throws InteropError `MALFORMED_FILE` for a damaged archive or configuration, `READ_LIMIT` for an archive that unpacks
 *   to more than ten times its size
 */
export function openKerasArchive(file: Uint8Array): KerasArchive {
  const parts = unpackZip(file, {
    where: 'keras',
    expected: 'a .keras file',
    wanted: (name) => wanted.includes(name),
  });
  for (const name of wanted) {
    ensure(
      parts.has(name),
      'MALFORMED_FILE',
      () => `[keras] the archive contains no '${name}'; expected a file written by model.save('….keras') of Keras 3`,
    );
  }
  const { byteLength } = parts.get('config.json')!;
  ensure(
    byteLength <= maxConfigBytes,
    'READ_LIMIT',
    () =>
      `[keras] config.json has ${byteLength} bytes, more than the ${maxConfigBytes} that any model needs; the file is damaged`,
  );
  return { config: parse(parts.get('config.json')!), weights: parts.get('model.weights.h5')! };
}

function parse(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    throw new InteropError('MALFORMED_FILE', '[keras] config.json is not JSON', { cause: error });
  }
}
