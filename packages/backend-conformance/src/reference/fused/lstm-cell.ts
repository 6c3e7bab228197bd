import type { LstmSpec } from '@timestep/backend-api';
import type { Cell, Weights } from './recurrent.ts';
import { addOuter, addTo, product, sigmoid, transposedProduct } from './vectors.ts';

export type LstmGradientName = 'weightIh' | 'weightHh' | 'bias' | 'weightHr' | 'peephole';

export interface LstmWeights extends Weights {
  /** `[N, H]` */
  readonly c0: Float64Array;
  /** `[P, H]`, null without projection */
  readonly weightHr: Float64Array | null;
  /** `[3, H]`: p_i, p_f, p_o; zeros without peepholes */
  readonly peephole: Float64Array;
}

/**
 * a = W x + b_ih + U h + b_hh in four parts; i = σ(a_i + p_i∘c), f = σ(a_f + p_f∘c) or 1 − i, g = tanh(a_g),
 * c' = f∘c + i∘g, o = σ(a_o + p_o∘c'), m = o∘tanh(c'), h' = m or W_hr m.
 */
export function lstmCell(weights: LstmWeights, spec: LstmSpec): Cell<LstmGradientName> {
  const { weightIh, weightHh, biasIh, biasHh, weightHr, peephole } = weights;
  const { inputSize, hiddenSize: H } = spec;
  const { coupledGates, projectionSize, peepholes } = spec.variant;
  // A cell without peepholes does not look at c: 0·∞ would be NaN.
  const peep = (gate: number, j: number, c: number): number => (peepholes ? peephole[gate * H + j]! * c : 0);
  return (x, [hidden, cell]) => {
    const h = hidden!;
    const c = cell!;
    const a = product(weightIh, x, 4 * H);
    addTo(a, product(weightHh, h, 4 * H));
    addTo(a, biasIh);
    addTo(a, biasHh);
    const i = c.map((value, j) => sigmoid(a[j]! + peep(0, j, value)));
    const f = c.map((value, j) => (coupledGates ? 1 - i[j]! : sigmoid(a[H + j]! + peep(1, j, value))));
    const g = c.map((_, j) => Math.tanh(a[2 * H + j]!));
    const nextC = c.map((value, j) => f[j]! * value + i[j]! * g[j]!);
    const o = nextC.map((value, j) => sigmoid(a[3 * H + j]! + peep(2, j, value)));
    const squashed = nextC.map((value) => Math.tanh(value));
    const m = o.map((value, j) => value * squashed[j]!);
    const nextH = weightHr ? product(weightHr, m, projectionSize) : m;

    return {
      state: [nextH, nextC],
      backward([dNextH, dNextC], into) {
        if (weightHr) addOuter(into.weightHr, dNextH!, m);
        const dm = weightHr ? transposedProduct(weightHr, dNextH!, H) : dNextH!;
        const da = new Float64Array(4 * H);
        const dc = new Float64Array(H);
        for (let j = 0; j < H; j++) {
          const dao = dm[j]! * squashed[j]! * o[j]! * (1 - o[j]!);
          const dcNext = dNextC![j]! + dm[j]! * o[j]! * (1 - squashed[j]! ** 2) + peep(2, j, dao);
          const df = dcNext * c[j]!;
          const di = dcNext * g[j]! - (coupledGates ? df : 0);
          const dai = di * i[j]! * (1 - i[j]!);
          const daf = coupledGates ? 0 : df * f[j]! * (1 - f[j]!);
          da[j] = dai;
          da[H + j] = daf;
          da[2 * H + j] = dcNext * i[j]! * (1 - g[j]! ** 2);
          da[3 * H + j] = dao;
          dc[j] = dcNext * f[j]! + peep(0, j, dai) + peep(1, j, daf);
          into.peephole[j]! += dai * c[j]!;
          into.peephole[H + j]! += daf * c[j]!;
          into.peephole[2 * H + j]! += dao * nextC[j]!;
        }
        addOuter(into.weightIh, da, x);
        addOuter(into.weightHh, da, h);
        addTo(into.bias, da);
        return {
          dx: transposedProduct(weightIh, da, inputSize),
          dState: [transposedProduct(weightHh, da, h.length), dc],
        };
      },
    };
  };
}
