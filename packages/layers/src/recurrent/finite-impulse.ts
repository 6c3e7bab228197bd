import { expectTensor } from '../checks.ts';
import {
  ArgumentError,
  checkOptions,
  type Generator,
  inScope,
  is,
  type OptionRules,
  type Tensor,
} from '@timestep/core';
import { Linear } from '../linear.ts';
import type { LengthsOption } from '../lengths.ts';
import { Module } from '../module.ts';
import { generatorOrFresh, lengthsRules, pick } from '../options.ts';
import { Sequential, type Stage } from '../sequential.ts';
import {
  FiniteImpulseCell,
  type FiniteImpulseCellOptions,
  finiteImpulseCellRules,
  type TapState,
} from './finite-impulse-cell.ts';
import { Recurrent } from './recurrent.ts';

/** Options of {@link FiniteImpulse}. */
export interface FiniteImpulseOptions extends FiniteImpulseCellOptions {
  /** L; 1 by default. */
  readonly numLayers?: number | undefined;
}

const inputRules = { ...lengthsRules, state: is.nullable(is.arrayOf(is.object, 'an array of states')) };

const rules: OptionRules<FiniteImpulseOptions> = {
  ...finiteImpulseCellRules,
  numLayers: is.optional(is.size()),
};

/**
 * A finite-impulse network, also called a time-delay network (Waibel et al. 1989; Wan 1990), over sequences: x
 * `[T, N, D]` → output `[T, N, H]`; {@link FiniteImpulseCell} has the equations. An output depends on
 * the last R = L·(K − 1) + 1 inputs. `unroll` returns the equivalent feed-forward network over that window.
 *
 * ```ts
 * const network = new FiniteImpulse({ backend, inputSize: 4, hiddenSize: 16, taps: 3, numLayers: 2 });
 * const feedForward = await network.unroll();   // [N, 5·4] → [N, 16]
 * ```
 *
 * @throws ArgumentError for an unknown option or a wrong value
 */
export class FiniteImpulse extends Module {
  readonly inputSize: number;
  readonly outputSize: number;
  /** R: the number of inputs that an output depends on */
  readonly reach: number;
  readonly layers: readonly Recurrent<TapState>[];
  readonly generator: Generator;
  readonly #cells: readonly FiniteImpulseCell[];

  override get typeName(): string {
    return 'FiniteImpulse';
  }

  constructor(options: FiniteImpulseOptions) {
    super();
    checkOptions('FiniteImpulse', options, rules);
    const numLayers = options.numLayers ?? 1;
    const cellOptions = pick<FiniteImpulseCellOptions>(options, finiteImpulseCellRules);
    this.generator = generatorOrFresh(options.generator);
    this.#cells = Array.from(
      { length: numLayers },
      (_, layer) =>
        new FiniteImpulseCell({
          ...cellOptions,
          generator: this.generator,
          inputSize: layer === 0 ? options.inputSize : options.hiddenSize,
        }),
    );
    this.layers = this.#cells.map(
      (cell) => new Recurrent({ cell: () => cell, inputSize: cell.inputSize }, 'FiniteImpulse'),
    );
    this.inputSize = options.inputSize;
    this.outputSize = options.hiddenSize;
    this.reach = numLayers * (options.taps - 1) + 1;
  }

  /**
   * @param x `[T, N, D]`
   * @param options.state one for each layer, each `taps [1, N, K − 1, …]`; zeros by default
   */
  forward(
    x: Tensor,
    options: LengthsOption & { readonly state?: readonly TapState[] | null | undefined } = {},
  ): { readonly output: Tensor; readonly state: readonly TapState[] } {
    expectTensor('FiniteImpulse', x);
    checkOptions('FiniteImpulse', options, inputRules);
    const { lengths, state } = options;
    if (state && state.length !== this.layers.length)
      throw new ArgumentError(
        `[FiniteImpulse] expected ${this.layers.length} states, one for each layer, got ${state.length}`,
      );
    return inScope(x.backend, {}, (scope) => {
      const finals: TapState[] = [];
      let output = x;
      this.layers.forEach((layer, k) => {
        const result = layer.forward(output, { lengths, state: state?.[k] });
        finals.push(result.state);
        output = result.output;
      });
      for (const { taps } of finals) scope.keep(taps);
      return { output: scope.keep(output), state: finals };
    });
  }

  /**
   * Returns the equivalent feed-forward network. It maps a window of R inputs, the oldest first, `[N, R·D]`, to the
   * output at the last one, `[N, H]`. Each layer repeats its units for every delay that the next layer reads. The two
   * differ only in the first R − 1 steps of a sequence, where the recurrent form starts from empty delay lines.
   */
  async unroll(): Promise<Sequential> {
    const stages: Stage[] = [];
    let places = this.reach;
    for (const cell of this.#cells) {
      const [weight, bias] = [await cell.weight_ih.data(), await cell.bias_ih.data()];
      const { taps, inputSize: inputs, hiddenSize: units } = cell;
      const after = places - taps + 1;
      const wide = new Linear({
        backend: cell.weight_ih.backend,
        inputSize: places * inputs,
        outputSize: after * units,
        generator: this.generator,
      });
      const values = new Float64Array(wide.weight.size);
      for (let place = 0; place < after; place++) {
        for (let unit = 0; unit < units; unit++) {
          for (let tap = 0; tap < taps; tap++) {
            const from = (tap * units + unit) * inputs;
            values.set(
              weight.subarray(from, from + inputs),
              ((place * units + unit) * places + place + taps - 1 - tap) * inputs,
            );
          }
        }
      }
      wide.weight.assign(values);
      wide.bias!.assign(Float64Array.from({ length: after * units }, (_, k) => bias[k % units]!));
      stages.push(wide, cell.activation);
      places = after;
    }
    return new Sequential(...stages);
  }
}
