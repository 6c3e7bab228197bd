import type { MaybeBuffer } from '@timestep/backend-api';
import type { Engine } from '@timestep/backend-cpu/extend';
import { biasRowsOf, gatesOf } from '../dnnl/recurrent.ts';
import type { RecurrentKind } from '../dnnl/functions.ts';
import type { Scratch } from './native.ts';

/**
 * The library's LSTM has our gates in our order; its GRU has z before r, and a fourth bias, that of n's recurrent product.
 * Rows of the library's bias: for each the gate whose b_ih and whose b_hh it sums.
 */
const gruBias = { ih: [1, 0, 2, null], hh: [1, 0, null, 2] } as const;

/** The offset of the weight with its gates in the library's order: the weight itself, or a copy for the GRU. */
export function weightInOrder(engine: Engine, scratch: Scratch, kind: RecurrentKind, weight: number, hiddenSize: number, columns: number): number {
  if (kind !== 'gru') return weight;
  const copy = scratch(12 * hiddenSize * columns);
  swapGates(engine, weight, copy, hiddenSize * columns);
  return copy;
}

/** [r, z, n] to [z, r, n] or back; `block` floats are a gate's. */
export function swapGates(engine: Engine, from: number, to: number, block: number): void {
  const [source, target] = [from / 4, to / 4];
  engine.f32.copyWithin(target, source + block, source + 2 * block);
  engine.f32.copyWithin(target + block, source, source + block);
  engine.f32.copyWithin(target + 2 * block, source + 2 * block, source + 3 * block);
}

/** The offset of the library's bias: b_ih + b_hh by gate. */
export function packBias(engine: Engine, scratch: Scratch, kind: RecurrentKind, biasIh: MaybeBuffer, biasHh: MaybeBuffer, hiddenSize: number): number {
  const rows = biasRowsOf(kind);
  const target = scratch(4 * rows * hiddenSize);
  const { f32 } = engine;
  const to = target / 4;
  f32.fill(0, to, to + rows * hiddenSize);
  const straight = Array.from({ length: gatesOf(kind) }, (_, gate) => gate);
  for (const side of ['ih', 'hh'] as const) {
    const bias = side === 'ih' ? biasIh : biasHh;
    if (bias === null) continue;
    const from = engine.address(bias) / 4;
    const gates: readonly (number | null)[] = kind === 'gru' ? gruBias[side] : straight;
    gates.forEach((gate, row) => {
      if (gate === null) return;
      // A few hundred numbers: a kernel's call costs as much as the loop.
      for (let unit = 0; unit < hiddenSize; unit++) f32[to + row * hiddenSize + unit]! += f32[from + gate * hiddenSize + unit]!;
    });
  }
  return target;
}

/** Copies the rows of the library's bias gradient to b_ih's or b_hh's. */
export function unpackBias(engine: Engine, kind: RecurrentKind, side: 'ih' | 'hh', packed: number, bias: MaybeBuffer, hiddenSize: number): void {
  if (bias === null) return;
  const { f32 } = engine;
  const to = engine.address(bias) / 4;
  const from = packed / 4;
  if (kind !== 'gru') {
    f32.copyWithin(to, from, from + gatesOf(kind) * hiddenSize);
    return;
  }
  gruBias[side].forEach((gate, row) => {
    if (gate !== null) f32.copyWithin(to + gate * hiddenSize, from + row * hiddenSize, from + (row + 1) * hiddenSize);
  });
}
