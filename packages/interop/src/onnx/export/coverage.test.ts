import { readFileSync } from 'node:fs';
import type { Tensor } from '@timestep/core';
import * as layers from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import { backend, drawsOf, expectOutputs, named, put } from '../../test-support/agreement.ts';
import type { HostInput } from '../../test-support/onnx-runtime.ts';
import { exportOnnx } from './export.ts';

const { generator, floats, symbols, randomize } = drawsOf(41);
const [T, N, D, H] = [5, 3, 4, 6];
const shared = { backend, generator, inputSize: D, hiddenSize: H };
const counts: HostInput = { data: Int32Array.of(5, 0, 3), shape: [N] };

interface Trial {
  readonly model: layers.Module;
  readonly feeds: Readonly<Record<string, HostInput>>;
  readonly here: () => Record<string, Tensor>;
}

/** A model of sequences, with lengths. */
function sequence<Model extends layers.Module & { forward(x: Tensor, options: object): Parameters<typeof named>[0] }>(
  model: Model,
  x = floats(T, N, D),
): Trial {
  randomize(model);
  return { model, feeds: { x, lengths: counts }, here: () => named(model.forward(put(x), { lengths: counts.data })) };
}

/** One step of a cell from a state that is not zero. */
function step<State extends Readonly<Record<string, Tensor>>>(
  cell: layers.Cell<State>,
  x = floats(N, cell.inputSize),
): Trial {
  const parts = Object.entries<readonly number[]>(cell.stateShapes).map(
    ([name, shape]) => [name, floats(N, ...shape)] as const,
  );
  randomize(cell);
  return {
    model: cell,
    feeds: { x, ...Object.fromEntries(parts) },
    here: () =>
      named(
        cell.forward(put(x), Object.fromEntries(parts.map(([name, part]) => [name, put(part)])) as unknown as State),
      ),
  };
}

function attention(model: layers.Attention): Trial {
  const [x, memory] = [floats(2, N, D), floats(T, N, H)];
  randomize(model);
  return {
    model,
    feeds: { x, memory, lengths: counts },
    here: () => ({ ...model.forward(put(x), model.remember(put(memory), counts.data)) }),
  };
}

function without(model: layers.Module, x: HostInput, run: (x: Tensor) => Tensor): Trial {
  randomize(model);
  return { model, feeds: { x }, here: () => ({ output: run(put(x)) }) };
}

const gru = () => new layers.GRU(shared);
const image = { backend, generator, inputChannels: 2, hiddenChannels: 3, imageSize: [3, 2] as const };

/** How each class of layers is tried; one that is added there must come to stand here or below. */
const exportable: Readonly<Record<string, () => Trial>> = {
  BahdanauAttention: () =>
    attention(new layers.BahdanauAttention({ backend, generator, querySize: D, valueSize: H, attentionSize: 5 })),
  ContinuousHopfield: () => {
    const model = new layers.ContinuousHopfield({
      backend,
      generator,
      numPatterns: 7,
      patternSize: D,
      steps: 2,
      beta: 1.5,
    });
    return without(model, floats(N, D), (x) => model.forward(x));
  },
  Conv1d: () =>
    sequence(new layers.Conv1d({ backend, generator, inputSize: D, outputSize: 3, kernelSize: 3, padding: 'same' })),
  ConvLSTM: () => sequence(new layers.ConvLSTM(image), floats(T, N, 2, 3, 2)),
  ConvLSTMCell: () => step(new layers.ConvLSTMCell({ ...image, peepholes: true })),
  Dropout: () => {
    const model = new layers.Sequential(
      new layers.Linear({ backend, generator, inputSize: D, outputSize: D }),
      new layers.Dropout({ rate: 0.5 }),
    );
    return without(model, floats(T, N, D), (x) => model.forward(x));
  },
  Embedding: () => {
    const model = new layers.Embedding({ backend, generator, numEmbeddings: 9, embeddingSize: D });
    return without(model, symbols(9, T, N), (x) => model.forward(x));
  },
  EncoderDecoder: () => {
    const model = new layers.EncoderDecoder({
      backend,
      generator,
      sourceSymbols: 8,
      targetSymbols: 7,
      start: 5,
      end: 6,
      embeddingSize: D,
      hiddenSize: H,
    });
    const [x, targets] = [symbols(8, T, N), symbols(7, 4, N)];
    randomize(model);
    return {
      model,
      feeds: { x, targets, lengths: counts },
      here: () => {
        const { logits, weights } = model.forward({ tokens: put(x), lengths: counts.data }, put(targets));
        return { logits, weights: weights! };
      },
    };
  },
  FiniteImpulse: () => {
    const model = new layers.FiniteImpulse({ ...shared, taps: 3 });
    const x = floats(T, N, D);
    randomize(model);
    const here = () => {
      const { output, state } = model.forward(put(x), { lengths: counts.data });
      return { output, state_taps_l0: state[0]!.taps };
    };
    return { model, feeds: { x, lengths: counts }, here };
  },
  FiniteImpulseCell: () => step(new layers.FiniteImpulseCell({ ...shared, taps: 3 })),
  FullyRecurrent: () => sequence(new layers.FullyRecurrent(shared)),
  FullyRecurrentCell: () => step(new layers.FullyRecurrentCell({ ...shared, outputSize: 2 })),
  GRU: () => sequence(gru()),
  GRUCell: () => step(new layers.GRUCell({ ...shared, reset: 'before' })),
  IndRNN: () => sequence(new layers.IndRNN(shared)),
  IndRNNCell: () => step(new layers.IndRNNCell(shared)),
  Jordan: () => sequence(new layers.Jordan({ ...shared, outputSize: 2 })),
  JordanCell: () => step(new layers.JordanCell({ ...shared, outputSize: 2 })),
  LanguageModel: () =>
    sequence(new layers.LanguageModel({ backend, generator, layer: gru(), symbols: 9 }), symbols(9, T, N)),
  LayerNorm: () => {
    const model = new layers.LayerNorm({ backend, size: D });
    return without(model, floats(T, N, D), (x) => model.forward(x));
  },
  Linear: () => {
    const model = new layers.Linear({ backend, generator, inputSize: D, outputSize: 3 });
    return without(model, floats(T, N, D), (x) => model.forward(x));
  },
  LSTM: () => sequence(new layers.LSTM(shared)),
  LSTMCell: () => step(new layers.LSTMCell({ ...shared, projectionSize: 2, layerNorm: true })),
  LuongAttention: () => attention(new layers.LuongAttention({ backend, generator, querySize: D, valueSize: H })),
  ManyToMany: () => sequence(new layers.ManyToMany({ backend, generator, layer: gru(), outputSize: 2 })),
  ManyToOne: () => sequence(new layers.ManyToOne({ backend, generator, layer: gru(), outputSize: 2 })),
  MGU: () => sequence(new layers.MGU(shared)),
  MGUCell: () => step(new layers.MGUCell(shared)),
  MinGRU: () => sequence(new layers.MinGRU(shared)),
  MinGRUCell: () => step(new layers.MinGRUCell(shared)),
  MinLSTM: () => sequence(new layers.MinLSTM(shared)),
  MinLSTMCell: () => step(new layers.MinLSTMCell(shared)),
  OneToMany: () => {
    const model = new layers.OneToMany({
      backend,
      generator,
      layer: new layers.GRU({ ...shared, inputSize: 2 }),
      inputSize: D,
      outputSize: 2,
    });
    const x = floats(N, D);
    randomize(model);
    return {
      model,
      feeds: { x, steps: { data: Int32Array.of(4), shape: [] } },
      here: () => ({ output: model.forward(put(x), { steps: 4 }) }),
    };
  },
  OneToOne: () => {
    const model = new layers.OneToOne({ ...shared, outputSize: 2 });
    return without(model, floats(N, D), (x) => model.forward(x));
  },
  Recurrent: () =>
    sequence(
      new layers.Recurrent({
        inputSize: D,
        bidirectional: true,
        cell: (inputSize) => new layers.MGUCell({ ...shared, inputSize }),
      }),
    ),
  RNN: () => sequence(new layers.RNN(shared)),
  RNNCell: () => step(new layers.RNNCell({ ...shared, activation: 'relu' })),
  Sequential: () =>
    sequence(new layers.Sequential(gru(), new layers.Linear({ backend, generator, inputSize: H, outputSize: 2 }))),
};

