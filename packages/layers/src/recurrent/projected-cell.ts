import { type State, type Tensor } from '@timestep/core';
import { scoped, type Recurrence } from '../scoped.ts';
import { Cell, scanCell, type SequenceOptions } from './cell.ts';

/**
 * A cell whose input product does not look at the state: over a sequence it is made for all steps at once, which leaves
 * the smaller half to the loop.
 */
export abstract class ProjectedCell<S extends State> extends Cell<S> {
  /** What the input brings: x `[…, D]` → `[…, G]`. */
  protected abstract project(x: Tensor): Tensor;

  /** One step from what its input brought, `[N, G]`. */
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
