// The contract's types and errors, so that packages above this one need no other import.
export {
  ArgumentError,
  checkOptions,
  checkValue,
  describe,
  DeviceError,
  DisposedError,
  DTypeError,
  is,
  nearestName,
  OutOfMemoryError,
  ShapeError,
  TimestepError,
  toBytes,
  UnsupportedError,
  type Backend,
  type Bytes,
  type Capabilities,
  type DeviceBuffer,
  type DType,
  type ErrorCode,
  type FusedOpName,
  type HostArray,
  type HostData,
  type MemoryCounters,
  type NumberRange,
  type OptionRules,
  type Rule,
} from '@timestep/backend-api';
export * from './autograd/node.ts';
export * from './autograd/recompute.ts';
export * from './autograd/record.ts';
export { isTraining, noGrad, withFused, type FusedMode, type Modes, type Owner } from './context.ts';
export { checkBackend } from './check-backend.ts';
export * from './create.ts';
export * from './fused/choose.ts';
export * from './ops/binary.ts';
export * from './ops/cast.ts';
export * from './ops/check.ts';
export * from './ops/compare.ts';
export * from './ops/cross-entropy.ts';
export * from './ops/ctc-loss.ts';
export * from './ops/dropout.ts';
export * from './ops/gather.ts';
export * from './ops/join.ts';
export * from './ops/layer-norm.ts';
export * from './ops/linear.ts';
export * from './ops/matmul.ts';
export { argmax, max, mean, min, sum, sumTo, type ReduceOptions } from './ops/reduce.ts';
export * from './ops/shape.ts';
export * from './ops/softmax.ts';
export * from './ops/unary.ts';
export * from './random/generator.ts';
export * from './random/initializers.ts';
export { createScope, inScope, openScope, Scope, tidy, type ScopeOptions } from './scope.ts';
export * from './sequence/gru-sequence.ts';
export * from './sequence/gru-step.ts';
export * from './sequence/lengths.ts';
export { hidePadding } from './sequence/padding.ts';
export * from './sequence/linear-scan.ts';
export * from './sequence/lstm-sequence.ts';
export * from './sequence/lstm-step.ts';
export * from './sequence/rnn-sequence.ts';
export * from './sequence/rnn-step.ts';
export * from './sequence/scan.ts';
export * from './sequence/sequence.ts';
export * from './sequence/stream.ts';
export * from './shape.ts';
export * from './storage.ts';
export * from './tensor.ts';
export * from './optimizer/adam-step.ts';
export * from './optimizer/global-norm.ts';
export * from './optimizer/sgd-step.ts';
