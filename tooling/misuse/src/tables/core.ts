import { backend } from './backend.ts';
import * as main from '@timestep/core';
import * as extend from '@timestep/core/extend';
import type { GeneratorState, StreamPart, Tensor } from '@timestep/core';
import type { Entry } from '../mutations.ts';
import { bound, entry, reasons } from './entry.ts';

/** The exports for users, and those for packages that build on core. */
export const core = { ...main, ...extend };
const generator = new core.Generator(1);
const { zeros, tensor } = core;

const matrix = (): Tensor => zeros(backend, [2, 3]);
const square = (): Tensor => zeros(backend, [3, 3]);
const bits = (): Tensor => tensor(backend, new Uint32Array(6), { shape: [2, 3] });
const index = (): Tensor => tensor(backend, new Int32Array(6), { shape: [2, 3] });
const row = (): Tensor => zeros(backend, [3]);
const fused = 'off';
const numberToo = { '1': ['number'] };
const h = (): Tensor => zeros(backend, [2, 4]);

const binary = (['add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum'] as const).map((name) =>
  entry(name, core[name], () => [matrix(), matrix()], { also: { '1': ['number', 'NaN'] } }),
);
const comparisons = (['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual'] as const).map((name) =>
  entry(name, core[name], () => [matrix(), matrix()], { also: numberToo }),
);
const logical = (['and', 'or', 'xor'] as const).map((name) =>
  entry(name, core[name], () => [bits(), bits()], { also: numberToo }),
);
const unary = (
  [
    'absolute',
    'ceil',
    'clone',
    'cos',
    'exp',
    'expm1',
    'floor',
    'isFinite',
    'log',
    'log1p',
    'negative',
    'reciprocal',
    'relu',
    'rsqrt',
    'sigmoid',
    'sign',
    'sin',
    'softplus',
    'sqrt',
    'square',
    'tanh',
  ] as const
).map((name) => entry(name, core[name], () => [matrix()]));
const reductions = (['sum', 'mean', 'max', 'min'] as const).map((name) =>
  entry(name, core[name], () => [matrix(), [0], { keepAxes: true }], { also: numberToo }),
);
const initializers = (
  ['constant', 'normal', 'xavierUniform', 'xavierNormal', 'kaimingUniform', 'kaimingNormal', 'orthogonal'] as const
).flatMap((name) => [
  entry(name, core[name], () => [1]),
  entry(`${name}.initializer`, core[name](1), () => [[2, 3], generator], {
    also: { '1': name === 'constant' ? ['any'] : [] },
  }),
]);

const scope = core.createScope(backend);
const leaf = matrix();
const grown = () => {
  const x = matrix();
  x.requiresGrad = true;
  return core.sum(x);
};

