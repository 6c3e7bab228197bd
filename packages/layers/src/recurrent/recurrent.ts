import {
  add,
  ArgumentError,
  checkOptions,
  checkValue,
  concat,
  type FusedMode,
  type Generator,
  is,
  type OptionRules,
  reshape,
  ShapeError,
  stack,
  type State,
  type Tensor,
  unstack,
} from '@timestep/core';
import { checkLengths, show } from '@timestep/core/extend';
import { expectSequence, expectTensor } from '../checks.ts';
import { applyDropout } from '../dropout.ts';
import type { LengthsOption } from '../lengths.ts';
import { Module, type Slot } from '../module.ts';
import { fusedRule, generatorOrFresh, generatorRule, lengthsRules } from '../options.ts';
import type { Parameter } from '../parameter.ts';
import { scoped, type Recurrence } from '../scoped.ts';
import { checkState, mapState, type Cell } from './cell.ts';

/** Options of every recurrent layer. */
export interface StackOptions {
  /** D */
  readonly inputSize: number;
  /** L; 1 by default. */
  readonly numLayers?: number | undefined;
  /** Add a second cell per layer that runs backward in time and append its output; false by default. */
  readonly bidirectional?: boolean | undefined;
  /** Dropout on the output of every layer but the last; 0 by default. */
  readonly dropout?: number | undefined;
  /** Use one dropout mask for all steps of a sequence (Gal and Ghahramani 2016); false by default. */
  readonly lockedDropout?: boolean | undefined;
  /** Every layer but the first adds its input to its output; false by default. */
  readonly residual?: boolean | undefined;
  /** The source of random numbers for dropout masks; by default a new one with a random seed. */
  readonly generator?: Generator | undefined;
  /** `auto`, `require` or `off`; the backend's mode by default. */
  readonly fused?: FusedMode | undefined;
}

export const stackRules: OptionRules<StackOptions> = {
  inputSize: is.size(),
  numLayers: is.optional(is.size()),
  bidirectional: is.optional(is.boolean),
  dropout: is.optional(is.probability),
  lockedDropout: is.optional(is.boolean),
  residual: is.optional(is.boolean),
  generator: generatorRule,
  fused: fusedRule,
};

/** Options of {@link Recurrent}. */
export interface RecurrentOptions<S extends State> extends StackOptions {
  /** Makes the cell of each layer and direction; inputSize is that of the layer. */
  readonly cell: (inputSize: number, place: { readonly layer: number; readonly reverse: boolean }) => Cell<S>;
}

const cellRule = is.like('a cell, such as a GRUCell', 'sequence', 'inputSize', 'outputSize', 'stateShapes');

const rules: OptionRules<RecurrentOptions<State>> = { ...stackRules, cell: is.function };

/** Options of a recurrent layer's `forward`. */
export interface RecurrentInput<S extends State> extends LengthsOption {
  /** The state before the first step, each part `[L·directions, N, …]`; zeros by default. */
  readonly state?: S | null | undefined;
}

export const inputRules: OptionRules<RecurrentInput<State>> = { ...lengthsRules, state: is.nullable(is.object) };

/**
 * Runs any cell over whole sequences: stacked, in one or both directions, with lengths, dropout between layers and
 * residual connections. RNN, LSTM and GRU extend it with their cells. Use it directly for your own {@link Cell}.
 *
 * | symbol | meaning |
 * |---|---|
 * | T, N, D | steps, sequences, input features |
 * | L | layers |
 * | P | outputs of a cell |
 *
 * The names of parameters end with layer and direction: `weight_ih_l0`, `weight_ih_l0_reverse`, `weight_ih_l1`, ….
 *
 * @throws ArgumentError for an unknown option or a wrong value; ShapeError where the cells do not fit together
 * @example
 * ```ts
 * const network = new Recurrent({
 *   inputSize: 8,
 *   numLayers: 2,
 *   cell: (inputSize) => new GRUCell({ backend, inputSize, hiddenSize: 32 }),
 * });
 * const { output, state } = network.forward(x, { lengths }); // x: [T, N, 8], output: [T, N, 32]
 * ```
 */
export class Recurrent<S extends State> extends Module {
  /** The parameters of the cells, such as `weight_ih_l0`. */
  readonly [name: `weight_${string}` | `bias_${string}`]: Parameter;

  readonly inputSize: number;
  /** P·directions: the features of the output. */
  readonly outputSize: number;
  readonly numLayers: number;
  readonly bidirectional: boolean;
  readonly dropout: number;
  readonly lockedDropout: boolean;
  readonly residual: boolean;
  readonly generator: Generator;
  readonly #cells: readonly Cell<S>[];
  readonly #fused: FusedMode | undefined;
  readonly #where: string;

  /** @param where the name in error messages */
  constructor(options: RecurrentOptions<S>, where = 'Recurrent') {
    super();
    checkOptions(where, options, rules);
    this.#where = where;
    this.inputSize = options.inputSize;
    this.numLayers = options.numLayers ?? 1;
    this.bidirectional = options.bidirectional ?? false;
    this.dropout = options.dropout ?? 0;
    this.lockedDropout = options.lockedDropout ?? false;
    this.residual = options.residual ?? false;
    this.generator = generatorOrFresh(options.generator);
    this.#fused = options.fused;
    this.#cells = this.#makeCells(options.cell);
    this.outputSize = this.#cells.at(-1)!.outputSize * this.directions;
    for (const { name, value } of this.slots()) {
      // A read-only alias; the module finds its parameters through the cells.
      if (!(name in this) && !(value instanceof Module))
        Object.defineProperty(this, name, { get: () => this.slots().find((slot) => slot.name === name)?.value });
    }
  }

