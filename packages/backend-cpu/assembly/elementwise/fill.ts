import { integer, pointer } from '../support/arguments';
import { storeLanes } from '../support/lanes';
import { partStart } from '../support/split';

/** out[0…length) = bits. Slots: out, length, bits. */
export function fill32(args: usize, part: i32, parts: i32): void {
  const length = integer(args, 1);
  const start = partStart(length, part, parts, 16);
  const end = partStart(length, part + 1, parts, 16);
  const value = i32x4.splat(integer(args, 2));
  let address = pointer(args, 0) + ((<usize>start) << 2);
  let remaining = end - start;
  for (; remaining >= 4; remaining -= 4) {
    v128.store(address, value);
    address += 16;
  }
  if (remaining > 0) storeLanes(address, value, remaining);
}
