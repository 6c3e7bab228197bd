import { integer } from './arguments';

/**
 * Where row `row` of a strided operand begins, in elements. The rows are the indices of all axes but the innermost,
 * whose sizes and strides stand in the slots from `slot` on, the axis that varies fastest first: `size, stride of
 * operand 0, stride of operand 1, …`, `operands` strides an axis. With one such axis no division is needed.
 */
// @ts-ignore: decorator
@inline
export function rowOffset(args: usize, slot: i32, axes: i32, operands: i32, operand: i32, row: i32): i32 {
  let offset = 0;
  for (let axis = 0; axis < axes; axis++) {
    const stride = integer(args, slot + 1 + operand);
    if (axis == axes - 1) return offset + row * stride;
    const size = integer(args, slot);
    const next = row / size;
    offset += (row - next * size) * stride;
    row = next;
    slot += 1 + operands;
  }
  return offset;
}

/** Four elements from `address` on, `stride` elements apart. */
// @ts-ignore: decorator
@inline
export function loadStrided(address: usize, stride: i32): v128 {
  if (stride == 1) return v128.load(address);
  if (stride == 0) return v128.load32_splat(address);
  const step = (<usize>stride) << 2;
  let value = v128.load32_zero(address);
  value = v128.load32_lane(address + step, value, 1);
  value = v128.load32_lane(address + 2 * step, value, 2);
  return v128.load32_lane(address + 3 * step, value, 3);
}

/** The first `count` (1…4) of those elements; a strided load past the last one could leave the memory. */
// @ts-ignore: decorator
@inline
export function loadStridedTail(address: usize, stride: i32, count: i32): v128 {
  if (stride == 1) return v128.load(address);
  if (stride == 0) return v128.load32_splat(address);
  const step = (<usize>stride) << 2;
  let value = v128.load32_zero(address);
  if (count > 1) value = v128.load32_lane(address + step, value, 1);
  if (count > 2) value = v128.load32_lane(address + 2 * step, value, 2);
  if (count > 3) value = v128.load32_lane(address + 3 * step, value, 3);
  return value;
}
