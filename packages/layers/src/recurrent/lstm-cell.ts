import { ArgumentError, constant, lstmSequence, lstmStep, type SequenceArguments, type Tensor, uniform } from '@timestep/core';
import { checkSize } from '../options.ts';
import { Parameter } from '../parameter.ts';
import type { Recurrence } from '../scoped.ts';
import { GatedCell, type GatedCellOptions, type GateInitializer } from './gated-cell.ts';

/** `h [N, P]`, `c [N, H]`; of a layer `[L·directions, N, …]` */
export type LstmState = { readonly h: Tensor; readonly c: Tensor };

export interface LSTMCellOptions extends GatedCellOptions {
  /** P: h' = W_hr (o∘tanh(c')) with P < H outputs (Sak et al. 2014); 0, by default, for none. */
  readonly projectionSize?: number | undefined;
  /** Let the gates see the cell through p_i, p_f, p_o (Gers and Schmidhuber 2000). */
  readonly peepholes?: boolean | undefined;
  /** f = 1 − i (Greff et al. 2017); the forget gate's parameters stay, unused, so that the shapes are PyTorch's. */
  readonly coupledGates?: boolean | undefined;
  /** What the two biases of the forget gate add up to at the start, such as 1 (Jozefowicz et al. 2015); drawn by default. */
  readonly forgetBias?: number | undefined;
}

/**
 * One step of the LSTM (Hochreiter and Schmidhuber 1997; forget gate Gers et al. 2000), gates in the order i, f, g, o:
 * i, f, o = σ(W x + b_ih + U h + b_hh), g = tanh(…), c' = f∘c + i∘g, h' = o∘tanh(c'). Parameters: `weight_ih [4H, D]`,
 * `weight_hh [4H, P]`, `bias_ih [4H]`, `bias_hh [4H]`, and where asked for `weight_hr [P, H]` and
 * `weight_peephole [3, H]`.
 */
export class LSTMCell extends GatedCell<LstmState> {
  readonly stateShapes;
  readonly coupledGates: boolean;
  /** `[P, H]` */
  weight_hr: Parameter | null;
  /** `[3, H]`: p_i, p_f, p_o */
  weight_peephole: Parameter | null;

  constructor(options: LSTMCellOptions) {
    const projection = checkSize('lstmCell', 'projectionSize', options.projectionSize ?? 0, 0);
    if (projection > 0 && projection >= options.hiddenSize) {
      throw new ArgumentError(`[lstmCell] expected projectionSize to be smaller than hiddenSize ${options.hiddenSize}, got ${projection}; leave it out for no projection`);
    }
    super('lstmCell', 4, options, projection || options.hiddenSize, forgetBiases(options));
    this.coupledGates = options.coupledGates ?? false;
    this.stateShapes = { h: [this.outputSize], c: [this.hiddenSize] };
    const make = (shape: number[]) => new Parameter(options.backend, shape, this.uniform(shape, this.generator));
    this.weight_hr = projection > 0 ? make([projection, this.hiddenSize]) : null;
    this.weight_peephole = options.peepholes ? make([3, this.hiddenSize]) : null;
  }

  protected advance(projected: Tensor, state: LstmState): LstmState {
    return lstmStep(projected, state, {
      weightHh: this.weight_hh,
      biasHh: this.bias_hh,
      weightHr: this.weight_hr,
      peephole: this.weight_peephole,
      variant: { peepholes: this.weight_peephole !== null, coupledGates: this.coupledGates, projectionSize: this.weight_hr ? this.outputSize : 0 },
    });
  }

  protected run(given: SequenceArguments, state: LstmState | null): Recurrence<LstmState> {
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

/** The forget gate's part of `bias_ih` is the given value and that of `bias_hh` 0; the other gates are drawn as ever. */
function forgetBiases({ forgetBias, hiddenSize, bias }: LSTMCellOptions): GateInitializer[] {
  if (forgetBias === undefined) return [];
  if (bias === false) throw new ArgumentError('[lstmCell] forgetBias needs the biases; leave out bias: false');
  const bound = 1 / Math.sqrt(hiddenSize);
  return [forgetBias, 0].map((value) => (shape, generator, gate) => (gate === 1 ? constant(value) : uniform(-bound, bound))(shape, generator));
}
