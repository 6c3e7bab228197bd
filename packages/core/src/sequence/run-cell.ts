import { hidePadding } from '../ops/hide-padding.ts';
import { linear } from '../ops/linear.ts';
import { full, zeros } from '../create.ts';
import { tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { scanWithRest, type State } from './scan.ts';
import type { SequenceArguments, SequenceSizes } from './sequence.ts';

/**
 * The fallback of the fused sequences: the input product of all steps at once, then `scan` over the cell's own step.
 *
 * @param initial the states at the start, null for 0, with their widths
 */
export function runCell<S extends State & { readonly h: Tensor }>(
  given: SequenceArguments,
  sizes: SequenceSizes,
  initial: Readonly<Record<keyof S & string, readonly [Tensor | null | undefined, number]>>,
  step: (projected: Tensor, state: S) => S,
): { output: Tensor } & S {
  const { x } = given;
  const { backend } = x;
  return tidy(backend, () => {
    const entries = Object.entries<readonly [Tensor | null | undefined, number]>(initial);
    const start = Object.fromEntries(
      entries.map(([name, [value, width]]) => [name, value ?? zeros(backend, [sizes.batch, width])]),
    ) as Record<string, Tensor> as S;
    const projected = linear(hidePadding(x, sizes.lengths), given.weightIh, given.biasIh ?? null, { fused: 'off' });
    const rest = Object.fromEntries(entries.map(([name]) => [name, full(backend, [], 0)]));
    const { output, state } = scanWithRest<S>(
      (a, state) => {
        const next = step(a, state);
        return { output: next.h, state: next };
      },
      projected,
      start,
      { lengths: sizes.lengths, reverse: sizes.reverse },
      rest,
    );
    return { output, ...state };
  });
}
