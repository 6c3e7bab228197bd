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
export { recompute, type RecomputeOptions } from './autograd/recompute.ts';
export { isTraining, noGrad, withFused, type FusedMode, type Modes, type Owner } from './context.ts';
export { arange, full, ones, tensor, zeros, type FilledTensorOptions, type TensorOptions } from './create.ts';
export { fusedReport, type FusedOption } from './fused/choose.ts';
export { add, divide, maximum, minimum, multiply, power, select, subtract, type Operand } from './ops/binary.ts';
export { cast, clone } from './ops/cast.ts';
export { and, equal, greater, greaterEqual, less, lessEqual, notEqual, or, xor } from './ops/compare.ts';
export { crossEntropyRows, type CrossEntropyOptions } from './ops/cross-entropy.ts';
export { ctcLoss, type CtcLossOptions } from './ops/ctc-loss.ts';
export { dropout, type DropoutArguments } from './ops/dropout.ts';
export { gather, gatherRows } from './ops/gather.ts';
export { concat, stack, unstack } from './ops/join.ts';
export { layerNorm, type LayerNormArguments } from './ops/layer-norm.ts';
export { linear } from './ops/linear.ts';
export { matmul, type MatmulOptions } from './ops/matmul.ts';
export { argmax, max, mean, min, sum, type ReduceOptions } from './ops/reduce.ts';
export { expand, flip, reshape, slice, transpose } from './ops/shape.ts';
export { logSoftmax, softmax } from './ops/softmax.ts';
export { affine } from './ops/affine.ts';
export { clamp } from './ops/clamp.ts';
export {
  absolute,
  ceil,
  cos,
  exp,
  expm1,
  floor,
  isFinite,
  log,
  log1p,
  logicalNot,
  negative,
  reciprocal,
  relu,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from './ops/unary.ts';
export { Generator, type GeneratorState } from './random/generator.ts';
export {
  constant,
  kaimingNormal,
  kaimingUniform,
  normal,
  orthogonal,
  uniform,
  xavierNormal,
  xavierUniform,
  type Initializer,
} from './random/initializers.ts';
export { createScope, inScope, openScope, Scope, tidy, type ScopeOptions } from './scope.ts';
export { gruSequence, type GruSequenceArguments } from './sequence/gru-sequence.ts';
export { gruStep, type GruStepParameters } from './sequence/gru-step.ts';
export { linearScan, type LinearScanOptions } from './sequence/linear-scan.ts';
export { lstmSequence, type LstmSequenceArguments } from './sequence/lstm-sequence.ts';
export { lstmStep, type LstmStepParameters } from './sequence/lstm-step.ts';
export { rnnSequence, type RnnSequenceArguments } from './sequence/rnn-sequence.ts';
export { rnnStep, type RnnStepParameters } from './sequence/rnn-step.ts';
export { scan, type ScanOptions, type State, type Step } from './sequence/scan.ts';
export { type SequenceArguments } from './sequence/sequence.ts';
export { openStream, type OpenStream } from './sequence/stream.ts';
export type { StreamPart, StreamPartWeights } from './sequence/stream-part.ts';
export { type Shape } from './shape.ts';
export { reportLeaks, Tensor, type NestedArray } from './tensor.ts';
