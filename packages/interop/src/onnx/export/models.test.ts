import { openScope, tensor, type State } from '@timestep/core';
import {
  BahdanauAttention,
  EncoderDecoder,
  GRU,
  IndRNN,
  LanguageModel,
  LSTM,
  LuongAttention,
  ManyToMany,
  ManyToOne,
  OneToMany,
  type Recurrent,
} from '@timestep/layers';
import { describe, expect, it } from 'vitest';
import { backend, drawsOf, expectOutputs, float32, put } from '../../test-support/agreement.ts';
import { expectClose } from '../../test-support/compare.ts';
import { runOnnx, type HostInput, type HostMask } from '../../test-support/onnx-runtime.ts';
import { exportAttention, exportMemory } from './attention.ts';
import { exportEncoderDecoder } from './encoder-decoder.ts';
import { exportOnnx } from './export.ts';
import { exportOnnxGraph } from './graph.ts';
import { exportOneToMany } from './one-to-many.ts';

const { generator, floats: randomFloats, symbols, randomize } = drawsOf(21);
const [T, N, D, H] = [5, 3, 4, 6];
const lengths = [3, 5, 1];
const given = { data: Int32Array.from(lengths), shape: [N] };

describe('the shapes of sequence models as ONNX Runtime runs them', () => {
  const pools = (['last', 'mean', 'max'] as const).flatMap((pool) =>
    [false, true].map((bidirectional) => ({ pool, bidirectional })),
  );
  it.each(pools)('many to one: $pool, both directions $bidirectional', async ({ pool, bidirectional }) => {
    const layer = new GRU({
      backend,
      generator,
      inputSize: D,
      hiddenSize: H,
      bidirectional,
      numLayers: 2,
      residual: true,
    });
    const model = randomize(new ManyToOne({ backend, layer, pool, outputSize: 2 }));
    const x = randomFloats(T, N, D);
    using _scope = openScope(backend, { gradient: false });
    expectClose(
      (await runOnnx(await exportOnnx(model), { x }))['output']!.data,
      await model.forward(put(x)).data(),
      'whole',
      float32,
    );
    for (const counts of [lengths, [0, 5, 2]]) {
      const there = await runOnnx(await exportOnnx(model, { lengths: true }), {
        x,
        lengths: { data: Int32Array.from(counts), shape: [N] },
      });
      expectClose(there['output']!.data, await model.forward(put(x), { lengths: counts }).data(), 'lengths', float32);
    }
  });

  it('many to many, and a language model', async () => {
    const lstm = (inputSize: number) => new LSTM({ backend, generator, inputSize, hiddenSize: H });
    const tagger = randomize(new ManyToMany({ backend, layer: lstm(D), outputSize: 3 }));
    const language = randomize(new LanguageModel({ backend, layer: lstm(D), symbols: 9, dropout: 0.5 }));
    for (const [model, x] of [
      [tagger, randomFloats(T, N, D)],
      [language, symbols(9, T, N)],
    ] as const) {
      const there = await runOnnx(await exportOnnx(model, { lengths: true }), { x, lengths: given });
      using _scope = openScope(backend, { gradient: false });
      const { output, state } = model.forward(put(x), { lengths });
      expectClose(there['output']!.data, await output.data(), 'output', float32);
      expectClose(there['state_c']!.data, await state.c.data(), 'c', float32);
    }
  });
});

describe('one to many as ONNX Runtime runs it', () => {
  const layers: Readonly<Record<string, () => Recurrent<State>>> = {
    'an LSTM of two layers': () => new LSTM({ backend, generator, inputSize: 2, hiddenSize: H, numLayers: 2 }),
    'a projected LSTM, a loop in a loop': () =>
      new LSTM({ backend, generator, inputSize: 2, hiddenSize: H, projectionSize: 3 }),
    'residual IndRNNs': () =>
      new IndRNN({
        backend,
        generator,
        inputSize: 2,
        hiddenSize: H,
        numLayers: 3,
        residual: true,
      }),
  };
  it.each(Object.entries(layers))('%s: from its own outputs, and by teacher forcing', async (_, make) => {
    const model = randomize(new OneToMany({ backend, generator, layer: make(), inputSize: D, outputSize: 2 }));
    const x = randomFloats(N, D);
    for (const steps of [1, 6])
      await expectOutputs(await exportOnnx(model), { x, steps: { data: Int32Array.of(steps), shape: [] } }, () => ({
        output: model.forward(put(x), { steps }),
      }));
    const forced = await exportOnnxGraph((graph) =>
      graph.output(
        'y',
        exportOneToMany(graph, model, graph.input('x', 'f32', ['N', D]), {
          targets: graph.input('targets', 'f32', ['T', 'N', 2]),
        }),
      ),
    );
    for (const steps of [1, T]) {
      const targets = randomFloats(steps, N, 2);
      await expectOutputs(forced, { x, targets }, () => ({ y: model.forward(put(x), { targets: put(targets) }) }));
    }
  });
});

