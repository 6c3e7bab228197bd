import { Tensor } from '@timestep/core';
import { checksumOf } from '../checkpoint/checksum.ts';

/**
 * Returns a checksum over the host data of a batch, to detect another seed, batch size or data set. It covers arrays,
 * numbers, strings and the objects that hold them. Of tensors it covers only dtype and shape.
 */
export function digestOf(batch: unknown): string {
  const encoder = new TextEncoder();
  const seen = new Set<object>();
  function* pieces(value: unknown): Generator<Uint8Array> {
    if (ArrayBuffer.isView(value)) {
      yield encoder.encode(`${Object.prototype.toString.call(value)} ${value.byteLength} `);
      yield new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    } else if (value instanceof Tensor) {
      yield encoder.encode(`tensor ${value.dtype} ${value.shape.join(' ')};`);
    } else if (typeof value === 'object' && value !== null) {
      if (seen.has(value)) return;
      seen.add(value);
      const entries: Iterable<[unknown, unknown]> =
        value instanceof Map ? value.entries() : value instanceof Set ? value.entries() : Object.entries(value);
      yield encoder.encode('{');
      for (const [key, entry] of entries) {
        yield encoder.encode(`${String(key)}:`);
        yield* pieces(entry);
      }
      yield encoder.encode('}');
    } else if (typeof value !== 'function') {
      yield encoder.encode(`${typeof value} ${Object.is(value, -0) ? '-0' : String(value)};`);
    }
  }
  return checksumOf(pieces(batch));
}
