import { ArgumentError } from '@timestep/backend-api';
import { record } from '../autograd/record.ts';
import { full } from '../create.ts';
import type { Generator } from '../random/generator.ts';
import { tidy } from '../scope.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { select } from './binary.ts';
import { greaterEqual } from './compare.ts';
import { reshape } from './shape.ts';
import { runUnary } from './unary.ts';

export interface DropoutOptions {
  /** The mask's shape, broadcast to x: `[1, N, D]` drops the same features at every step (Gal and Ghahramani 2016). */
  readonly maskShape?: Shape;
}

/**
 * Sets each element to 0 with probability `rate` and scales the others by 1/(1 − rate). An element is dropped where its
 * random word is below rate·2³², so one seed gives one mask on every backend.
 */
export function dropout(x: Tensor, rate: number, generator: Generator, options: DropoutOptions = {}): Tensor {
  if (!(rate >= 0 && rate <= 1)) throw new ArgumentError(`[dropout] expected a rate in 0…1, got ${rate}`);
  if (rate === 0) return reshape(x, x.shape);
  const scale = rate === 1 ? 0 : 1 / (1 - rate);
  return tidy(x.backend, () => {
    const threshold = full(x.backend, [], Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1), { dtype: 'u32' });
    const keep = greaterEqual(generator.bits(x.backend, options.maskShape ?? x.shape), threshold);
    const y = masked(x.detach(), keep, scale);
    record('dropout', [y], {
      inputs: [x],
      saved: [keep],
      backward: ([gradient], _wanted, [mask]) => [masked(gradient!, mask!, scale)],
    });
    return y;
  });
}

/** scale·x where the mask is set, 0 elsewhere. */
function masked(x: Tensor, keep: Tensor, scale: number): Tensor {
  return tidy(x.backend, () => select(keep, runUnary('affine', x, scale, 0), full(x.backend, [], 0)));
}
