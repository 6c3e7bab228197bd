import type { Format } from './format.ts';
import { mutateBytes } from './mutate/bytes.ts';
import { Random } from './random.ts';

/** The damaged file of a seed and an index: the same one each time. */
export function damage(format: Format, seeds: readonly Uint8Array[], seed: number, index: number): Uint8Array {
  const random = new Random(seed, index);
  // A Buffer would slice differently.
  const bytes = Uint8Array.from(random.pick(seeds));
  const mutate = format.mutate && random.chance(0.7) ? format.mutate : mutateBytes;
  return mutate(bytes, random, seeds);
}
