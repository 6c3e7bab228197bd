import { Tensor } from '@timestep/core';
import { unowned } from '@timestep/core/extend';

/** A mean loss, and what it is the mean over: a number of elements, or a sum of weights on the device. */
export interface CountedLoss {
  readonly loss: Tensor;
  readonly count: number | Tensor;
}

/** Where the losses made now are written down; null where nobody asks. Only ever set around a synchronous call. */
let counted: CountedLoss[] | null = null;

/**
 * Runs a synchronous `body` and tells which mean losses it made, and what each is the mean over. The counts that are
 * tensors belong to the caller.
 */
export function countLosses<Result>(body: () => Result): {
  readonly result: Result;
  readonly counted: readonly CountedLoss[];
} {
  const [own, before] = [[] as CountedLoss[], counted];
  counted = own;
  try {
    return { result: body(), counted: own };
  } catch (error) {
    for (const { count } of own) if (count instanceof Tensor) count.dispose();
    throw error;
  } finally {
    counted = before;
  }
}

/** Writes a mean loss down, where somebody asks. */
export function recordCount(loss: Tensor, count: number | Tensor): void {
  if (!counted) return;
  if (!(count instanceof Tensor)) {
    counted.push({ loss, count });
    return;
  }
  counted.push({ loss, count: unowned(count.detach()) });
}