/** Classes that cannot be exported, and why. */
const refused: Readonly<Record<string, string>> = {
  AdaptiveSoftmax: 'computes by host targets',
  AvgPool1d: 'no form yet',
  AvgPool2d: 'no form yet',
  BatchNorm: 'no form yet',
  Conv2d: 'no form yet',
  CRF: 'decodes on the host',
  GlobalAvgPool1d: 'no form yet',
  GlobalAvgPool2d: 'no form yet',
  GlobalMaxPool1d: 'no form yet',
  GlobalMaxPool2d: 'no form yet',
  MaxPool1d: 'no form yet',
  MaxPool2d: 'no form yet',
  MultiHeadAttention: 'no form yet',
  Attention: 'abstract',
  Cell: 'abstract',
  GatedCell: 'abstract',
  Module: 'abstract',
  ProjectedCell: 'abstract',
  ScanCell: 'abstract',
  FeatureStream: 'a stream of another model; export the model',
  HistoryCompressor: 'learns while it reads',
  HopfieldNetwork: 'bits on the host, with a random order',
  Parameter: 'a tensor',
};

const classes = Object.entries(layers).flatMap(([name, value]) =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value)) ? [name] : [],
);

describe('every class of @timestep/layers as an ONNX file', () => {
  it('is tried here, or said not to be exportable', () => {
    expect(classes.length).toBeGreaterThan(40);
    expect([...Object.keys(exportable), ...Object.keys(refused)].sort()).toEqual(classes.sort());
  });

  it('is in the table of the README', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    const table = readme.slice(readme.indexOf('## Layers and models as ONNX'), readme.indexOf('## Damaged files'));
    const rows = table.split('\n').filter((line) => line.startsWith('| `'));
    const namesIn = (row: string) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    const isRefusal = (row: string) => row.split('|')[2]!.trim() === '–';
    expect(
      rows
        .filter((row) => !isRefusal(row))
        .flatMap(namesIn)
        .sort(),
    ).toEqual(Object.keys(exportable).sort());
    const abstract = (name: string) => refused[name] === 'abstract' || name === 'Parameter';
    expect(rows.filter(isRefusal).flatMap(namesIn).sort()).toEqual(
      Object.keys(refused)
        .filter((name) => !abstract(name))
        .sort(),
    );
  });

  it.each(Object.entries(exportable))('%s: ONNX Runtime answers as we do', async (_, make) => {
    const { model, feeds, here } = make();
    await expectOutputs(await exportOnnx(model, { lengths: 'lengths' in feeds }), feeds, here);
  });
});