  override get typeName(): string {
    return 'Recurrent';
  }

  /** 1, or 2 where bidirectional. */
  get directions(): number {
    return this.bidirectional ? 2 : 1;
  }

  /** The cells: layer 0 forward, layer 0 reverse, layer 1 forward, …. */
  get cells(): readonly Cell<S>[] {
    return this.#cells;
  }

  override slots(): Slot[] {
    const own = super.slots();
    const ofCells = this.#cells.flatMap((cell, row) =>
      cell.slots().map((slot) => ({ ...slot, name: placed(slot.name, this.#suffix(row)) })),
    );
    return [...own, ...ofCells];
  }

  override children(): Module[] {
    return [...super.children(), ...this.#cells];
  }

  /**
   * @param x `[T, N, inputSize]`
   * @param options.lengths `[N]`, each 0…T: later steps output 0 and do not change the state
   * @param options.state each part `[L·directions, N, …]`
   * @returns `output [T, N, outputSize]` of the last layer, and the state after each sequence's last step in the
   *   direction of travel
   * @throws ShapeError, DTypeError, or ArgumentError: `INVALID_LENGTHS` that names the entry, or for an unknown
   * option
   */
  forward(x: Tensor, options: RecurrentInput<S> = {}): Recurrence<S> {
    expectSequence(this.#where, x, this.inputSize);
    checkOptions(this.#where, options, inputRules);
    const [steps, batch] = x.shape as [number, number];
    const lengths = checkLengths(this.#where, options.lengths, steps, batch);
    const start = options.state ?? null;
    if (start) checkState(this.#where, start, this.#cells[0]!.stateShapes, [this.#cells.length, batch]);
    return scoped(x.backend, () => {
      const rows = start && Object.fromEntries(Object.entries(start).map(([name, part]) => [name, unstack(part)]));
      const finals: S[] = [];
      let current = x;
      for (let layer = 0; layer < this.numLayers; layer++) {
        const input =
          layer > 0 && this.inTraining
            ? applyDropout(current, this.dropout, this.generator, this.lockedDropout)
            : current;
        const outputs = [];
        for (let direction = 0; direction < this.directions; direction++) {
          const row = layer * this.directions + direction;
          const state = start && mapState(start, (_, name) => rows![name]![row]!);
          const result = this.#cells[row]!.sequence(input, {
            state,
            lengths,
            reverse: direction === 1,
            fused: this.#fused,
          });
          outputs.push(result.output);
          finals.push(result.state);
        }
        const output = outputs.length === 1 ? outputs[0]! : concat(outputs, 2);
        // After a length, the input of a layer above the first is already 0, so the sum needs no mask.
        current = this.residual && layer > 0 ? add(output, input) : output;
      }
      return { output: current, state: joinStates(finals) };
    });
  }

  /**
   * One step of a stream: x `[N, inputSize]` → `output [N, outputSize]` and the state to hand to the next step.
   *
   * ```ts
   * let state = null;
   * for await (const frame of frames) ({ output, state } = lstm.step(frame, state));
   * ```
   *
   * @throws ArgumentError where the layer is bidirectional
   */
  step(x: Tensor, state: S | null = null): Recurrence<S> {
    if (this.bidirectional)
      throw new ArgumentError(
        `[${this.#where}] a bidirectional layer needs the whole sequence; use forward(x), or build it with bidirectional: false`,
      );
    expectTensor(this.#where, x);
    if (x.rank !== 2)
      throw new ShapeError(
        `[${this.#where}] expected one step of shape [N, ${this.inputSize}], got ${show(x.shape)}; use forward(x) for a sequence`,
      );
    return scoped(x.backend, () => {
      const result = this.forward(reshape(x, [1, ...x.shape]), { state });
      return { output: reshape(result.output, result.output.shape.slice(1)), state: result.state };
    });
  }

  #makeCells(make: RecurrentOptions<S>['cell']): Cell<S>[] {
    const cells: Cell<S>[] = [];
    for (let layer = 0; layer < this.numLayers; layer++) {
      const inputSize = layer === 0 ? this.inputSize : cells.at(-1)!.outputSize * this.directions;
      for (let direction = 0; direction < this.directions; direction++) {
        const cell = make(inputSize, { layer, reverse: direction === 1 });
        checkValue(this.#where, 'the result of cell()', cell, cellRule);
        if (cell.inputSize !== inputSize) {
          throw new ShapeError(
            `[${this.#where}] the cell of layer ${layer} has inputSize ${cell.inputSize}, expected ${inputSize}; make it with the inputSize that the function is given`,
          );
        }
        cells.push(cell);
      }
    }
    const [first] = cells;
    const odd = cells.findIndex(
      ({ outputSize, stateShapes }) =>
        outputSize !== first!.outputSize || JSON.stringify(stateShapes) !== JSON.stringify(first!.stateShapes),
    );
    if (odd >= 0)
      throw new ShapeError(
        `[${this.#where}] the cells of all layers need one outputSize and one state; cell ${odd} differs from cell 0`,
      );
    return cells;
  }

  #suffix(row: number): string {
    return `_l${Math.floor(row / this.directions)}${row % this.directions === 1 ? '_reverse' : ''}`;
  }
}

/** Adds a suffix to the first part of a name: `weight_ih` → `weight_ih_l0`, `norm.weight` → `norm_l0.weight`. */
function placed(name: string, suffix: string): string {
  const [head, ...rest] = name.split('.');
  return [head! + suffix, ...rest].join('.');
}

/** `[N, …]` of each cell → `[L·directions, N, …]`. */
function joinStates<S extends State>(states: readonly S[]): S {
  return mapState(states[0]!, (_, name) => stack(states.map((state) => state[name]!)));
}
