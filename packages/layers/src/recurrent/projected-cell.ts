import { type State, type Tensor } from '@timestep/core';
import { scoped, type Recurrence } from '../scoped.ts';
import { Cell, scanCell, type SequenceOptions } from './cell.ts';

/**
 * The base class of cells whose input product does not depend on the state. For a sequence it computes the product for
 * all steps at once, which leaves less work for the loop.
 *
 * @example
 * ```ts
 * class LeakyCell extends ProjectedCell<{ h: Tensor }> {
 *   readonly inputSize = 4;
 *   readonly outputSize = 8;
 *   readonly stateShapes = { h: [8] };
 *   readonly input = new Linear({ backend, inputSize: 4, outputSize: 8 });
 *
 *   protected project(x: Tensor) {
 *     return this.input.forward(x);
 *   }
 *
 *   protected advance(projected: Tensor, { h }: { h: Tensor }) {
 *     const next = tanh(add(projected, affine(h, 0.9)));
 *     return { output: next, state: { h: next } };
 *   }
 * }
 * ```
 */
export abstract class ProjectedCell<S extends State> extends Cell<S> {
  /** Computes the input product: x `[…, D]` → `[…, G]`. */
  protected abstract project(x: Tensor): Tensor;

  /** Computes one step from its input product `[N, G]`. */
  protected abstract advance(projected: Tensor, state: S): Recurrence<S>;

  step(x: Tensor, state: S): Recurrence<S> {
    return scoped(x.backend, () => this.advance(this.project(x), state));
  }

  override sequence(x: Tensor, options: SequenceOptions<S> = {}): Recurrence<S> {
    return scanCell(
      this,
      x,
      options,
      (projected, state) => this.advance(projected, state),
      (input) => this.project(input),
    );
  }
}
