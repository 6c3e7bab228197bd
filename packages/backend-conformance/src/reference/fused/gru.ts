import type { GruSequenceOp, GruSpec } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { floatsOrNull, openInputs, runBackward, runForward, type Cell, type Trace, type Weights } from './recurrent.ts';
import { SavedStore } from './saved.ts';
import { addOuter, addTo, product, sigmoid, transposedProduct } from './vectors.ts';

type Name = 'weightIh' | 'weightHh' | 'biasIh' | 'biasHh';

/**
 * With u = W x + b_ih and v = U h + b_hh in three parts each: r = σ(u_r + v_r), z = σ(u_z + v_z), h' = (1 − z)∘n + z∘h.
 * Reset after: n = tanh(u_n + r∘v_n). Reset before: v_n = U_n (r∘h) + b_hn and n = tanh(u_n + v_n).
 */
function gruCell(weights: Weights, spec: GruSpec): Cell<Name> {
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  const { inputSize, hiddenSize: H } = spec;
  const after = spec.variant.reset === 'after';
  const weightHn = weightHh.subarray(2 * H * H);
  return (x, [state]) => {
    const h = state!;
    const u = product(weightIh, x, 3 * H);
    addTo(u, biasIh);
    const v = product(weightHh, h, 3 * H);
    addTo(v, biasHh);
    const r = v.subarray(0, H).map((value, j) => sigmoid(u[j]! + value));
    const z = v.subarray(H, 2 * H).map((value, j) => sigmoid(u[H + j]! + value));
    const resetH = h.map((value, j) => r[j]! * value);
    const vn = v.slice(2 * H);
    if (!after) {
      vn.set(product(weightHn, resetH, H));
      addTo(vn, biasHh.subarray(2 * H));
    }
    const n = vn.map((value, j) => Math.tanh(u[2 * H + j]! + (after ? r[j]! : 1) * value));
    const next = n.map((value, j) => (1 - z[j]!) * value + z[j]! * h[j]!);

    return {
      state: [next],
      backward([dState], into) {
        const dNext = dState!;
        const dh = dNext.map((value, j) => value * z[j]!);
        const dan = dNext.map((value, j) => value * (1 - z[j]!) * (1 - n[j]! ** 2));
        const daz = dNext.map((value, j) => value * (h[j]! - n[j]!) * z[j]! * (1 - z[j]!));
        // What reaches r: through r∘v_n, or through r∘h and U_n.
        const dResetH = after ? null : transposedProduct(weightHn, dan, H);
        const dr = dResetH ? dResetH.map((value, j) => value * h[j]!) : dan.map((value, j) => value * vn[j]!);
        const dar = dr.map((value, j) => value * r[j]! * (1 - r[j]!));
        const dvn = after ? dan.map((value, j) => value * r[j]!) : dan;

        const du = concatenate(dar, daz, dan);
        addOuter(into.weightIh, du, x);
        addTo(into.biasIh, du);
        addTo(into.biasHh, concatenate(dar, daz, dvn));
        addOuter(into.weightHh.subarray(0, 2 * H * H), concatenate(dar, daz), h);
        addOuter(into.weightHh.subarray(2 * H * H), dvn, after ? h : resetH);
        addTo(dh, transposedProduct(weightHh.subarray(0, 2 * H * H), concatenate(dar, daz), H));
        addTo(dh, dResetH ? dResetH.map((value, j) => value * r[j]!) : transposedProduct(weightHn, dvn, H));
        return { dx: transposedProduct(weightIh, du, inputSize), dState: [dh] };
      },
    };
  };
}

function concatenate(...parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The gated recurrent unit, sequence by sequence and step by step. */
export function gruSequence(heap: Heap): GruSequenceOp {
  const store = new SavedStore<Trace<Name>>(heap, 'gruSequence');
  return {
    supports: () => true,

    forward(spec, inputs) {
      const weights = openInputs(heap, 'gruSequence', spec, inputs, 3, spec.hiddenSize);
      const run = runForward(spec, gruCell(weights, spec), weights.x, [weights.h0], [spec.hiddenSize]);
      return {
        outputs: { output: heap.store(run.output), hN: heap.store(run.final[0]!) },
        saved: spec.needsSaved ? store.keep(run.trace) : null,
      };
    },

    backward(spec, { inputs, saved, gradients, wanted }) {
      const { steps, batch, hiddenSize } = spec;
      const into = {
        weightIh: new Float64Array(inputs.weightIh.length),
        weightHh: new Float64Array(inputs.weightHh.length),
        biasIh: new Float64Array(3 * hiddenSize),
        biasHh: new Float64Array(3 * hiddenSize),
      };
      const dOutput = floatsOrNull(heap, 'gruSequence', gradients.output, steps * batch * hiddenSize);
      const dhN = floatsOrNull(heap, 'gruSequence', gradients.hN, batch * hiddenSize);
      const { dx, dInitial } = runBackward(spec, store.take(saved), dOutput, [dhN], [hiddenSize], into);
      return {
        x: wanted.x ? heap.store(dx) : null,
        weightIh: wanted.weightIh ? heap.store(into.weightIh) : null,
        weightHh: wanted.weightHh ? heap.store(into.weightHh) : null,
        biasIh: wanted.biasIh ? heap.store(into.biasIh) : null,
        biasHh: wanted.biasHh ? heap.store(into.biasHh) : null,
        h0: wanted.h0 ? heap.store(dInitial[0]!) : null,
      };
    },
  };
}
