import type { CtcLossOp } from './ctc.ts';
import type { AdamStepOp, GlobalNormOp, SgdStepOp } from './optimizer.ts';
import type { CrossEntropyOp, LayerNormOp, LinearOp, SoftmaxOp } from './rows.ts';
import type { LinearScanOp } from './scan.ts';
import type { GruSequenceOp, LstmSequenceOp, RnnSequenceOp } from './sequence.ts';

export * from './ctc.ts';
export * from './op.ts';
export * from './optimizer.ts';
export * from './rows.ts';
export * from './scan.ts';
export * from './sequence.ts';

/** The fused operations a backend may have. `core` has a differentiable fallback for each that is missing. */
export interface FusedOps {
  readonly rnnSequence?: RnnSequenceOp;
  readonly lstmSequence?: LstmSequenceOp;
  readonly gruSequence?: GruSequenceOp;
  readonly linear?: LinearOp;
  readonly softmax?: SoftmaxOp;
  readonly logSoftmax?: SoftmaxOp;
  readonly crossEntropy?: CrossEntropyOp;
  readonly layerNorm?: LayerNormOp;
  readonly ctcLoss?: CtcLossOp;
  readonly linearScan?: LinearScanOp;
  readonly globalNorm?: GlobalNormOp;
  readonly adamStep?: AdamStepOp;
  readonly sgdStep?: SgdStepOp;
}

export type FusedOpName = keyof FusedOps;
