import { expect, test } from 'vitest';
import { threefryBlock } from './threefry.ts';

// The known answers that the authors publish with Random123 for threefry2x32 with 20 rounds.
test.each([
  { key: [0, 0], counter: [0, 0], block: [0x6b200159, 0x99ba4efe] },
  { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], block: [0x1cb996fc, 0xbb002be7] },
  { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], block: [0xc4923a9c, 0x483df7a0] },
] as const)('threefryBlock under key $key', ({ key, counter, block }) => {
  expect(threefryBlock(key, counter)).toEqual(block);
});
