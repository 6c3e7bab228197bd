import { checkValue, is, ShapeError, type OptionRules } from '@timestep/backend-api';
import { record } from '../autograd/record.ts';
import { full } from '../create.ts';
import { generatorRule, type Generator } from '../random/generator.ts';
import { tidy } from '../scope.ts';
import { broadcastShapes, checkShape, sameShape, show, type Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { select } from './binary.ts';
import { checkOperation, expectDType } from './check.ts';
import { greaterEqual, less } from './compare.ts';
import { reshape } from './shape.ts';
import { runUnary } from './run-unary.ts';

/** Options of {@link dropout}. */
export interface DropoutArguments {
  /** The mask's shape, broadcast to x: `[1, N, D]` drops the same features at every step (Gal and Ghahramani 2016). */
  readonly maskShape?: Shape;
}

const rules: OptionRules<DropoutArguments> = { maskShape: is.optional(is.arrayOf(is.anything, 'a shape')) };

/**
 * Sets each element to 0 with probability `rate` and scales the others by 1/(1 − rate). An element is dropped if its
 * random word is below rate·2³², so a seed gives the same mask on every backend.
 *
 * @example
 * ```ts
 * dropout(x, 0.5, new Generator(1));
 * ```
 *
 * @throws ArgumentError for a rate outside 0…1, ShapeError for a `maskShape` that does not stretch to x
 */
export function dropout(x: Tensor, rate: number, generator: Generator, options: DropoutArguments = {}): Tensor {
  expectDType('dropout', 'x', x, ['f32']);
  checkValue('dropout', 'the rate', rate, is.probability);
  checkValue('dropout', 'generator', generator, generatorRule);
  checkOperation('dropout', options, rules);
  const maskShape = options.maskShape ?? x.shape;
  checkShape('dropout', maskShape);
  if (!sameShape(broadcastShapes('dropout', maskShape, x.shape), x.shape))
    throw new ShapeError(`[dropout] expected a maskShape that stretches to ${show(x.shape)}, got ${show(maskShape)}`);
  if (rate === 0) return reshape(x, x.shape);
  const scale = rate === 1 ? 0 : 1 / (1 - rate);
  return tidy(x.backend, () => {
    const bits = generator.bits(x.backend, maskShape);
    const threshold = Math.round(rate * 2 ** 32);
    const word = (value: number): Tensor => full(x.backend, [], value, { dtype: 'u32' });
    // 2³² is no word: from there on none is kept.
    const keep = threshold < 2 ** 32 ? greaterEqual(bits, word(threshold)) : less(bits, word(0));
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
