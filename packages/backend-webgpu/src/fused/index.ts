import type { FusedOps } from '@timestep/backend-api';
import type { Runtime } from '../device/runtime.ts';
import { crossEntropyOp } from './cross-entropy.ts';
import { ctcLossOp } from './ctc-loss.ts';
import { globalNormOp } from './global-norm.ts';
import { layerNormOp } from './layer-norm.ts';
import { linearOp } from './linear.ts';
import { linearScanOp } from './linear-scan.ts';
import { adamStepOp, sgdStepOp } from './optimizer-step.ts';
import { gruSequenceOp } from './sequence/gru.ts';
import { lstmSequenceOp } from './sequence/lstm.ts';
import { rnnSequenceOp } from './sequence/rnn.ts';
import { softmaxOp } from './softmax.ts';

/** Every fused operation this backend has. */
export function fusedOps(runtime: Runtime): FusedOps {
  return {
    rnnSequence: rnnSequenceOp(runtime),
    lstmSequence: lstmSequenceOp(runtime),
    gruSequence: gruSequenceOp(runtime),
    linear: linearOp(runtime),
    softmax: softmaxOp(runtime, false),
    logSoftmax: softmaxOp(runtime, true),
    crossEntropy: crossEntropyOp(runtime),
    ctcLoss: ctcLossOp(runtime),
    linearScan: linearScanOp(runtime),
    layerNorm: layerNormOp(runtime),
    globalNorm: globalNormOp(runtime),
    adamStep: adamStepOp(runtime),
    sgdStep: sgdStepOp(runtime),
  };
}
