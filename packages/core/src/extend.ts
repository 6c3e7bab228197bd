/**
 * For packages that add layers, operations or exporters: recording on the tape, choosing fused operations, checking
 * shapes and lengths, and one optimizer step.
 *
 * @packageDocumentation
 */
export {
  Node,
  type BackwardFunction,
  type BackwardPass,
  type Edge,
  type NodeParts,
  type OutputGradients,
  type Saveable,
} from './autograd/node.ts';
export { needsGradient, produce, record, wrap, type Recording } from './autograd/record.ts';
export { checkBackend } from './check-backend.ts';
export { chooseFused, fusedRules } from './fused/choose.ts';
export {
  checkNumber,
  checkOperation,
  checkTensor,
  dtypeRule,
  expectDType,
  isTensor,
  sameBackend,
  tensorRule,
} from './ops/check.ts';
export { sumTo } from './ops/reduce.ts';
export { runUnary } from './ops/run-unary.ts';
export { powerOf } from './ops/power-of.ts';
export { checkLengths } from './lengths.ts';
export { hidePadding } from './ops/hide-padding.ts';
export { lstmGates, type LstmGateParameters } from './sequence/lstm-step.ts';
export { sequenceRules, checkSequence, type SequenceSizes } from './sequence/sequence.ts';
export {
  maxElements,
  broadcastShapes,
  broadcastStrides,
  checkShape,
  contiguousStrides,
  normalizeAxes,
  normalizeAxis,
  sameShape,
  show,
  sizeOf,
} from './shape.ts';
export { TensorStorage } from './storage.ts';
export { unowned, type Ownable } from './unowned.ts';
export { adamStep, type AdamStepSlot, type AdamSettings } from './optimizer/adam-step.ts';
export { globalNorm } from './optimizer/global-norm.ts';
export { sgdStep, type SgdStepSlot, type SgdSettings } from './optimizer/sgd-step.ts';
export { generatorRule } from './random/generator.ts';
export { gruVariantRules } from './sequence/gru-sequence.ts';
export { rnnVariantRules } from './sequence/rnn-sequence.ts';
export { scanRules } from './sequence/scan.ts';