const tensors: readonly Entry[] = [
  entry('tensor', tensor, () => [backend, [1, 2], { shape: [2], dtype: 'f32', requiresGrad: false }], {
    also: numberToo,
  }),
  entry('full', core.full, () => [backend, [2], 1, { dtype: 'f32', requiresGrad: false }], { also: { '2': ['NaN'] } }),
  entry('zeros', zeros, () => [backend, [2], { dtype: 'f32', requiresGrad: false }]),
  entry('ones', core.ones, () => [backend, [2], { dtype: 'f32', requiresGrad: false }]),
  entry('arange', core.arange, () => [backend, 0, 3, 1, { dtype: 'f32' }]),
  entry('cast', core.cast, () => [matrix(), 'i32']),
  entry('Tensor.assign', bound(leaf, 'assign'), () => [[1, 2, 3, 4, 5, 6]], { also: { '0': ['Tensor'] } }),
  entry('Tensor.to', bound(leaf, 'to'), () => [backend]),
  entry(
    'Tensor.backward',
    (...args: [Tensor, object]) => grown().backward(...args),
    () => [core.full(backend, [], 1), { retainGraph: false }],
  ),
  entry('select', core.select, () => [bits(), matrix(), matrix()], { also: { '1': ['number'], '2': ['number'] } }),
  entry('logicalNot', core.logicalNot, () => [bits()]),
  entry('powerOf', core.powerOf, () => [matrix(), 2], { also: { '1': ['NaN'] } }),
  entry('clamp', core.clamp, () => [matrix(), 0, 1], { also: { '1': ['NaN'], '2': ['NaN'] } }),
  entry('affine', core.affine, () => [matrix(), 2, 1], { also: { '1': ['NaN'], '2': ['NaN'] } }),
  entry('argmax', core.argmax, () => [matrix(), 1]),
  entry('sumTo', core.sumTo, () => [matrix(), [3]]),
  entry('matmul', core.matmul, () => [matrix(), square(), { transposeA: false, transposeB: true }]),
  entry('reshape', core.reshape, () => [matrix(), [3, 2]]),
  entry('transpose', core.transpose, () => [matrix(), [1, 0]]),
  entry('expand', core.expand, () => [row(), [2, 3]]),
  entry('slice', core.slice, () => [matrix(), 0, 0, 1]),
  entry('flip', core.flip, () => [matrix(), 0]),
  entry('concat', core.concat, () => [[matrix(), matrix()], 0]),
  entry('stack', core.stack, () => [[matrix(), matrix()], 0]),
  entry('unstack', core.unstack, () => [matrix(), 0]),
  entry('gather', core.gather, () => [matrix(), index(), 1]),
  entry('gatherRows', core.gatherRows, () => [matrix(), index()]),
  entry('softmax', core.softmax, () => [matrix(), 1, { fused }]),
  entry('logSoftmax', core.logSoftmax, () => [matrix(), 1, { fused }]),
  entry('linear', core.linear, () => [matrix(), square(), row(), { fused }], { nullable: [2] }),
  entry('layerNorm', core.layerNorm, () => [matrix(), row(), row(), { epsilon: 1e-5, fused }], { nullable: [1, 2] }),
  entry('dropout', core.dropout, () => [matrix(), 0.5, generator, { maskShape: [2, 1] }]),
  entry('crossEntropyRows', core.crossEntropyRows, () => [
    matrix(),
    tensor(backend, new Int32Array(2)),
    { labelSmoothing: 0.1, ignoreIndex: -1, fused },
  ]),
  entry(
    'ctcLoss',
    core.ctcLoss,
    () => [zeros(backend, [3, 1, 3]), { targets: [[1]], inputLengths: [3], blank: 0, zeroInfinity: true, fused }],
    { nullable: ['inputLengths'] },
  ),
];

const weights = (gates: number) => ({ weightHh: zeros(backend, [4 * gates, 4]), biasHh: zeros(backend, [4 * gates]) });
const sequence = (gates: number) => ({
  x: zeros(backend, [3, 2, 3]),
  weightIh: zeros(backend, [4 * gates, 3]),
  biasIh: zeros(backend, [4 * gates]),
  ...weights(gates),
  h0: h(),
  lengths: [3, 2],
  reverse: false,
  fused,
});
const sequenceNullable = ['biasIh', 'biasHh', 'h0', 'lengths', 'c0', 'weightHr', 'peephole'];
const projected = (gates: number): Tensor => zeros(backend, [2, 4 * gates]);
const lstmVariant = { peepholes: true, coupledGates: false, projectionSize: 0 };
const stepNullable = { nullable: ['biasHh', 'weightHr', 'peephole'] };
const identity = (x: Tensor, state: object): object => ({ output: x, state });
const slot = () => ({ parameter: row(), gradient: row() });
const adam = {
  learningRate: 0.1,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0,
  decoupled: false,
  step: 1,
};
const sgd = { learningRate: 0.1, momentum: 0.9, dampening: 0, nesterov: false, weightDecay: 0, first: true };
const stream = core.openStream(backend, [{ kind: 'linear', weight: square() }]);

