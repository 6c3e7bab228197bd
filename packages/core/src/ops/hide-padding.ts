import { full, tensor } from '../create.ts';
import { checkLengths } from '../lengths.ts';
import { tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { select } from './binary.ts';
import { checkTensor } from './check.ts';

/**
 * x `[T, N, …]` with zeros at and past each length, by selection: the values there reach no result and no gradient
 * of a weight, where a NaN would come back as 0·NaN. A product over all steps takes its input from here.
 *
 * ```ts
 * const projected = linear(hidePadding(x, lengths), weight);
 * ```
 *
 * @param x of any dtype
 * @param lengths `[N]`, each 0…T, as `checkLengths` returns them; null where every sequence has all steps
 * @returns `[T, N, …]`, x itself where nothing is padded
 */
export function hidePadding(x: Tensor, lengths: ArrayLike<number> | null): Tensor {
  checkTensor('hidePadding', 'x', x);
  const [steps, batch] = x.shape as [number, number];
  if (lengths !== null && (typeof lengths !== 'object' || lengths.length !== batch))
    checkLengths('hidePadding', lengths, steps, batch);
  if (!lengths || Array.prototype.every.call(lengths, (length: number) => length >= steps)) return x;
  const { backend } = x;
  const running = Uint32Array.from({ length: steps * batch }, (_, frame) =>
    Math.floor(frame / batch) < lengths[frame % batch]! ? 1 : 0,
  );
  const shape = [steps, batch, ...x.shape.slice(2).map(() => 1)];
  return tidy(backend, () => select(tensor(backend, running, { shape }), x, full(backend, [], 0, { dtype: x.dtype })));
}
