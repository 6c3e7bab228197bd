import type { DeviceBuffer } from '../memory.ts';
import type { FusedOp, MaybeBuffer } from './op.ts';

/**
 * Connectionist temporal classification (Graves et al. 2006) of logits `[T, N, C]`; the operation applies log-softmax
 * itself. A sequence that cannot be aligned has loss +∞, or 0 with `zeroInfinity`, and gradient 0 in both cases. Frames
 * at and past a sequence's input length get gradient 0.
 */
export interface CtcSpec {
  /** T */
  readonly steps: number;
  /** N */
  readonly batch: number;
  /** C, the blank included */
  readonly classes: number;
  readonly blank: number;
  /** `[N·maxTargetLength]`, row n holds the labels of sequence n, padded with anything; on the host. */
  readonly targets: Int32Array;
  readonly maxTargetLength: number;
  /** `[N]`, each 0…T */
  readonly inputLengths: Int32Array;
  /** `[N]`, each 0…maxTargetLength */
  readonly targetLengths: Int32Array;
  readonly zeroInfinity: boolean;
  readonly needsSaved: boolean;
}

/** CTC as a fused operation; see {@link CtcSpec} for what it computes. */
export type CtcLossOp = FusedOp<
  CtcSpec,
  { readonly logits: DeviceBuffer },
  /** `[N]`: −ln p(target) of each sequence */
  { readonly losses: DeviceBuffer },
  { readonly losses: DeviceBuffer },
  { readonly logits: MaybeBuffer }
>;
