import type { FusedMode } from '../context.ts';
import { linear } from '../ops/linear.ts';
import type { Tensor } from '../tensor.ts';
import { gruSequence } from './gru-sequence.ts';
import { lstmSequence } from './lstm-sequence.ts';
import { rnnSequence } from './rnn-sequence.ts';
import type { StreamPart } from './stream-part.ts';

/** The states of a layer, h and for an LSTM c, each `[1, …]`; none for a linear layer. */
export type StreamState = readonly Tensor[];

/** One step of a layer by its ordinary operation: x `[1, 1, D]`; null means a state of zeros. */
export function stepLayer(
  part: StreamPart,
  x: Tensor,
  state: StreamState | null,
  fused: FusedMode,
): { output: Tensor; state: StreamState } {
  if (part.kind === 'linear') return { output: linear(x, part.weight, part.bias ?? null, { fused }), state: [] };
  const [h0 = null, c0 = null] = state ?? [];
  if (part.kind === 'lstm') {
    const { kind: _, ...weights } = part;
    const { output, hN, cN } = lstmSequence({ ...weights, x, h0, c0, fused });
    return { output, state: [hN, cN] };
  }
  const { output, hN } = part.kind === 'rnn' ? rnnStep(part, x, h0, fused) : gruStep(part, x, h0, fused);
  return { output, state: [hN] };
}

function rnnStep(
  { kind: _, ...part }: Extract<StreamPart, { kind: 'rnn' }>,
  x: Tensor,
  h0: Tensor | null,
  fused: FusedMode,
) {
  return rnnSequence({ ...part, x, h0, fused });
}

function gruStep(
  { kind: _, ...part }: Extract<StreamPart, { kind: 'gru' }>,
  x: Tensor,
  h0: Tensor | null,
  fused: FusedMode,
) {
  return gruSequence({ ...part, x, h0, fused });
}
