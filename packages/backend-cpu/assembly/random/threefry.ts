import { integer, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { partStart } from '../support/split';
import { interleaveHigh, interleaveLow } from '../support/transpose';

/** C240 of Salmon et al. (2011), its low word: it closes the key schedule. */
// @ts-ignore: decorator
@inline
const PARITY: i32 = 0x1bd11bda;

// @ts-ignore: decorator
@inline
function rotate(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shl(x, bits), i32x4.shr_u(x, 32 - bits));
}

/**
 * Words from Threefry-2x32 with 20 rounds, four blocks at a time: a lane a block. Slots: out, words, the two words of
 * the key, low and high word of the first counter.
 */
export function threefry(args: usize, part: i32, parts: i32): void {
  const length = integer(args, 1);
  const key0 = i32x4.splat(integer(args, 2));
  const key1 = i32x4.splat(integer(args, 3));
  const key2 = i32x4.splat(integer(args, 2) ^ integer(args, 3) ^ PARITY);
  const start = partStart(length, part, parts, 16);
  const end = partStart(length, part + 1, parts, 16);
  let counter = load<u64>(args + 16) + <u64>(start >> 1);
  let out = pointer(args, 0) + ((<usize>start) << 2);
  for (let remaining = end - start; remaining > 0; remaining -= 8) {
    const low = i32x4.splat(<i32>counter);
    let x = i32x4.add(low, i32x4(0, 1, 2, 3));
    // A lane whose low word wrapped around carries into the high word; subtracting a mask of ones adds 1.
    let y = i32x4.sub(i32x4.splat(<i32>(counter >> 32)), i32x4.lt_u(x, low));
    x = i32x4.add(x, key0);
    y = i32x4.add(y, key1);

    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 13), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 15), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 26), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 6), x);
    x = i32x4.add(x, key1);
    y = i32x4.add(i32x4.add(y, key2), i32x4.splat(1));

    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 17), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 29), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 16), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 24), x);
    x = i32x4.add(x, key2);
    y = i32x4.add(i32x4.add(y, key0), i32x4.splat(2));

    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 13), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 15), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 26), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 6), x);
    x = i32x4.add(x, key0);
    y = i32x4.add(i32x4.add(y, key1), i32x4.splat(3));

    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 17), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 29), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 16), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 24), x);
    x = i32x4.add(x, key1);
    y = i32x4.add(i32x4.add(y, key2), i32x4.splat(4));

    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 13), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 15), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 26), x);
    x = i32x4.add(x, y);
    y = v128.xor(rotate(y, 6), x);
    x = i32x4.add(x, key2);
    y = i32x4.add(i32x4.add(y, key0), i32x4.splat(5));

    const first = interleaveLow(x, y);
    const second = interleaveHigh(x, y);
    if (remaining >= 8) {
      v128.store(out, first);
      v128.store(out, second, 16);
    } else if (remaining >= 4) {
      v128.store(out, first);
      if (remaining > 4) storeLanes(out + 16, second, remaining - 4);
    } else {
      storeLanes(out, first, remaining);
    }
    out += 32;
    counter += 4;
  }
}