const sequences: readonly Entry[] = [
  entry('rnnSequence', core.rnnSequence, () => [{ ...sequence(1), variant: { activation: 'tanh' } }], {
    nullable: sequenceNullable,
  }),
  entry('gruSequence', core.gruSequence, () => [{ ...sequence(3), variant: { reset: 'after' } }], {
    nullable: sequenceNullable,
  }),
  entry(
    'lstmSequence',
    core.lstmSequence,
    () => [
      {
        ...sequence(4),
        c0: h(),
        weightHr: zeros(backend, [4, 4]),
        peephole: zeros(backend, [3, 4]),
        coupledGates: false,
      },
    ],
    { nullable: sequenceNullable },
  ),
  entry('rnnStep', core.rnnStep, () => [projected(1), { h: h() }, { ...weights(1), variant: { activation: 'tanh' } }], {
    ...stepNullable,
    open: [1, 2],
  }),
  entry('gruStep', core.gruStep, () => [projected(3), { h: h() }, { ...weights(3), variant: { reset: 'after' } }], {
    ...stepNullable,
    open: [1, 2],
  }),
  entry(
    'lstmStep',
    core.lstmStep,
    () => [
      projected(4),
      { h: h(), c: h() },
      { ...weights(4), weightHr: zeros(backend, [4, 4]), peephole: zeros(backend, [3, 4]), variant: lstmVariant },
    ],
    { ...stepNullable, open: [1, 2] },
  ),
  entry(
    'lstmGates',
    core.lstmGates,
    () => [
      projected(4),
      h(),
      {
        weightHr: zeros(backend, [4, 4]),
        peephole: zeros(backend, [3, 4]),
        variant: { coupledGates: false },
        readCell: (cell: Tensor) => cell,
      },
    ],
    { ...stepNullable, open: [2] },
  ),
  entry('linearScan', core.linearScan, () => [matrix(), matrix(), { initial: row(), reverse: true, fused }], {
    nullable: ['initial'],
  }),
  entry(
    'scan',
    core.scan,
    () => [identity, zeros(backend, [3, 2, 3]), { h: h() }, { lengths: [3, 2], reverse: false }],
    {
      nullable: ['lengths'],
      open: [2],
    },
  ),
  entry('hidePadding', core.hidePadding, () => [zeros(backend, [3, 2, 3]), [3, 2]], { nullable: [1] }),
  entry(
    'checkLengths',
    (lengths: number[]) => core.checkLengths('test', lengths, 3, 2),
    () => [[3, 2]],
    { nullable: [0] },
  ),
  entry('openStream', core.openStream, () => [backend, [{ kind: 'linear', weight: square(), bias: null }], { fused }]),
  entry(
    'openStream.part',
    (part: StreamPart) => core.openStream(backend, [part]),
    () => [
      {
        kind: 'gru',
        weightIh: zeros(backend, [12, 3]),
        biasIh: zeros(backend, [12]),
        ...weights(3),
        variant: { reset: 'after' },
      },
    ],
    { nullable: ['biasIh', 'biasHh'] },
  ),
  entry('openStream.step', bound(stream, 'step'), () => [new Float32Array(3), new Float32Array(3)]),
  entry(
    'adamStep',
    core.adamStep,
    () => [[{ ...slot(), firstMoment: row(), secondMoment: row() }], adam, tensor(backend, [1]), { fused }],
    { nullable: [2] },
  ),
  entry(
    'adamStep.slot',
    (one: extend.AdamStepSlot) => core.adamStep([one], adam),
    () => [{ ...slot(), firstMoment: row(), secondMoment: row() }],
    { open: [0] },
  ),
  entry('sgdStep', core.sgdStep, () => [[{ ...slot(), velocity: row() }], sgd, tensor(backend, [1]), { fused }], {
    nullable: [2],
  }),
  entry(
    'sgdStep.slot',
    (one: extend.SgdStepSlot) => core.sgdStep([one], sgd),
    () => [{ ...slot(), velocity: row() }],
    {
      open: [0],
      nullable: ['velocity'],
    },
  ),
  entry('globalNorm', core.globalNorm, () => [[row(), row()], 1, { fused }]),
];

