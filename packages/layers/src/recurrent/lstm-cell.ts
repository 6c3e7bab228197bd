import {
  add,
  ArgumentError,
  checkOptions,
  constant,
  is,
  linear,
  lstmSequence,
  lstmStep,
  type OptionRules,
  type SequenceArguments,
  type Tensor,
  uniform,
} from '@timestep/core';
import { lstmGates } from '@timestep/core/extend';
import { LayerNorm } from '../layer-norm.ts';
import { Parameter } from '../parameter.ts';
import type { Recurrence } from '../scoped.ts';
import type { GateInitializer } from '../parameter.ts';
import { GatedCell, type GatedCellOptions, gatedCellRules } from './gated-cell.ts';

/** `h [N, P]`, `c [N, H]`; of a layer `[L·directions, N, …]` */
export type LSTMState = { readonly h: Tensor; readonly c: Tensor };

/** Options of {@link LSTMCell}. */
export interface LSTMCellOptions extends GatedCellOptions {
  /** P: project the output, h' = W_hr (o∘tanh(c')) with P < H (Sak et al. 2014); 0 (default) for no projection. */
  readonly projectionSize?: number | undefined;
  /** Let the gates see the cell through p_i, p_f, p_o (Gers and Schmidhuber 2000). */
  readonly peepholes?: boolean | undefined;
  /** f = 1 − i (Greff et al. 2017); the forget gate's parameters stay, unused, so that the shapes are PyTorch's. */
  readonly coupledGates?: boolean | undefined;
  /**
   * The initial sum of the two biases of the forget gate, such as 1 (Jozefowicz et al. 2015); random by default.
   */
  readonly forgetBias?: number | undefined;
  /**
   * T: start with memories of 1 … T steps, spread over the units (Tallec and Ollivier 2018, equation 16): the biases of
   * the forget gate add up to ln u with u uniform in [1, T − 1), those of the input gate to its negative.
   */
  readonly memorySpan?: number | undefined;
  /**
   * Apply layer normalization to both products and to the cell state (Ba, Kiros and Hinton 2016, equations 29–31):
   * i, f, g, o from LN(W x) + b_ih + LN(U h) + b_hh, and h' = o∘tanh(LN(c')). It runs step by step, because no backend
   * has a fused version.
   */
  readonly layerNorm?: boolean | undefined;
}

export const lstmCellRules: OptionRules<LSTMCellOptions> = {
  ...gatedCellRules,
  projectionSize: is.optional(is.size(0)),
  peepholes: is.optional(is.boolean),
  coupledGates: is.optional(is.boolean),
  forgetBias: is.optional(is.number()),
  memorySpan: is.optional(is.number({ above: 2 })),
  layerNorm: is.optional(is.boolean),
};

/**
 * One step of the LSTM (Hochreiter and Schmidhuber 1997; forget gate Gers et al. 2000), gates in the order i, f, g, o:
 * i, f, o = σ(W x + b_ih + U h + b_hh), g = tanh(…), c' = f∘c + i∘g, h' = o∘tanh(c'). Parameters: `weight_ih [4H, D]`,
 * `weight_hh [4H, P]`, `bias_ih [4H]`, `bias_hh [4H]`, and optional `weight_hr [P, H]`, `weight_peephole [3, H]`
 * and the norms `norm_ih`, `norm_hh` (`[4H]`) and `norm_cell` (`[H]`).
 *
 * @throws ArgumentError for an unknown option or a wrong value
 * @example
 * ```ts
 * const cell = new LSTMCell({ backend, inputSize: 8, hiddenSize: 32, forgetBias: 1 });
 * const { output, state } = cell.forward(x); // x: [N, 8], output: [N, 32]
 * ```
 */
export class LSTMCell extends GatedCell<LSTMState> {
  readonly stateShapes;
  readonly coupledGates: boolean;
  /** `[P, H]` */
  weight_hr: Parameter | null;
  /** `[3, H]`: p_i, p_f, p_o */
  weight_peephole: Parameter | null;
  readonly norm_ih: LayerNorm | null;
  readonly norm_hh: LayerNorm | null;
  readonly norm_cell: LayerNorm | null;

  override get typeName(): string {
    return 'LSTMCell';
  }

