import { inScope, tensor } from '@timestep/core';
import { inEvalMode, type LSTMState } from '@timestep/layers';
import { crossEntropyLoss } from '@timestep/train';
import type { LanguageNetwork } from './network.ts';

/** Streams that a text is cut into, and steps of each that are read at once. */
const [streams, window] = [16, 64];

/**
 * −ln p of every symbol of a text, each given all before it in its stream; the first follows `start`. The text is read as
 * 16 streams side by side, each with a fresh state.
 */
export async function surprises(
  network: LanguageNetwork,
  symbols: Int32Array,
  start: number,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { backend } = network.bias;
  const count = Math.max(1, Math.min(streams, Math.floor(symbols.length / window)));
  const length = Math.ceil(symbols.length / count);
  const result = new Float32Array(symbols.length);
  let state: LSTMState | null = null;
  try {
    for (let from = 0; from < length; from += window) {
      signal?.throwIfAborted();
      const steps = Math.min(window, length - from);
      const inputs = new Int32Array(steps * count);
      const targets = new Int32Array(steps * count).fill(ignored);
      for (let t = 0; t < steps; t++) {
        for (let n = 0; n < count; n++) {
          const at = n * length + from + t;
          inputs[t * count + n] = at === 0 ? start : (symbols[at - 1] ?? start);
          targets[t * count + n] = symbols[at] ?? ignored;
        }
      }
      const before: LSTMState | null = state;
      const { losses, after } = inScope(backend, { gradient: false, training: false }, () =>
        inEvalMode(network, () => {
          const { output, state: next } = network.forward(tensor(backend, inputs, { shape: [steps, count] }), {
            state: before,
          });
          const targetTensor = tensor(backend, targets, { shape: [steps, count] });
          const each = crossEntropyLoss(output, targetTensor, { reduction: 'none', ignoreIndex: ignored });
          return { losses: kept(each), after: { h: kept(next.h), c: kept(next.c) } };
        }),
      );
      free(before);
      state = after;
      const values = await losses.data();
      losses.dispose();
      for (let t = 0; t < steps; t++) {
        for (let n = 0; n < count; n++) {
          const at = n * length + from + t;
          if (at < symbols.length) result[at] = values[t * count + n]!;
        }
      }
    }
  } finally {
    free(state);
  }
  return result;
}

const ignored = -100;

/** Takes a tensor out of the scope that would free it. */
function kept<Value extends { readonly owner: { release(value: Value): void } | null }>(value: Value): Value {
  value.owner?.release(value);
  return value;
}

function free(state: LSTMState | null): void {
  state?.h.dispose();
  state?.c.dispose();
}