describe('attention as ONNX Runtime runs it', () => {
  const kinds = {
    bahdanau: () => new BahdanauAttention({ backend, generator, querySize: D, valueSize: H, attentionSize: 5 }),
    'luong, general': () => new LuongAttention({ backend, generator, querySize: D, valueSize: H }),
    'luong, dot': () => new LuongAttention({ backend, generator, querySize: H, valueSize: H, score: 'dot' }),
  };
  it.each(Object.entries(kinds))('%s, with lengths and without', async (name, make) => {
    const attention = randomize(make());
    const [queries, outputs] = [randomFloats(2, N, name === 'luong, dot' ? H : D), randomFloats(T, N, H)];
    for (const some of [null, lengths]) {
      const file = await exportOnnxGraph((graph) => {
        const memory = exportMemory(
          graph,
          attention,
          graph.input('outputs', 'f32', ['S', 'N', H]),
          some && graph.input('lengths', 'i32', ['N']),
        );
        const { context, weights } = exportAttention(
          graph,
          attention,
          graph.input('queries', 'f32', ['T', 'N', queries.shape[2]!]),
          memory,
        );
        graph.output('context', context);
        graph.output('weights', weights);
      });
      const there = await runOnnx(file, { queries, outputs, ...(some ? { lengths: given } : {}) });
      using _scope = openScope(backend, { gradient: false });
      const { context, weights } = attention.forward(put(queries), attention.remember(put(outputs), some));
      expectClose(there['context']!.data, await context.data(), 'context', float32);
      expectClose(there['weights']!.data, await weights.data(), 'weights', float32);
    }
  });
});

describe('an encoder–decoder as two files', () => {
  it.each(['bahdanau', 'luong', 'none'] as const)('with %s attention, two steps', async (attention) => {
    const model = randomize(
      new EncoderDecoder({
        backend,
        generator,
        sourceSymbols: 8,
        targetSymbols: 7,
        start: 5,
        end: 6,
        embeddingSize: D,
        hiddenSize: 4,
        numLayers: 2,
        attention,
      }),
    );
    const files = await exportEncoderDecoder(model);
    const tokens = symbols(8, T, N);
    const memory = await runOnnx(files.encoder, { tokens, lengths: given });
    const { mask, h, ...rest } = memory;
    const kept: Record<string, HostInput | HostMask> = {
      ...rest,
      ...(mask ? { mask: { data: Uint8Array.from(mask.data), shape: mask.shape } } : {}),
    };
    using _scope = openScope(backend, { gradient: false });
    let state = model.encode({ tokens: put(tokens), lengths });
    let before: HostInput = h!;
    for (const step of [symbols(7, 1, N), symbols(7, 1, N)]) {
      const there = await runOnnx(files.decoder, { tokens: step, h: before, ...kept });
      const here = model.step(tensor(backend, step.data, { shape: [N] }), state);
      expectClose(there['logits']!.data, await here.logits.data(), 'logits', float32);
      if (here.weights) expectClose(there['weights']!.data, await here.weights.data(), 'weights', float32);
      before = there['h_next']!;
      state = here.state;
    }
    expectClose(before.data, await state.hidden.h.data(), 'h', float32);
    expect(Object.keys(kept).length).toBe(attention === 'none' ? 0 : 3);
  });
});

describe('an encoder–decoder in one file, under teacher forcing', () => {
  it.each(['bahdanau', 'luong', 'none'] as const)('with %s attention, with lengths and without', async (attention) => {
    const model = randomize(
      new EncoderDecoder({
        backend,
        generator,
        sourceSymbols: 8,
        targetSymbols: 7,
        start: 5,
        end: 6,
        embeddingSize: D,
        hiddenSize: 4,
        numLayers: 2,
        attention,
      }),
    );
    for (const [steps, counts] of [
      [4, null],
      [1, lengths],
      [6, [0, 5, 2]],
    ] as const) {
      const [x, targets] = [symbols(8, T, N), symbols(7, steps, N)];
      const feeds = { x, targets, ...(counts ? { lengths: { data: Int32Array.from(counts), shape: [N] } } : {}) };
      await expectOutputs(await exportOnnx(model, { lengths: counts !== null }), feeds, () => {
        const { logits, weights } = model.forward({ tokens: put(x), lengths: counts }, put(targets));
        return { logits, ...(weights ? { weights } : {}) };
      });
    }
  });
});
