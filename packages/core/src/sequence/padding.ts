import { full, tensor } from '../create.ts';
import { select } from '../ops/binary.ts';
import { tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';

/**
 * x `[T, N, …]` with zeros at and past each length, by selection: what stands there reaches no result, and no gradient
 * of a weight, where a NaN would come back as 0·NaN. The tensor itself where nothing is padded.
 */
export function hidePadding(x: Tensor, lengths: Int32Array | null): Tensor {
  const [steps, batch] = x.shape as [number, number];
  if (!lengths || lengths.every((length) => length >= steps)) return x;
  const { backend } = x;
  const running = Uint32Array.from({ length: steps * batch }, (_, frame) =>
    Math.floor(frame / batch) < lengths[frame % batch]! ? 1 : 0,
  );
  const shape = [steps, batch, ...x.shape.slice(2).map(() => 1)];
  return tidy(backend, () => select(tensor(backend, running, { shape }), x, full(backend, [], 0)));
}
