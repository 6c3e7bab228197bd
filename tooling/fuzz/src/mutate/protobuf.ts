import type { Random } from '../random.ts';
import { oddNumbers } from './bytes.ts';

/** A field of a protocol buffer: a number of 64 bits, 4 or 8 bytes, a text or bytes, or a message. */
interface Field {
  number: number;
  wire: number;
  value: bigint | Uint8Array | Field[];
}

/**
 * Damages a protocol buffer as one: numbers become extreme ones, fields vanish, come twice or change places with others
 * of the same kind, texts and bytes are cut or exchanged. Every length around them is right again afterwards.
 */
export function mutateProtobuf(bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]): Uint8Array {
  const fields = parse(bytes);
  if (!fields) return bytes;
  const other = parse(random.pick(seeds)) ?? fields;
  for (let times = 1 + random.integer(4); times > 0; times--) mutateOnce(fields, listsIn(other), random);
  return encode(fields);
}

function mutateOnce(fields: Field[], donors: readonly Field[][], random: Random): void {
  const list = random.pick(listsIn(fields).filter(({ length }) => length > 0));
  if (!list) return;
  const at = random.integer(list.length);
  const field = list[at]!;
  const alike = donors.flat().filter(({ number, wire }) => number === field.number && wire === field.wire);
  const kind = random.integer(8);
  if (kind === 0) list.splice(at, 1);
  else if (kind === 1) list.splice(random.integer(list.length), 0, field);
  else if (kind <= 4 && alike.length > 0) list[at] = random.pick(alike);
  else if (typeof field.value === 'bigint')
    list[at] = { ...field, value: BigInt.asUintN(64, BigInt(random.pick(oddNumbers))) };
  else if (field.value instanceof Uint8Array) {
    const cut = field.value.slice(0, random.integer(field.value.length + 1));
    const changed = field.value.slice();
    if (changed.length >= 8 && random.chance(0.3))
      new DataView(changed.buffer).setBigInt64(
        8 * random.integer(Math.floor(changed.length / 8)),
        BigInt(random.pick(oddNumbers)),
        true,
      );
    else if (changed.length > 0) changed[random.integer(changed.length)] = random.integer(256);
    list[at] = { ...field, value: random.chance(0.5) && field.wire === 2 ? cut : changed };
  }
}

/** The fields of a message and of every message inside it. */
function listsIn(fields: Field[]): Field[][] {
  return [fields, ...fields.flatMap(({ value }) => (Array.isArray(value) ? listsIn(value) : []))];
}

/** The fields, or null where the bytes are no message. */
function parse(bytes: Uint8Array, depth = 0): Field[] | null {
  const fields: Field[] = [];
  const view = { bytes, at: 0 };
  while (view.at < bytes.length) {
    const tag = varint(view);
    if (tag === null || tag < 8n || tag >= 512n) return null;
    const [number, wire] = [Number(tag >> 3n), Number(tag & 7n)];
    if (wire === 0) {
      const value = varint(view);
      if (value === null) return null;
      fields.push({ number, wire, value });
      continue;
    }
    const length = wire === 5 ? 4 : wire === 1 ? 8 : wire === 2 ? Number(varint(view) ?? -1n) : -1;
    if (length < 0 || view.at + length > bytes.length) return null;
    const inner = bytes.slice(view.at, view.at + length);
    view.at += length;
    // Short texts may look like messages; they are written again as they were.
    const message = wire === 2 && depth < 12 && length > 1 ? parse(inner, depth + 1) : null;
    fields.push({ number, wire, value: message ?? inner });
  }
  return fields;
}

function varint(view: { bytes: Uint8Array; at: number }): bigint | null {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = view.bytes[view.at++];
    if (byte === undefined) return null;
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return value;
  }
  return null;
}

function encode(fields: readonly Field[]): Uint8Array {
  const out: number[] = [];
  for (const { number, wire, value } of fields) {
    pushVarint(out, BigInt(number * 8 + wire));
    if (typeof value === 'bigint') pushVarint(out, value);
    else {
      const inner = Array.isArray(value) ? encode(value) : value;
      if (wire === 2) pushVarint(out, BigInt(inner.length));
      for (const byte of inner) out.push(byte);
    }
  }
  return Uint8Array.from(out);
}

function pushVarint(out: number[], value: bigint): void {
  for (let rest = value; ; rest >>= 7n) {
    out.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    if (rest <= 127n) return;
  }
}
