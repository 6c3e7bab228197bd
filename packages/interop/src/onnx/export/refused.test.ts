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
      'a cell of one’s own',
      () => new Recurrent({ cell: () => new OwnCell(), inputSize: D }),
      /no ONNX form of the recurrent cell OwnCell: .*; give the cell a method onnx\(graph, x, state\)/,
    ],
    [
      'a function of one’s own',
      () =>
        new Sequential(new Linear(linear), function cube(x) {
          return x;
        }),
      /no ONNX form of the function cube; use one of core's/,
    ],
    [
      'an activation of one’s own',
      () => new FullyRecurrent({ ...shared, activation: (x) => add(x, x) }),
      /no ONNX form of the function activation; use one of core's/,
    ],
    [
      'a subclass that computes something else',
      () => new Sequential(new DoubledLinear(linear)),
      /no ONNX form of DoubledLinear; give the module a method onnx/,
    ],
    [
      'what learns while it reads',
      () => new HistoryCompressor({ backend, symbols: 3 }),
      /a HistoryCompressor learns while it reads, and no file does/,
    ],
  ];
  it.each(cases)('%s', async (_, make, message) => {
    await expect(exportOnnx(make())).rejects.toMatchObject({
      code: 'UNSUPPORTED_MODEL',
      message: expect.stringMatching(message) as unknown,
    });
  });

  it('lengths for what reads no sequence, an input of unknown axes, two outputs of one name, no output', async () => {
    await expect(exportOnnx(new GRUCell(shared), { lengths: true })).rejects.toThrow(
      /GRUCell reads no sequence, and takes no lengths/,
    );
    await expect(exportOnnx(new Dropout({ rate: 0.5 }))).rejects.toThrow(/cannot be told from its layers; pass input/);
    // What a caller without types can write: the file would have no lengths.
    await expect(exportOnnx(new Dropout({ rate: 0.5 }), { length: true } as object)).rejects.toThrow(
      /unknown option length; did you mean lengths\? expected \{ input, lengths, name \}/,
    );
    await expect(exportOnnxGraph((graph) => [1, 2].forEach(() => graph.input('x', 'f32', ['N'])))).rejects.toThrow(
      /expected a name of its own for a value, got 'x'/,
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
      /no ONNX form of Tagger; give the module a method onnx[^]*exportLayer\(graph, this.tags, exportLayer\(graph, this.encoder, x, input\).output\)/,
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
