import { ShapeError } from '@timestep/backend-api';
import { applyFused } from '../fused/apply.ts';
import { chooseFused, fusedRules, type FusedOption } from '../fused/choose.ts';
import { tidy } from '../scope.ts';
import { normalizeAxis, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { divide, subtract } from './binary.ts';
import { checkOperation, expectDType } from './check.ts';
import { max, sum } from './reduce.ts';
import { transpose } from './shape.ts';
import { exp, log } from './unary.ts';

/**
 * Returns e^xᵢ / Σⱼ e^xⱼ along an axis, by default the last.
 *
 * @example
 * ```ts
 * softmax(logits); // each row sums to 1
 * ```
 */
export function softmax(x: Tensor, axis = -1, options: FusedOption = {}): Tensor {
  return overAxis('softmax', x, axis, options, (rows) => {
    const fused = fusedRows('softmax', rows, options);
    if (fused) return fused;
    return tidy(rows.backend, () => {
      const weights = exp(shifted(rows));
      return divide(weights, sum(weights, -1, { keepAxes: true }));
    });
  });
}

/**
 * Returns ln softmax(x), without underflow or overflow.
 *
 * @example
 * ```ts
 * logSoftmax(logits);
 * ```
 */
export function logSoftmax(x: Tensor, axis = -1, options: FusedOption = {}): Tensor {
  return overAxis('logSoftmax', x, axis, options, (rows) => {
    const fused = fusedRows('logSoftmax', rows, options);
    if (fused) return fused;
    return tidy(rows.backend, () => {
      const below = shifted(rows);
      return subtract(below, log(sum(exp(below), -1, { keepAxes: true })));
    });
  });
}

/**
 * x − max(x) along the last axis: the shift cancels in both functions, so no gradient needs to flow through the
 * maximum.
 */
function shifted(x: Tensor): Tensor {
  return subtract(x, max(x.detach(), -1, { keepAxes: true }));
}

function fusedRows(name: 'softmax' | 'logSoftmax', x: Tensor, options: FusedOption): Tensor | null {
  const classes = x.shape.at(-1)!;
  const spec = { rows: sizeOf(x.shape.slice(0, -1)), classes };
  const op = chooseFused(x.backend, name, options.fused, (fused) => fused.supports({ ...spec, needsSaved: true }));
  return op && applyFused(name, op, spec, { x }, { x }, { y: x.shape }).y;
}

/** Applies a function of the last axis along any. */
function overAxis(
  where: string,
  x: Tensor,
  axis: number,
  options: FusedOption,
  body: (rows: Tensor) => Tensor,
): Tensor {
  expectDType(where, 'x', x, ['f32']);
  checkOperation(where, options, fusedRules);
  if (x.rank === 0) throw new ShapeError(`[${where}] expected at least one axis, got a scalar`);
  const at = normalizeAxis(where, axis, x.rank);
  if (at === x.rank - 1) return body(x);
  const order = x.shape.map((_, k) => k).filter((k) => k !== at);
  order.push(at);
  const inverse = order.map((_, k) => order.indexOf(k));
  return tidy(x.backend, () => transpose(body(transpose(x, order)), inverse));
}
