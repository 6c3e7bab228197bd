import { add, type Tensor } from '@timestep/core';
import {
  Cell,
  Dropout,
  FullyRecurrent,
  GRUCell,
  HistoryCompressor,
  Linear,
  LSTM,
  Module,
  Recurrent,
  Sequential,
} from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import { backend, drawsOf } from '../../test-support/agreement.ts';
import { exportEncoderDecoder } from './encoder-decoder.ts';
import { exportOnnx } from './export.ts';
import { exportOnnxGraph } from './graph.ts';

const { generator } = drawsOf(11);
const [D, H] = [4, 5];
const shared = { backend, generator, inputSize: D, hiddenSize: H };

describe('what cannot be exported is named, with what to do about it', () => {
  class OwnCell extends Cell<{ h: Tensor }> {
    readonly inputSize = D;
    readonly outputSize = D;
    readonly stateShapes = { h: [D] };
    step(x: Tensor, { h }: { h: Tensor }) {
      return { output: x, state: { h } };
    }
  }
  class DoubledLinear extends Linear {
    override forward(x: Tensor): Tensor {
      return add(super.forward(x), super.forward(x));
    }
  }
  const linear = { backend, inputSize: D, outputSize: 2 };
  const cases: [string, () => Module, RegExp][] = [
    [
      'your own cell',
      () => new Recurrent({ cell: () => new OwnCell(), inputSize: D }),
      /the cell OwnCell cannot be exported.*; give the cell a method onnx\(graph, x, state\)/,
    ],
    [
      'your own function',
      () =>
        new Sequential(new Linear(linear), function cube(x) {
          return x;
        }),
      /the function cube cannot be exported; use a function of core/,
    ],
    [
      'your own activation',
      () => new FullyRecurrent({ ...shared, activation: (x) => add(x, x) }),
      /the function activation cannot be exported; use a function of core/,
    ],
    [
      'a subclass that computes something else',
      () => new Sequential(new DoubledLinear(linear)),
      /your subclass of Linear cannot be exported; give the module a method onnx/,
    ],
    [
      'a model that learns while it reads',
      () => new HistoryCompressor({ backend, symbols: 3 }),
      /a HistoryCompressor learns while it reads, which an ONNX file cannot/,
    ],
  ];
  it.each(cases)('%s', async (_, make, message) => {
    await expect(exportOnnx(make())).rejects.toMatchObject({
      code: 'UNSUPPORTED_MODEL',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('lengths for a model that does not read sequences, an input of unknown axes, two outputs of one name, no output', async () => {
    await expect(exportOnnx(new GRUCell(shared), { lengths: true })).rejects.toThrow(
      /GRUCell does not read sequences, so it has no lengths/,
    );
    await expect(exportOnnx(new Dropout({ rate: 0.5 }))).rejects.toThrow(/does not follow from its layers; pass input/);
    // What a caller without types can write: the file would have no lengths.
    await expect(exportOnnx(new Dropout({ rate: 0.5 }), { length: true } as object)).rejects.toThrow(
      /unknown option length; did you mean lengths\? expected \{ input, lengths, name \}/,
    );
    await expect(exportOnnxGraph((graph) => [1, 2].forEach(() => graph.input('x', 'f32', ['N'])))).rejects.toThrow(
      /expected a unique name for a value, got 'x'/,
    );
    await expect(exportOnnxGraph((graph) => void graph.input('x', 'f32', ['N']))).rejects.toThrow(
      /the graph has no output/,
    );
  });

  it('your own module, with the lines that export it', async () => {
    class Tagger extends Module {
      encoder = new LSTM(shared);
      tags = new Linear({ ...linear, inputSize: H });
    }
    await expect(exportOnnx(new Tagger())).rejects.toThrow(
      /Tagger cannot be exported; give the module a method onnx[^]*exportLayer\(graph, this.tags, exportLayer\(graph, this.encoder, x, input\).output\)/,
    );
  });

  it('arguments of another type', async () => {
    const model = new Linear(linear);
    const wrong: readonly (() => Promise<unknown>)[] = [
      () => exportOnnx(5 as never),
      () => exportOnnx(model, 5 as never),
      () => exportOnnx(model, { lengths: 'true' as never }),
      () => exportOnnx(model, { name: 5 as never }),
      () => exportOnnx(model, { input: 'x' as never }),
      () => exportOnnx(model, { input: { shapes: [3] } as never }),
      () => exportOnnx(model, { input: { dtype: 'float32' as never } }),
      () => exportOnnx(model, { input: { shape: [2.5] } }),
      () => exportOnnxGraph(5 as never),
      () => exportOnnxGraph(() => undefined, 5 as never),
      () => exportEncoderDecoder(model as never),
    ];
    for (const [n, call] of wrong.entries())
      await expect(call(), `call ${n}`).rejects.toMatchObject({ name: 'ArgumentError' });
  });
});