const context: readonly Entry[] = [
  entry(
    'openScope',
    (...args: Parameters<typeof core.openScope>) => core.openScope(...args).close(),
    () => [backend, { gradient: true, fused, training: false }],
  ),
  entry(
    'createScope',
    (...args: Parameters<typeof core.createScope>) => core.createScope(...args).close(),
    () => [backend, { gradient: true, fused, training: false }],
  ),
  entry('inScope', core.inScope, () => [backend, { gradient: true, fused, training: false }, () => 1]),
  entry('tidy', core.tidy, () => [backend, () => matrix()]),
  entry('noGrad', core.noGrad, () => [backend, () => 1]),
  entry('withFused', core.withFused, () => [backend, 'off', () => 1]),
  entry('Scope.run', bound(scope, 'run'), () => [() => 1]),
  entry('Scope.keep', bound(scope, 'keep'), () => [matrix()]),
  entry('isTraining', core.isTraining, () => []),
  entry('fusedReport', core.fusedReport, () => [backend]),
  entry('reportLeaks', core.reportLeaks, () => [undefined], { also: { '0': ['function'] } }),
  entry('recompute', core.recompute, () => [
    ([x]: readonly Tensor[]) => [core.exp(x!)],
    [matrix()],
    { parameters: [row()], generators: [generator] },
  ]),
  entry(
    'checkBackend',
    (given: main.Backend) => core.checkBackend('test', given),
    () => [backend],
  ),
];

const random: readonly Entry[] = [
  entry(
    'Generator',
    (seed: number) => new core.Generator(seed),
    () => [1],
  ),
  entry(
    'Generator.state',
    (state: GeneratorState) => (new core.Generator(1).state = state),
    () => [{ ...generator.state }],
    { nullable: ['spare'], also: { spare: ['number'] } },
  ),
  entry('Generator.fork', bound(generator, 'fork'), () => ['label']),
  entry('Generator.uniform', bound(generator, 'uniform'), () => [0, 1]),
  entry('Generator.normal', bound(generator, 'normal'), () => [0, 1]),
  entry('Generator.integer', bound(generator, 'integer'), () => [3]),
  entry('Generator.permutation', bound(generator, 'permutation'), () => [3]),
  entry('Generator.bits', bound(generator, 'bits'), () => [backend, [3]]),
  entry('Generator.fillUniform', bound(generator, 'fillUniform'), () => [new Float32Array(3), 0, 1]),
  entry('Generator.fillNormal', bound(generator, 'fillNormal'), () => [new Float32Array(3), 0, 1]),
  entry('uniform', core.uniform, () => [0, 1]),
  entry('uniform.initializer', core.uniform(0, 1), () => [[2, 3], generator]),
  ...initializers,
];

const shapes: readonly Entry[] = [
  entry('sizeOf', core.sizeOf, () => [[2, 3]]),
  entry(
    'checkShape',
    (shape: number[]) => core.checkShape('test', shape),
    () => [[2, 3]],
  ),
];

export const coreTable: readonly Entry[] = [
  ...tensors,
  ...binary,
  ...comparisons,
  ...logical,
  ...unary,
  ...reductions,
  ...sequences,
  ...context,
  ...random,
  ...shapes,
];

const ofOperations = 'for those who write operations, where types are checked by the compiler';
const ofErrors = 'an error class: every message is fine';
const ofContract = 'of @timestep/backend-api, and in its table';

export const coreWithout: Readonly<Record<string, string>> = {
  ...reasons(ofContract, 'checkOptions', 'checkValue', 'describe', 'nearestName', 'toBytes'),
  ...reasons(
    ofErrors,
    'ArgumentError',
    'DeviceError',
    'DisposedError',
    'DTypeError',
    'OutOfMemoryError',
    'ShapeError',
    'TimestepError',
    'UnsupportedError',
  ),
  ...reasons(
    ofOperations,
    'Node',
    'TensorStorage',
    'broadcastShapes',
    'broadcastStrides',
    'checkNumber',
    'checkOperation',
    'checkSequence',
    'checkTensor',
    'chooseFused',
    'contiguousStrides',
    'dtypeRule',
    'expectDType',
    'generatorRule',
    'isTensor',
    'needsGradient',
    'normalizeAxes',
    'normalizeAxis',
    'produce',
    'record',
    'runUnary',
    'sameBackend',
    'sameShape',
    'show',
    'tensorRule',
    'unowned',
    'wrap',
  ),
};
