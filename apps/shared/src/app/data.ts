import { UsageError } from '../errors.ts';
import type { Parts } from './app.ts';

/** The values of `--subset`. */
export const subsets = ['train', 'validation', 'test'] as const;
export type Subset = (typeof subsets)[number];

/** The parts alone. */
export type PartsOf<Part> = Pick<Parts<Part, unknown>, Subset>;

/**
 * The part to judge on: the named one, else the test part, else the validation part.
 *
 * @throws UsageError where the data have none of them
 */
export function judgedPart<Part extends { readonly length: number }>(
  parts: PartsOf<Part>,
  where: string,
  subset?: Subset,
): { readonly part: Part; readonly subset: Subset } {
  const found = subset ?? subsets.toReversed().find((name) => (parts[name]?.length ?? 0) > 0);
  const part = found && parts[found];
  if (!part || part.length === 0) {
    const has = subsets.filter((name) => (parts[name]?.length ?? 0) > 0).join(' and ') || 'no examples';
    throw new UsageError(`[data] ${where} has no ${subset ?? 'test or validation'} part, it holds ${has}`);
  }
  return { part, subset: found };
}

/**
 * The part to train on.
 *
 * @throws UsageError where the data have none
 */
export function trainingPart<Part extends { readonly length: number }>(parts: PartsOf<Part>, where: string): Part {
  if (parts.train && parts.train.length > 0) return parts.train;
  throw new UsageError(`[data] ${where} has no training part; pass --data a folder that holds one`);
}
