import { add, linear, noGrad, scan, tidy, zeros, type State, type Tensor } from '@timestep/core';
import { unowned } from '@timestep/core/extend';
import { GRUCell, LSTMCell, RNNCell, type Cell, type Recurrence, type SequenceOptions } from '@timestep/layers';

/** A gate of a built-in cell: which block of the sums it is, and where its function is flat. */
interface Gate {
  readonly name: string;
  readonly block: number;
  /** |sum| from which on the gate is within 5 % of its range from an end. */
  readonly limit: number;
}

// σ(a) < 0.05 or > 0.95, and |tanh a| > 0.95.
const [flatSigmoid, flatTanh] = [Math.log(19), Math.atanh(0.95)];
const sigmoidGate = (name: string, block: number): Gate => ({ name, block, limit: flatSigmoid });

/**
 * The gates whose sums are W_ih x + b_ih + W_hh h + b_hh, and how many blocks the sums have; none for cells that
 * compute them otherwise.
 */
function gatesOf(cell: Cell<State>): { readonly gates: readonly Gate[]; readonly blocks: number } {
  if (cell instanceof LSTMCell && !cell.norm_ih && !cell.weight_peephole)
    return { gates: [sigmoidGate('input', 0), sigmoidGate('forget', 1), sigmoidGate('output', 3)], blocks: 4 };
  if (cell instanceof GRUCell) return { gates: [sigmoidGate('reset', 0), sigmoidGate('update', 1)], blocks: 3 };
  if (cell instanceof RNNCell && cell.activation === 'tanh')
    return { gates: [{ name: 'activation', block: 0, limit: flatTanh }], blocks: 1 };
  return { gates: [], blocks: 0 };
}

/** Listens in on one cell while a model runs: to the gradient at every hidden state, and to the gates. */
export class CellProbe {
  readonly name: string;
  readonly cell: Cell<State>;
  readonly gates: readonly Gate[];
  /** Of H sums each. */
  readonly blocks: number;
  /** Zeros that were added to each step's hidden state, so that their gradient is its own. */
  readonly zeros: Tensor[] = [];
  /** The sums in front of the gates, `[N, G·H]`, at each step. */
  readonly sums: Tensor[] = [];
  lengths: ArrayLike<number> | null = null;
  reverse = false;

  constructor(name: string, cell: Cell<State>) {
    this.name = name;
    this.cell = cell;
    ({ gates: this.gates, blocks: this.blocks } = gatesOf(cell));
  }

  /** Takes the place of the cell's own `sequence`. */
  attach(): void {
    this.cell.sequence = (x, options) => this.#sequence(x, options ?? {});
  }

  /** Uncovers the cell's own `sequence`. */
  detach(): void {
    Reflect.deleteProperty(this.cell, 'sequence');
  }

  dispose(): void {
    for (const tensor of [...this.zeros, ...this.sums]) tensor.dispose();
  }

  #sequence(x: Tensor, { state, lengths, reverse }: SequenceOptions<State>): Recurrence<State> {
    const { cell } = this;
    this.lengths = lengths ?? null;
    this.reverse = reverse ?? false;
    const start = state ?? cell.initialState(x.shape[1]!, x.backend);
    const [hidden] = 'h' in start ? ['h'] : Object.keys(start);
    return scan(
      (input, before: State, t) => {
        this.#listen(input, before, t);
        const { output, state: after } = cell.step(input, before);
        const own = after[hidden!]!;
        const zero = unowned(zeros(x.backend, own.shape, { requiresGrad: true }));
        this.zeros[t] = zero;
        const probed = add(own, zero);
        return { output: output === own ? probed : output, state: { ...after, [hidden!]: probed } };
      },
      x,
      start,
      { lengths, reverse },
    );
  }

  #listen(input: Tensor, before: State, t: number): void {
    const { cell } = this;
    if (this.gates.length === 0 || !(cell instanceof LSTMCell || cell instanceof GRUCell || cell instanceof RNNCell))
      return;
    const sums = noGrad(input.backend, () =>
      tidy(input.backend, () =>
        add(linear(input, cell.weight_ih, cell.bias_ih), linear(before['h']!, cell.weight_hh, cell.bias_hh)),
      ),
    );
    this.sums[t] = unowned(sums);
  }
}
