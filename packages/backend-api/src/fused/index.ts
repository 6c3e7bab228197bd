import type { CtcLossOp } from './ctc.ts';
import type { AdamStepOp, GlobalNormOp, SgdStepOp } from './optimizer.ts';
import type { CrossEntropyOp, LayerNormOp, LinearOp, SoftmaxOp } from './rows.ts';
import type { LinearScanOp } from './scan.ts';
import type { GruSequenceOp, LstmSequenceOp, RnnSequenceOp } from './sequence.ts';

export type { CtcLossOp, CtcSpec } from './ctc.ts';
export type { FusedOp, MaybeBuffer, Saved, Support, Wanted } from './op.ts';
export type {
  AdamSettings,
  AdamSlot,
  AdamStepOp,
  GlobalNormOp,
  OptimizerOp,
  ParameterSlot,
  SgdSettings,
  SgdSlot,
  SgdStepOp,
} from './optimizer.ts';
export type {
  CrossEntropyOp,
  CrossEntropySpec,
  LayerNormOp,
  LayerNormSpec,
  LinearInputGradients,
  LinearInputs,
  LinearOp,
  LinearSpec,
  SoftmaxOp,
  SoftmaxSpec,
} from './rows.ts';
export type { LinearScanInputGradients, LinearScanInputs, LinearScanOp, LinearScanSpec } from './scan.ts';
export type {
  GruSequenceOp,
  GruSpec,
  GruVariant,
  LstmInputGradients,
  LstmInputs,
  LstmOutputGradients,
  LstmOutputs,
  LstmSequenceOp,
  LstmSpec,
  LstmVariant,
  RnnSequenceOp,
  RnnSpec,
  RnnVariant,
  SequenceInputGradients,
  SequenceInputs,
  SequenceOutputGradients,
  SequenceOutputs,
  SequenceSpec,
} from './sequence.ts';

/** The fused operations that a backend may have. `core` has a differentiable fallback for each one. */
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

/** The name of a fused operation. */
export type FusedOpName = keyof FusedOps;
