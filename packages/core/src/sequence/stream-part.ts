import type { GruVariant, RnnVariant } from '@timestep/backend-api';
import type { Tensor } from '../tensor.ts';

/** The weights of a recurrent layer, as in {@link SequenceArguments}. */
export interface StreamPartWeights {
  readonly weightIh: Tensor;
  readonly weightHh: Tensor;
  readonly biasIh?: Tensor | null;
  readonly biasHh?: Tensor | null;
}

/** One layer of a stream. */
export type StreamPart =
  | (StreamPartWeights & { readonly kind: 'rnn'; readonly variant?: Partial<RnnVariant> })
  | (StreamPartWeights & { readonly kind: 'gru'; readonly variant?: Partial<GruVariant> })
  | (StreamPartWeights & {
      readonly kind: 'lstm';
      readonly weightHr?: Tensor | null;
      readonly peephole?: Tensor | null;
      readonly coupledGates?: boolean;
    })
  | { readonly kind: 'linear'; readonly weight: Tensor; readonly bias?: Tensor | null };
