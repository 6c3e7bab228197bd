import {
  add,
  ArgumentError,
  checkValue,
  concat,
  full,
  inScope,
  is,
  matmul,
  noGrad,
  reshape,
  ShapeError,
  stack,
  tensor,
  withFused,
  zeros,
  type Backend,
  type Scope,
  type State,
  type Tensor,
} from '@timestep/core';
import { show, unowned } from '@timestep/core/extend';
import type { Cell } from '@timestep/layers';
import { tensorRule } from '../losses/reduction.ts';
import { readLossResult } from '../trainer/loss-result.ts';
import { disposeState } from '../dispose-state.ts';

/** A parameter with its influence matrix ∂s/∂θ `[S, P]`, the derivative of the state over all steps so far. */
interface Influence {
  readonly parameter: Tensor;
  matrix: Tensor;
}

/**
 * Real-time recurrent learning (Robinson and Fallside 1987; Williams and Zipser 1989): computes gradients while a
 * sequence is still running, without going back in time. Besides the state s it keeps the influence of every parameter
 * on s, J ← ∂s'/∂s·J + ∂s'/∂θ. The loss of a step gets the gradient ∂L/∂θ + ∂L/∂s·J, where s is the state before the
 * step. The sum over a sequence equals the gradient of backpropagation through time. Memory does not grow with time,
 * but for S numbers in the state and P parameters a step takes S backward passes and S²·P products. Use it for small
 * networks.
 *
 * Gradients are added to `grad` of the cell's parameters and of everything else that the loss depends on, such as a
 * readout. The optimizer may step at any time. The influences are then slightly outdated, as in the papers.
 *
 * ```ts
 * const learner = new RealTimeRecurrentLearner(cell);
 * for await (const { x, target } of samples) {
 *   using loss = learner.step(x, (output) => mseLoss(readout.forward(output), target));
 *   optimizer.step();
 *   optimizer.zeroGrad();
 * }
 * ```
 */
export class RealTimeRecurrentLearner<S extends State> {
  readonly cell: Cell<S>;
  readonly #backend: Backend;
  readonly #influences: Influence[];
  /** Numbers in the state. */
  readonly #size: number;
  #state: S;

