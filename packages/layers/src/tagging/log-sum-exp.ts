import { add, clamp, exp, log, max, multiply, noGrad, reshape, subtract, sum, type Tensor, tidy } from '@timestep/core';
import { record } from '@timestep/core/extend';

const lowest = -3.4e38;

/**
 * log Σ eˣ over the last axis, without overflow; −∞ where all are −∞, with the gradient 0.
 *
 * Its gradient is e^(x − y), computed from what is saved, so that the tape holds one operation and not five.
 */
export function logSumExp(x: Tensor): Tensor {
  const { backend } = x;
  const y = noGrad(backend, () =>
    tidy(backend, () => {
      const largest = clamp(max(x, -1, { keepAxes: true }), lowest, -lowest);
      const total = add(log(sum(exp(subtract(x, largest)), -1, { keepAxes: true })), largest);
      return reshape(total, x.shape.slice(0, -1));
    }),
  );
  record('logSumExp', [y], {
    inputs: [x],
    saved: [x, y],
    backward: ([gradient], _wanted, [input, result]) => {
      const kept = [...y.shape, 1];
      const shares = exp(subtract(input!, reshape(clamp(result!, lowest, -lowest), kept)));
      return [multiply(shares, reshape(gradient!, kept))];
    },
  });
  return y;
}
