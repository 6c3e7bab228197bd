import { fromBinary, ScalarType, type DescField, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { InteropError, ensure } from '../../errors.ts';
import { GraphProtoSchema, ModelProtoSchema, type GraphProto, type ModelProto } from '../proto/onnx.generated.ts';

/** The minimum memory of a decoded message in bytes. Measured: 350–600 in V8. */
const messageCost = 512;
/** The memory of a 64-bit integer (a BigInt) and of a 32-bit integer or float (a number in an array), measured. */
const [bigIntCost, numberCost] = [40, 16];
const stringCost = 64;
/** Two bytes of a file can become a message of 500 bytes, so the memory for decoding is estimated first. */
const maxGrowth = 10;
const leastRoom = 64 * 2 ** 20;

/** The maximum depth of graphs nested in the attributes of nodes. */
const maxDepth = 16;

/** Decodes a model and the graphs inside it. Together they may take ten times the file, or 64 MiB. */
export class Decoder {
  readonly #file: Uint8Array;
  #room: number;

  constructor(file: Uint8Array) {
    this.#file = file;
    this.#room = Math.max(leastRoom, maxGrowth * file.byteLength);
  }

  /** @throws InteropError `MALFORMED_FILE`, `READ_LIMIT` */
  model(): ModelProto {
    return this.#decode(ModelProtoSchema, this.#file);
  }

  /**
   * Decodes a graph that is an attribute of a node such as Scan.
   *
   * @throws InteropError `MALFORMED_FILE`, `READ_LIMIT`
   */
  graph(bytes: Uint8Array, depth: number): GraphProto {
    ensure(
      depth <= maxDepth,
      'READ_LIMIT',
      () => `[onnx] the file nests more than ${maxDepth} graphs in one another; it is damaged`,
    );
    return this.#decode(GraphProtoSchema, bytes);
  }

  /** Reserves memory for a value that is computed while the model is read. */
  spend(bytes: number): boolean {
    if (bytes > this.#room) return false;
    this.#room -= bytes;
    return true;
  }

  #decode<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> {
    try {
      const cost = costOf(schema, new BinaryReader(bytes), bytes.byteLength, this.#room);
      ensure(
        cost <= this.#room,
        'READ_LIMIT',
        () =>
          `[onnx] decoding the file would take more than ten times its ${this.#file.byteLength} bytes of memory; it is damaged`,
      );
      this.#room -= cost;
      return fromBinary(schema, bytes, { readUnknownFields: false });
    } catch (error) {
      if (error instanceof InteropError) throw error;
      throw new InteropError(
        'MALFORMED_FILE',
        '[onnx] the file is damaged or not an ONNX model: it is not a protocol buffer of that form',
        { cause: error },
      );
    }
  }
}

/**
 * Estimates the memory of a decoded message; stops counting beyond `room`. The messages here are not recursive.
 */
function costOf(schema: DescMessage, reader: BinaryReader, end: number, room: number): number {
  const fields = new Map(schema.fields.map((field) => [field.number, field]));
  let cost = messageCost;
  while (reader.pos < end && cost <= room) {
    const [number, wireType] = reader.tag();
    const field = fields.get(number);
    if (wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number);
      cost += elementCost(field);
      continue;
    }
    const length = reader.uint32();
    const stop = reader.pos + length;
    if (stop > end) throw new RangeError(`a field ends at byte ${stop} of ${end}`);
    if (field?.message) cost += costOf(field.message, reader, stop, room - cost);
    else if (field) cost += packedCost(field, length);
    reader.pos = stop;
  }
  return cost;
}

function elementCost(field: DescField | undefined): number {
  if (!field) return 0;
  return field.scalar === ScalarType.INT64 || field.scalar === ScalarType.UINT64 ? bigIntCost : numberCost;
}

/** A list of numbers, a text, or bytes as a view of the file. */
function packedCost(field: DescField, length: number): number {
  if (field.scalar === ScalarType.BYTES) return stringCost;
  if (field.scalar === ScalarType.STRING) return stringCost + length;
  const bytes = field.scalar === ScalarType.FLOAT ? 4 : field.scalar === ScalarType.DOUBLE ? 8 : 1;
  return (length / bytes) * elementCost(field);
}
