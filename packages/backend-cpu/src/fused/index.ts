import type { FusedOps } from '@timestep/backend-api';
import type { Engine } from '../engine/engine.ts';
import { createCrossEntropy } from './cross-entropy.ts';
import { createCtcLoss } from './ctc-loss.ts';
import { createGruSequence } from './gru-sequence.ts';
import { createLayerNorm } from './layer-norm.ts';
import { createLinear } from './linear.ts';
import { createLinearScan } from './linear-scan.ts';
import { createLstmSequence } from './lstm-sequence.ts';
import { createAdamStep, createGlobalNorm, createSgdStep } from './optimizer.ts';
import { createRnnSequence } from './rnn-sequence.ts';
import { createLogSoftmax, createSoftmax } from './softmax.ts';

/** The fused operations of this backend, one line each: `name: createName(engine)`. */
export function createFusedOps(engine: Engine): Required<FusedOps> {
  return {
    rnnSequence: createRnnSequence(engine),
    lstmSequence: createLstmSequence(engine),
    gruSequence: createGruSequence(engine),
    linear: createLinear(engine),
    softmax: createSoftmax(engine),
    logSoftmax: createLogSoftmax(engine),
    crossEntropy: createCrossEntropy(engine),
    layerNorm: createLayerNorm(engine),
    ctcLoss: createCtcLoss(engine),
    linearScan: createLinearScan(engine),
    globalNorm: createGlobalNorm(engine),
    adamStep: createAdamStep(engine),
    sgdStep: createSgdStep(engine),
  };
}
