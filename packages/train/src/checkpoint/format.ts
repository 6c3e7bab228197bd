import { checkOptions, checkValue, is, toBytes, type Bytes, type HostArray, type OptionRules } from '@timestep/core';
import type { LoadableTensor } from '@timestep/layers';
import { readSafetensors, safetensorsPieces, SafetensorsError, type SafetensorsTensor } from '@timestep/safetensors';
import { TrainError } from '../errors.ts';
import type { Json } from '../schedules/schedule.ts';
import { checksumOf } from './checksum.ts';
import { parseExactly, stringifyExactly } from './exact-json.ts';

/** The contents of a checkpoint: a JSON state and named tensors. */
export interface CheckpointContents {
  readonly state: Json;
  readonly tensors: ReadonlyMap<string, LoadableTensor>;
}

const contentsRules: OptionRules<CheckpointContents> = {
  state: is.anything,
  tensors: is.like('a Map of tensors { shape, data }', 'entries', 'size'),
};

const blank = '00000000';
const marker = `"checksum":"`;

/**
 * Encodes a checkpoint: a safetensors file, in pieces, with the state as JSON in its metadata and, as the first entry
 * there, a checksum over every byte of the file but its own eight digits.
 *
 * @param contents the state as JSON, whose numbers may also be infinite or NaN, and the tensors
 * @returns the file's bytes, to be written one after another
 * @example
 * ```ts
 * await storage.write('mine.safetensors', encodeCheckpoint({ state: { step: 3 }, tensors: new Map() }));
 * ```
 */
export function encodeCheckpoint(contents: CheckpointContents): Uint8Array[] {
  checkOptions('encodeCheckpoint', contents, contentsRules);
  const { state, tensors } = contents;
  const encoded = new Map(
    [...tensors].map(([name, { shape, data }]) => [name, { dtype: dtypeOf(data), shape, data } as SafetensorsTensor]),
  );
  const pieces = safetensorsPieces(encoded, { metadata: { checksum: blank, state: stringifyExactly(state) } });
  const [header] = pieces;
  header!.set(new TextEncoder().encode(checksumOf(pieces)), digitsAt(header!));
  return pieces;
}

/**
 * Decodes what `encodeCheckpoint` gave, once its checksum is found to be right.
 *
 * @param given the file's bytes
 * @param name the file's, for messages
 * @throws TrainError `CHECKPOINT_DAMAGED` where a byte is missing or changed
 * @example
 * ```ts
 * const { state, tensors } = decodeCheckpoint(await readFile('runs/one/checkpoint-00000200.safetensors'));
 * ```
 */
export function decodeCheckpoint(given: Bytes, name = 'the checkpoint'): CheckpointContents {
  checkValue('decodeCheckpoint', 'name', name, is.string);
  const bytes = toBytes('decodeCheckpoint', given);
  const damaged = (why: string, cause?: unknown): TrainError =>
    new TrainError('CHECKPOINT_DAMAGED', `[checkpoint] ${name} is damaged: ${why}; use an earlier one`, { cause });
  let contents;
  try {
    contents = readSafetensors(bytes, { name });
  } catch (error) {
    if (error instanceof SafetensorsError) throw damaged(error.message, error);
    throw error;
  }
  const stored = contents.metadata.get('checksum');
  const at = digitsAt(bytes);
  if (stored?.length !== blank.length || at < 0) throw damaged('it has no checksum');
  const computed = checksumOf([
    bytes.subarray(0, at),
    new TextEncoder().encode(blank),
    bytes.subarray(at + blank.length),
  ]);
  if (computed !== stored) throw damaged(`its checksum is ${computed}, expected ${stored}`);
  const tensors = new Map<string, LoadableTensor>();
  for (const [tensorName, { shape, data }] of contents.tensors) {
    if (!isHostArray(data)) throw damaged(`tensor '${tensorName}' has a type that no tensor here has`);
    tensors.set(tensorName, { shape, data });
  }
  try {
    return { state: parseExactly(contents.metadata.get('state') ?? 'null'), tensors };
  } catch (error) {
    throw damaged('its state is no JSON', error);
  }
}

/** Where the checksum's digits stand: it is the first entry of the metadata, which comes first in the header. */
function digitsAt(bytes: Uint8Array): number {
  // The header's JSON begins after 8 bytes of length, and up to the digits it is ASCII.
  const start = new TextDecoder().decode(bytes.subarray(8, 64)).indexOf(marker);
  return start < 0 ? -1 : 8 + start + marker.length;
}

/** Whether a tensor here can hold these elements. */
export function isHostArray(data: SafetensorsTensor['data']): data is HostArray & SafetensorsTensor['data'] {
  return (
    data instanceof Float32Array ||
    data instanceof Float64Array ||
    data instanceof Int32Array ||
    data instanceof Uint32Array
  );
}

/** The file format's name of the element type. */
export function dtypeOf(data: HostArray): 'F32' | 'F64' | 'I32' | 'U32' {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Float64Array) return 'F64';
  return data instanceof Int32Array ? 'I32' : 'U32';
}
