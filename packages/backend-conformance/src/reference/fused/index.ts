import type { FusedOps } from '@timestep/backend-api';
import type { Heap } from '../heap.ts';
import { crossEntropy } from './cross-entropy.ts';
import { ctcLoss } from './ctc.ts';
import { gruSequence } from './gru.ts';
import { layerNorm } from './layer-norm.ts';
import { linear } from './linear.ts';
import { linearScan } from './linear-scan.ts';
import { lstmSequence } from './lstm.ts';
import { adamStep, globalNorm, sgdStep } from './optimizer.ts';
import { rnnSequence } from './rnn.ts';
import { logSoftmax, softmax } from './softmax.ts';

/** Every fused operation of the contract, over one heap. */
export function fusedOps(heap: Heap): Required<FusedOps> {
  return {
    rnnSequence: rnnSequence(heap),
    lstmSequence: lstmSequence(heap),
    gruSequence: gruSequence(heap),
    linear: linear(heap),
    softmax: softmax(heap),
    logSoftmax: logSoftmax(heap),
    crossEntropy: crossEntropy(heap),
    layerNorm: layerNorm(heap),
    ctcLoss: ctcLoss(heap),
    linearScan: linearScan(heap),
    globalNorm: globalNorm(heap),
    adamStep: adamStep(heap),
    sgdStep: sgdStep(heap),
  };
}
