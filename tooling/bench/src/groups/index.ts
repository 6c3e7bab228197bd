import { recurrentCase, type Case } from '../case.ts';
import { value } from '../values.ts';

export interface Group {
  /** One line, printed above its table. */
  readonly title: string;
  readonly cases: readonly Case[];
}

/** I, H, N, T */
const table = [
  [64, 64, 1, 50],
  [32, 128, 32, 100],
  [256, 256, 32, 100],
  [512, 512, 64, 64],
  [1024, 1024, 64, 32],
] as const;

const cells = ['lstm', 'gru', 'rnn'] as const;

function rnn(): Case[] {
  const cases: Case[] = [];
  for (const cell of cells) {
    for (const [inputSize, hiddenSize, batch, steps] of table) {
      for (const training of [false, true]) {
        cases.push(
          recurrentCase({
            cell,
            inputSize,
            hiddenSize,
            batch,
            steps,
            layers: 1,
            bidirectional: false,
            lengths: null,
            training,
          }),
        );
      }
    }
  }
  for (const training of [false, true]) {
    const sizes = {
      cell: 'lstm',
      inputSize: 128,
      hiddenSize: 128,
      batch: 32,
      steps: 100,
      layers: 2,
      bidirectional: true,
      lengths: null,
      training,
    } as const;
    cases.push(recurrentCase(sizes, 'lstm 128, 128, 32, 100, 2 layers bidirectional'));
  }
  // Over this many steps the gradient vanishes, for many libraries by way of denormal numbers.
  for (const cell of ['lstm', 'gru'] as const) {
    const sizes = {
      cell,
      inputSize: 64,
      hiddenSize: 128,
      batch: 32,
      steps: 500,
      layers: 1,
      bidirectional: false,
      lengths: null,
      training: true,
      lossOnLastStep: true,
    };
    cases.push(recurrentCase(sizes, `${cell} 64, 128, 32, 500, loss on the last step`));
  }
  return cases;
}

function varlen(): Case[] {
  const steps = 250;
  // Uniform in T/4…T, one sequence at full length so that the padded batch has T steps.
  const lengths = Array.from({ length: 32 }, (_, n) =>
    n === 0 ? steps : Math.round(steps * (0.25 + 0.75 * (value(n, 5) + 0.5))),
  );
  return cells.flatMap((cell) =>
    [false, true].map((training) =>
      recurrentCase(
        { cell, inputSize: 40, hiddenSize: 128, batch: 32, steps, layers: 2, bidirectional: true, lengths, training },
        `${cell} 40, 128, 32, 250, 2 layers bidirectional`,
      ),
    ),
  );
}

function matmul(): Case[] {
  const sizes = [
    [256, 256, 256],
    [512, 512, 512],
    [1024, 1024, 1024],
    [3200, 1024, 256],
    [128, 512, 512],
    [1, 512, 512],
  ] as const;
  return sizes.map(([m, n, k]) => ({ kind: 'matmul', name: `${m}×${k}·${k}×${n}`, m, n, k, flops: 2 * m * n * k }));
}

function ctc(): Case[] {
  const sizes = [
    [100, 16, 32, 20],
    [200, 32, 64, 30],
    [500, 32, 128, 60],
    [1000, 16, 5000, 100],
  ] as const;
  return sizes.map(([steps, batch, classes, targetLength]) => ({
    kind: 'ctc',
    name: `T ${steps}, N ${batch}, C ${classes}, L ${targetLength}`,
    steps,
    batch,
    classes,
    targetLength,
    flops: 0,
  }));
}

function characterModel(): Case[] {
  const sizes = { vocabulary: 65, embedding: 64, hiddenSize: 256, batch: 32, steps: 64 };
  const { vocabulary, embedding, hiddenSize, batch, steps } = sizes;
  const flops = 3 * 2 * steps * batch * (4 * hiddenSize * (embedding + hiddenSize) + hiddenSize * vocabulary);
  return [
    {
      kind: 'character-model',
      name: 'vocabulary 65, embedding 64, LSTM 256, N 32, T 64, Adam, clipping',
      ...sizes,
      flops,
    },
  ];
}

function step(): Case[] {
  return cells.flatMap((cell) =>
    [64, 128, 256, 512, 1024].map((hiddenSize): Case => ({
      kind: 'step',
      name: `${cell} H ${hiddenSize}`,
      cell,
      hiddenSize,
      flops: 2 * { lstm: 4, gru: 3, rnn: 1 }[cell] * hiddenSize * 2 * hiddenSize,
    })),
  );
}

/** Time and memory have to grow with T and with N, and not faster. */
function scale(): Case[] {
  const fixed = {
    cell: 'lstm',
    inputSize: 64,
    hiddenSize: 128,
    layers: 1,
    bidirectional: false,
    lengths: null,
    training: true,
  } as const;
  return [
    ...[100, 1000, 10_000].map((steps) => recurrentCase({ ...fixed, batch: 8, steps }, `T ${steps}, N 8`)),
    ...[1, 8, 64, 512].map((batch) => recurrentCase({ ...fixed, batch, steps: 50 }, `T 50, N ${batch}`)),
  ];
}

export const groups: Readonly<Record<string, () => Group>> = {
  rnn: () => ({
    title:
      'Recurrent layers (I, H, N, T); training is forward and backward with every gradient, including that of the input',
    cases: rnn(),
  }),
  varlen: () => ({ title: 'Sequences of T/4…T steps, against packed sequences', cases: varlen() }),
  step: () => ({ title: 'One step of one sequence, I = H, without gradient', cases: step() }),
  charlm: () => ({ title: 'A character model, a whole training step', cases: characterModel() }),
  scale: () => ({ title: 'LSTM 64, 128 in training, from few steps and sequences to many', cases: scale() }),
  matmul: () => ({ title: 'Matrix products', cases: matmul() }),
  ctc: () => ({ title: 'CTC loss, forward and backward', cases: ctc() }),
};
