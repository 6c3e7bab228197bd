import type { Random } from '../random.ts';

/** Numbers that lengths, counts and offsets are replaced by: the limits of their types and their neighbours. */
export const oddNumbers: readonly number[] = [
  0,
  1,
  2,
  3,
  7,
  8,
  15,
  16,
  127,
  128,
  255,
  256,
  1000,
  32_767,
  32_768,
  65_535,
  65_536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  -1,
  -2,
  -128,
  -32_768,
  -(2 ** 31),
];

/** Damages a file without knowing its form, in one to four ways. */
export function mutateBytes(bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[] = [bytes]): Uint8Array {
  let out: Uint8Array = bytes;
  for (let times = 1 + random.integer(4); times > 0; times--) out = mutateOnce(out, random, random.pick(seeds));
  return out;
}

function mutateOnce(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const at = random.integer(bytes.length + 1);
  const length = random.integer(1 + random.integer(64));
  switch (random.integer(9)) {
    case 0:
      return edited(bytes, (out) => (out[at] = random.integer(256)));
    case 1:
      return edited(bytes, (out) => (out[at]! ^= 1 << random.integer(8)));
    case 2:
      return bytes.subarray(0, at).slice();
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 4:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at));
    case 5:
      return joined(bytes.subarray(0, at), other.subarray(random.integer(other.length + 1)));
    case 6:
      return edited(bytes, (out) => out.fill(random.pick([0, 0xff, 0x20, 0x80]), at, at + length));
    case 7: {
      const noise = Uint8Array.from({ length }, () => random.integer(256));
      return joined(bytes.subarray(0, at), noise, bytes.subarray(at));
    }
    default:
      return writeNumber(bytes, random, random.chance(0.5) ? at : random.integer(Math.min(64, bytes.length)));
  }
}

/** Writes an odd number, or one near the file's length, as an integer of 1 to 8 bytes in either order. */
function writeNumber(bytes: Uint8Array, random: Random, at: number): Uint8Array {
  const width = random.pick([1, 2, 4, 8]);
  if (at + width > bytes.length) return bytes;
  const near = bytes.length + random.integer(17) - 8;
  const value = BigInt(random.chance(0.3) ? near : random.pick(oddNumbers));
  return edited(bytes, (out) => {
    const bigEndian = random.chance(0.3);
    for (let byte = 0; byte < width; byte++)
      out[at + (bigEndian ? width - 1 - byte : byte)] = Number((value >> BigInt(8 * byte)) & 255n);
  });
}

/** The same bytes with a change made in place; writing past the end does nothing. */
function edited(bytes: Uint8Array, change: (out: Uint8Array) => void): Uint8Array {
  const out = bytes.slice();
  change(out);
  return out;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