  /**
   * @param cell the cell that learns; it stays yours
   * @throws ArgumentError for anything but a cell with a parameter that can learn
   */
  constructor(cell: Cell<S>) {
    checkValue(
      'RealTimeRecurrentLearner',
      'cell',
      cell,
      is.like('a cell, such as an LSTMCell', 'parameters', 'initialState', 'stateShapes'),
    );
    const parameters = cell.parameters().filter(({ requiresGrad }) => requiresGrad);
    const [first] = parameters;
    if (!first)
      throw new ArgumentError(
        '[RealTimeRecurrentLearner] the cell has no parameter that can learn; freeze(false) it first',
      );
    this.cell = cell;
    this.#backend = first.backend;
    this.#state = this.#firstState();
    this.#size = Object.values<Tensor>(this.#state).reduce((sum, { size }) => sum + size, 0);
    this.#influences = parameters.map((parameter) => ({
      parameter,
      matrix: unowned(zeros(this.#backend, [this.#size, parameter.size])),
    }));
  }

  /** The state after the last step. */
  get state(): S {
    return this.#state;
  }

  /** Resets state and influences for a new sequence. */
  reset(): void {
    disposeState(this.#state);
    this.#state = this.#firstState();
    for (const influence of this.#influences) {
      influence.matrix.dispose();
      influence.matrix = unowned(zeros(this.#backend, [this.#size, influence.parameter.size]));
    }
  }

  /**
   * One step of one sequence.
   *
   * @param x `[1, D]`
   * @param loss of the cell's output `[1, P]`, a scalar
   * @returns the loss, detached from its gradient; your scope or you dispose it
   * @throws ShapeError for a batch of more than one: make a learner for each sequence; ArgumentError where `loss` does
   *   not return a scalar tensor
   */
  step(x: Tensor, loss: (output: Tensor) => Tensor): Tensor {
    checkValue('RealTimeRecurrentLearner', 'x', x, tensorRule);
    checkValue('RealTimeRecurrentLearner', 'loss', loss, is.function);
    if (x.rank !== 2 || x.shape[0] !== 1 || x.shape[1] !== this.cell.inputSize)
      throw new ShapeError(
        `[RealTimeRecurrentLearner] expected x of shape [1, ${this.cell.inputSize}], got ${show(x.shape)}; make a learner for each sequence`,
      );
    const held = this.#influences.map(({ parameter }) => parameter.grad);
    try {
      return inScope(this.#backend, { gradient: true }, (scope) => this.#learn(x, loss, held, scope));
    } finally {
      // Restore the earlier gradients, also after an error.
      this.#influences.forEach(({ parameter }, index) => {
        parameter.grad?.dispose();
        parameter.grad = held[index] ?? null;
      });
    }
  }

  #learn(x: Tensor, loss: (output: Tensor) => Tensor, held: (Tensor | null)[], scope: Scope): Tensor {
    const before = this.#leaves();
    this.#clear(before);
    // Fused operations allow only one backward pass, but this graph needs one for each number of the state.
    const { output, state } = withFused(this.#backend, 'off', () => this.cell.forward(x, before));
    const { loss: value } = readLossResult('RealTimeRecurrentLearner', loss(output));
    value.backward(undefined, { retainGraph: true });
    this.#addGradients(before, held);
    this.#advance(before, state);
    return scope.keep(value.detach());
  }

  /** Frees state and influences, but not the cell. */
  dispose(): void {
    disposeState(this.#state);
    for (const { matrix } of this.#influences) matrix.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #firstState(): S {
    return inScope(this.#backend, { gradient: false }, () => {
      const state = this.cell.initialState(1, this.#backend);
      return Object.fromEntries(
        Object.entries(state).map(([name, part]) => [name, unowned(part.detach())]),
      ) as State as S;
    });
  }

  /** The state as leaves that a gradient stops at. */
  #leaves(): S {
    return Object.fromEntries(
      Object.entries<Tensor>(this.#state).map(([name, part]) => {
        const leaf = part.detach();
        leaf.requiresGrad = true;
        return [name, leaf];
      }),
    ) as State as S;
  }

  #clear(before: S): void {
    for (const { parameter } of this.#influences) parameter.grad = null;
    for (const leaf of Object.values<Tensor>(before)) {
      leaf.grad?.dispose();
      leaf.grad = null;
    }
  }

  /** The gradient at the state before, `[1, S]`. */
  #gradientOf(before: S): Tensor {
    return concat(
      Object.values<Tensor>(before).map(({ grad, size }) =>
        grad ? reshape(grad, [1, size]) : zeros(this.#backend, [1, size]),
      ),
      1,
    );
  }

  /** held + ∂L/∂θ + ∂L/∂s·J, kept in `held`. */
  #addGradients(before: S, held: (Tensor | null)[]): void {
    noGrad(this.#backend, () => {
      const row = this.#gradientOf(before);
      this.#influences.forEach(({ parameter, matrix }, index) => {
        const past = reshape(matmul(row, matrix), parameter.shape);
        const total = parameter.grad ? add(parameter.grad, past) : past;
        const old = held[index];
        held[index] = unowned(old ? add(old, total) : total);
        old?.dispose();
      });
      for (const { parameter } of this.#influences) parameter.grad?.dispose();
    });
  }

  /** J ← ∂s'/∂s·J + ∂s'/∂θ, one backward pass for each row, and s ← s'. */
  #advance(before: S, after: S): void {
    const flat = concat(Object.values<Tensor>(after).map((part) => reshape(part, [part.size])));
    const stateRows: Tensor[] = [];
    const rows: Tensor[][] = this.#influences.map(() => []);
    for (let index = 0; index < this.#size; index++) {
      this.#clear(before);
      flat.backward(
        tensor(
          this.#backend,
          Float32Array.from({ length: this.#size }, (_, k) => (k === index ? 1 : 0)),
        ),
        { retainGraph: true },
      );
      stateRows.push(this.#gradientOf(before));
      this.#influences.forEach(({ parameter }, place) => {
        rows[place]!.push(
          parameter.grad ? reshape(parameter.grad, [parameter.size]) : full(this.#backend, [parameter.size], 0),
        );
        parameter.grad?.dispose();
      });
    }
    noGrad(this.#backend, () => {
      const transition = reshape(stack(stateRows), [this.#size, this.#size]);
      this.#influences.forEach((influence, place) => {
        const fresh = unowned(add(matmul(transition, influence.matrix), stack(rows[place]!)));
        influence.matrix.dispose();
        influence.matrix = fresh;
      });
    });
    const old = this.#state;
    this.#state = Object.fromEntries(
      Object.entries<Tensor>(after).map(([name, part]) => [name, unowned(part.detach())]),
    ) as State as S;
    disposeState(old);
  }
}
