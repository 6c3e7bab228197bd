import type {
  CtcSpec,
  CrossEntropySpec,
  LayerNormSpec,
  LinearScanSpec,
  LinearSpec,
  LstmVariant,
  SequenceSpec,
  SoftmaxSpec,
} from '@timestep/backend-api';
import {
  crossEntropyRows,
  ctcLoss,
  gruSequence,
  layerNorm,
  linear,
  linearScan,
  logSoftmax,
  lstmSequence,
  rnnSequence,
  softmax,
  type GruSequenceArguments,
  type LstmSequenceArguments,
  type RnnSequenceArguments,
  type Shape,
  type Tensor,
} from '@timestep/core';
import type { DifferentiableOpName } from '../../fused-case.ts';
import { gateCounts, type SequenceOpName } from '../fused/sequence-case.ts';

type Tensors = Readonly<Record<string, Tensor | null>>;

/** How a case of a fused operation is put as a call of `core`. */
export interface CoreCall {
  /** The shape of every input and output, by name. */
  shapes(spec: object): Readonly<Record<string, Shape>>;
  run(spec: object, inputs: Tensors): Readonly<Record<string, Tensor>>;
}

/** The spec's kind belongs to the operation's name, which the cases keep to. */
function call<Spec>(
  shapes: (spec: Spec) => Readonly<Record<string, Shape>>,
  run: (spec: Spec, inputs: Tensors) => Readonly<Record<string, Tensor>>,
): CoreCall {
  return { shapes: (spec) => shapes(spec as Spec), run: (spec, inputs) => run(spec as Spec, inputs) };
}

function sequenceShapes(
  op: SequenceOpName,
  { steps: T, batch: N, inputSize: D, hiddenSize: H, variant }: SequenceSpec<unknown>,
): Readonly<Record<string, Shape>> {
  const P = (op === 'lstmSequence' && (variant as LstmVariant).projectionSize) || H;
  const rows = gateCounts[op] * H;
  return {
    x: [T, N, D],
    weightIh: [rows, D],
    weightHh: [rows, P],
    biasIh: [rows],
    biasHh: [rows],
    h0: [N, P],
    c0: [N, H],
    weightHr: [P, H],
    peephole: [3, H],
    output: [T, N, P],
    hN: [N, P],
    cN: [N, H],
  };
}

function sequence(op: SequenceOpName): CoreCall {
  return call<SequenceSpec<unknown>>(
    (spec) => sequenceShapes(op, spec),
    ({ lengths, reverse, variant }, inputs) => {
      const given = { ...inputs, lengths, reverse };
      if (op === 'rnnSequence') return { ...rnnSequence({ ...given, variant } as RnnSequenceArguments) };
      if (op === 'gruSequence') return { ...gruSequence({ ...given, variant } as GruSequenceArguments) };
      return {
        ...lstmSequence({ ...given, coupledGates: (variant as LstmVariant).coupledGates } as LstmSequenceArguments),
      };
    },
  );
}

function softmaxShapes({ rows, classes }: SoftmaxSpec): Readonly<Record<string, Shape>> {
  return { x: [rows, classes], y: [rows, classes] };
}

/** Each operation that has a fused form, called as a user of `core` calls it. */
export const coreCalls: Readonly<Record<DifferentiableOpName, CoreCall>> = {
  rnnSequence: sequence('rnnSequence'),
  lstmSequence: sequence('lstmSequence'),
  gruSequence: sequence('gruSequence'),
  linear: call<LinearSpec>(
    ({ rows, inputSize, outputSize }) => ({
      x: [rows, inputSize],
      weight: [outputSize, inputSize],
      bias: [outputSize],
      y: [rows, outputSize],
    }),
    (_, { x, weight, bias }) => ({ y: linear(x!, weight!, bias) }),
  ),
  softmax: call(softmaxShapes, (_, { x }) => ({ y: softmax(x!) })),
  logSoftmax: call(softmaxShapes, (_, { x }) => ({ y: logSoftmax(x!) })),
  crossEntropy: call<CrossEntropySpec>(
    ({ rows, classes }) => ({ logits: [rows, classes], targets: [rows], losses: [rows] }),
    ({ labelSmoothing, ignoreIndex }, { logits, targets }) => ({
      losses: crossEntropyRows(logits!, targets!, { labelSmoothing, ignoreIndex }),
    }),
  ),
  layerNorm: call<LayerNormSpec>(
    ({ rows, columns }) => ({ x: [rows, columns], weight: [columns], bias: [columns], y: [rows, columns] }),
    ({ epsilon }, { x, weight, bias }) => ({ y: layerNorm(x!, weight!, bias!, { epsilon }) }),
  ),
  linearScan: call<LinearScanSpec>(
    ({ steps, width }) => ({ a: [steps, width], b: [steps, width], initial: [width], h: [steps, width] }),
    ({ reverse }, { a, b, initial }) => ({ h: linearScan(a!, b!, { initial, reverse }) }),
  ),
  ctcLoss: call<CtcSpec>(
    ({ steps, batch, classes }) => ({ logits: [steps, batch, classes], losses: [batch] }),
    ({ targets, targetLengths, maxTargetLength, inputLengths, blank, zeroInfinity }, { logits }) => {
      const rows = Array.from(targetLengths, (length, n) =>
        targets.subarray(n * maxTargetLength, n * maxTargetLength + length),
      );
      return { losses: ctcLoss(logits!, { targets: rows, inputLengths, blank, zeroInfinity }) };
    },
  ),
};
