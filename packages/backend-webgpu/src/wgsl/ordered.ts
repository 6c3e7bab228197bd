import type { DType } from '@timestep/backend-api';

/**
 * WGSL functions between the bits of a value and a u32 key with the same order, so that comparisons are of integers
 * and meet no rule about NaN. Every NaN gets the key `nanKey`; −0 and +0 get keys side by side.
 */
export function orderedKeys(dtype: DType, nanKey: string): string {
  if (dtype === 'u32')
    return 'fn keyOf(bits: u32) -> u32 { return bits; }\nfn bitsOfKey(key: u32) -> u32 { return key; }';
  if (dtype === 'i32') {
    return 'fn keyOf(bits: u32) -> u32 { return bits ^ 0x80000000u; }\nfn bitsOfKey(key: u32) -> u32 { return key ^ 0x80000000u; }';
  }
  return `fn keyOf(bits: u32) -> u32 {
  if ((bits & 0x7fffffffu) > 0x7f800000u) { return ${nanKey}; }
  return select(bits | 0x80000000u, ~bits, (bits >> 31u) != 0u);
}
fn bitsOfKey(key: u32) -> u32 { return select(~key, key & 0x7fffffffu, (key >> 31u) != 0u); }`;
}
