import { exact } from '../accuracy.ts';
import type { Check } from '../check.ts';
import { TestRandom } from '../random.ts';
import { agree, gives, type Side } from '../side.ts';

function draw(length: number, key: readonly [number, number], counter: number) {
  return (side: Side) => {
    const out = side.make('u32', length);
    side.backend.randomBits(out, key, counter);
    return { out };
  };
}

/**
 * Published with Random123: the one of its three known blocks whose counter lies below 2⁵³. The reference's own test
 * holds the others.
 */
const known: readonly {
  readonly key: readonly [number, number];
  readonly counter: number;
  readonly words: readonly number[];
}[] = [{ key: [0, 0], counter: 0, words: [0x6b200159, 0x99ba4efe] }];

export const randomChecks: readonly Check[] = [
  {
    name: 'randomBits: the known answers of Threefry-2x32 with 20 rounds',
    async run(context) {
      for (const { key, counter, words } of known) {
        await gives(
          context,
          draw(words.length, key, counter),
          { out: Uint32Array.from(words) },
          exact,
          `key [${key}], counter ${counter}`,
        );
      }
    },
  },
  {
    name: 'randomBits: bit for bit as the reference under random keys and counters',
    async run(context) {
      const random = new TestRandom(91);
      for (let round = 0; round < 8; round++) {
        const key = [random.bits(), random.bits()] as const;
        await agree(context, draw(300 + round, key, random.integer(0, 2 ** 53 - 1000)), exact, `key [${key}]`);
      }
    },
  },
  {
    name: 'randomBits: sizes 0 and 1, and an odd last element takes the first word',
    async run(context) {
      for (const length of [0, 1, 2, 3, 511, 513])
        await agree(context, draw(length, [7, 9], 3), exact, `${length} words`);
    },
  },
  {
    name: 'randomBits: the counter carries from its low into its high word',
    async run(context) {
      for (const counter of [2 ** 32 - 2, 2 ** 32, 5 * 2 ** 32 - 1, 2 ** 53 - 3]) {
        await agree(context, draw(9, [1, 2], counter), exact, `counter ${counter}`);
      }
    },
  },
];
