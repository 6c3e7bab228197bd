import { expectTensor } from '../checks.ts';
import {
  checkValue,
  is,
  scan,
  ShapeError,
  UnsupportedError,
  zeros,
  type Backend,
  type FusedMode,
  type Shape,
  type State,
  type Tensor,
} from '@timestep/core';
import { hidePadding, show } from '@timestep/core/extend';
import type { Lengths } from '../lengths.ts';
import { Module } from '../module.ts';
import { scoped, type Recurrence } from '../scoped.ts';

/** Options of {@link Cell.sequence}. */
export interface SequenceOptions<S extends State> {
  /** The state before the first step; the initial state of the cell by default. */
  readonly state?: S | null | undefined;
  /** `[N]`, each 0…T: later steps output 0 and do not change the state. */
  readonly lengths?: Lengths | null | undefined;
  /** From each sequence's last step to its first. */
  readonly reverse?: boolean | undefined;
  readonly fused?: FusedMode | undefined;
}

const stateRule = is.nullable(is.object);

/**
 * The base class of recurrent cells: one step of a recurrent network, with its parameters. Extend it for your own cell
 * and pass that to {@link Recurrent}, which adds stacking, both directions, residual connections and lengths.
 *
 * ```ts
 * class LeakyCell extends Cell<{ h: Tensor }> {
 *   readonly inputSize = 8;
 *   readonly outputSize = 8;
 *   readonly stateShapes = { h: [8] };
 *   decay = new Parameter(backend, [8], new Float32Array(8).fill(0.9));
 *
 *   step(x: Tensor, { h }: { h: Tensor }) {
 *     const next = add(multiply(h, this.decay), x);
 *     return { output: next, state: { h: next } };
 *   }
 * }
 *
 * const network = new Recurrent({ cell: () => new LeakyCell(), inputSize: 8, numLayers: 3, residual: true });
 * ```
 */
export abstract class Cell<S extends State> extends Module {
  /** D of x `[N, D]` */
  abstract readonly inputSize: number;
  /** P of the output `[N, P]` */
  abstract readonly outputSize: number;
  /** The shape of each part of the state, without the N before it. */
  abstract readonly stateShapes: { readonly [K in keyof S]: Shape };

  /**
   * Computes one differentiable step. It runs in a scope, which disposes intermediate tensors.
   *
   * @param x `[N, D]`
   * @param state each part `[N, …]`
   */
  abstract step(x: Tensor, state: S): Recurrence<S>;

  /** Returns the state before the first step: zeros, unless a cell overrides it. */
  initialState(batch: number, backend: Backend): S {
    const parts = Object.entries<Shape>(this.stateShapes).map(([name, shape]) => [
      name,
      zeros(backend, [batch, ...shape]),
    ]);
    return Object.fromEntries(parts) as S;
  }

  /**
   * Runs a whole sequence, x `[T, N, D]`, in one direction. The default is `scan` over `step`; override it if the cell
   * has a faster way.
   */
  sequence(x: Tensor, options: SequenceOptions<S> = {}): Recurrence<S> {
    return scanCell(this, x, options, (input, state) => this.step(input, state));
  }

  /**
   * Checks the arguments and computes one step: x `[N, D]` → `{ output, state }`.
   *
   * @param state the initial state by default
   * @throws ShapeError where x or a part of the state has another shape
   */
  forward(x: Tensor, state?: S | null): Recurrence<S> {
    const where = this.typeName;
    expectTensor(where, x);
    if (x.rank !== 2 || x.shape[1] !== this.inputSize) {
      const hint =
        x.rank === 3
          ? 'a cell takes one step; give a sequence to the layer'
          : `pass inputSize: ${x.shape.at(-1)} or project x first`;
      throw new ShapeError(`[${where}] expected x of shape [N, ${this.inputSize}], got ${show(x.shape)}; ${hint}`);
    }
    const batch = x.shape[0]!;
    checkValue(where, 'state', state, stateRule);
    if (state) checkState(where, state, this.stateShapes, [batch]);
    return scoped(x.backend, () => this.step(x, state ?? this.initialState(batch, x.backend)));
  }
}

/**
 * Runs a cell over a sequence, one step after the other.
 *
 * @param prepare computed for the whole sequence first, such as the input product; it never reads steps after a length
 * @throws UnsupportedError under `fused: 'require'`
 */
export function scanCell<S extends State>(
  cell: Cell<S>,
  x: Tensor,
  options: SequenceOptions<S>,
  step: (prepared: Tensor, state: S) => Recurrence<S>,
  prepare?: (x: Tensor) => Tensor,
): Recurrence<S> {
  refuseRequired(cell, options);
  return scoped(x.backend, () => {
    const start = options.state ?? cell.initialState(x.shape[1]!, x.backend);
    const prepared = prepare ? prepare(hidePadding(x, options.lengths ?? null)) : x;
    return scan<S>((input, state) => step(input, state), prepared, start, {
      lengths: options.lengths,
      reverse: options.reverse,
    });
  });
}

/** @throws UnsupportedError under `fused: 'require'`, because no backend has a fused sequence of this cell */
export function refuseRequired<S extends State>(cell: Cell<S>, options: SequenceOptions<S>): void {
  if (options.fused !== 'require') return;
  throw new UnsupportedError(
    `[${cell.typeName}] fused: 'require' needs a fused implementation, and this cell has none; use fused: 'auto'`,
  );
}

/** Maps each part of a state. */
export function mapState<S extends State>(state: S, map: (part: Tensor, name: string) => Tensor): S {
  return Object.fromEntries(Object.entries(state).map(([name, part]) => [name, map(part, name)])) as S;
}

/** Checks that every part is present with shape `lead` followed by the part's own shape. */
export function checkState(where: string, state: State, shapes: Readonly<Record<string, Shape>>, lead: Shape): void {
  const names = Object.keys(shapes);
  const unknown = Object.keys(state).filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new ShapeError(
      `[${where}] expected a state of ${names.join(' and ')} alone, got ${unknown.join(', ')} too; take it from the state that this layer returned`,
    );
  for (const name of names) {
    const part: Tensor | undefined = state[name];
    const expected = [...lead, ...shapes[name]!];
    if (!part)
      throw new ShapeError(
        `[${where}] expected a state with ${names.join(' and ')}, got ${Object.keys(state).join(' and ') || 'nothing'}; pass all of it or none`,
      );
    expectTensor(where, part, `state.${name}`);
    if (show(part.shape) !== show(expected))
      throw new ShapeError(
        `[${where}] expected state.${name} of shape ${show(expected)}, got ${show(part.shape)}; take it from the state that this layer returned, or leave it out for zeros`,
      );
  }
}