  constructor(options: LSTMCellOptions) {
    checkOptions('LSTMCell', options, lstmCellRules);
    const projection = options.projectionSize ?? 0;
    if (projection > 0 && projection >= options.hiddenSize) {
      throw new ArgumentError(
        `[LSTMCell] expected projectionSize to be smaller than hiddenSize ${options.hiddenSize}, got ${projection}; leave it out for no projection`,
      );
    }
    super('LSTMCell', 4, options, projection || options.hiddenSize, startBiases(options));
    this.coupledGates = options.coupledGates ?? false;
    this.stateShapes = { h: [this.outputSize], c: [this.hiddenSize] };
    const make = (shape: number[]) => Parameter.draw(options.backend, shape, this.uniform, this.generator);
    this.weight_hr = projection > 0 ? make([projection, this.hiddenSize]) : null;
    this.weight_peephole = options.peepholes ? make([3, this.hiddenSize]) : null;
    const norm = (size: number) => (options.layerNorm ? new LayerNorm({ backend: options.backend, size }) : null);
    this.norm_ih = norm(4 * this.hiddenSize);
    this.norm_hh = norm(4 * this.hiddenSize);
    this.norm_cell = norm(this.hiddenSize);
  }

  protected override project(x: Tensor): Tensor {
    if (!this.norm_ih) return super.project(x);
    const product = this.norm_ih.forward(linear(x, this.weight_ih));
    return this.bias_ih ? add(product, this.bias_ih) : product;
  }

  protected advance(projected: Tensor, state: LSTMState, weightHh: Tensor): LSTMState {
    const variant = {
      peepholes: this.weight_peephole !== null,
      coupledGates: this.coupledGates,
      projectionSize: this.weight_hr ? this.outputSize : 0,
    };
    const gates = { weightHr: this.weight_hr, peephole: this.weight_peephole, variant };
    if (!this.norm_hh) return lstmStep(projected, state, { ...gates, weightHh, biasHh: this.bias_hh });
    const product = this.norm_hh.forward(linear(state.h, weightHh));
    const sums = add(projected, this.bias_hh ? add(product, this.bias_hh) : product);
    return lstmGates(sums, state.c, { ...gates, readCell: (cell) => this.norm_cell!.forward(cell) });
  }

  protected override run(given: SequenceArguments, state: LSTMState | null): Recurrence<LSTMState> {
    if (this.norm_hh) return super.run(given, state);
    const { output, hN, cN } = lstmSequence({
      ...given,
      c0: state?.c ?? null,
      weightHr: this.weight_hr,
      peephole: this.weight_peephole,
      coupledGates: this.coupledGates,
    });
    return { output, state: { h: hN, c: cN } };
  }
}

/**
 * The initializers of the biases. If an initial value is given, `bias_ih` holds it and `bias_hh` is 0; the other gates
 * keep the default initializer.
 */
function startBiases({ forgetBias, memorySpan, hiddenSize, bias }: LSTMCellOptions): GateInitializer[] {
  if (forgetBias === undefined && memorySpan === undefined) return [];
  if (bias === false)
    throw new ArgumentError(
      `[LSTMCell] ${memorySpan === undefined ? 'forgetBias' : 'memorySpan'} needs the biases; leave out bias: false`,
    );
  if (forgetBias !== undefined && memorySpan !== undefined)
    throw new ArgumentError('[LSTMCell] forgetBias and memorySpan both set the forget gate; pass one of them');
  if (memorySpan !== undefined && !(memorySpan > 2))
    throw new ArgumentError(`[LSTMCell] expected memorySpan above 2 steps, got ${memorySpan}`);
  const bound = 1 / Math.sqrt(hiddenSize);
  const drawn = uniform(-bound, bound);
  if (memorySpan === undefined)
    return [forgetBias!, 0].map(
      (value) => (shape, generator, gate) => (gate === 1 ? constant(value) : drawn)(shape, generator),
    );
  let spans = new Float32Array(0);
  const spread: GateInitializer = (shape, generator, gate) => {
    // Gate 0 is the input gate and comes first.
    if (gate === 0) spans = uniform(1, memorySpan - 1)(shape, generator).map(Math.log);
    return gate === 0 ? spans.map((value) => -value) : gate === 1 ? spans : drawn(shape, generator);
  };
  return [spread, (shape, generator, gate) => (gate < 2 ? constant(0) : drawn)(shape, generator)];
}
