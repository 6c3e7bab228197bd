import { full } from '../create.ts';
import { multiply, select } from '../ops/binary.ts';
import { greaterEqual } from '../ops/compare.ts';
import { reshape } from '../ops/shape.ts';
import { inScope } from '../scope.ts';
import type { Tensor } from '../tensor.ts';

/** Overwrites `targets` with what `compute` returns, unless `factor` is negative: then they keep what they hold. */
export function replaceAll(targets: readonly Tensor[], factor: Tensor | null, compute: () => readonly Tensor[]): void {
  const { backend } = targets[0]!;
  inScope(backend, {}, () => {
    const fresh = compute();
    const apply = factor && greaterEqual(reshape(factor, []), full(backend, [], 0));
    targets.forEach((target, k) => {
      const next = apply ? select(apply, fresh[k]!, target) : fresh[k]!;
      backend.copy({ buffer: next.buffer, strides: [1] }, { buffer: target.buffer, strides: [1] }, [target.size]);
    });
  });
}

/** gradient·factor */
export function scaled(gradient: Tensor, factor: Tensor | null): Tensor {
  return factor ? multiply(gradient, reshape(factor, [])) : gradient;
}
