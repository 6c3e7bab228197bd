import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, tensor } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { beamDecode } from './models/beam-decode.ts';
import { EncoderDecoder } from './models/encoder-decoder.ts';
import { generate } from './models/generate.ts';
import { greedyDecode } from './models/greedy-decode.ts';
import { LanguageModel } from './models/language-model.ts';
import { inEvalMode } from './modes.ts';
import type { Module } from './module.ts';
import { LSTM } from './recurrent/lstm.ts';

const backend = createReferenceBackend();
const generator = new Generator(1);
const makeText = () =>
  new LanguageModel({
    backend,
    symbols: 6,
    layer: new LSTM({ backend, inputSize: 4, hiddenSize: 5, numLayers: 2, dropout: 0.5, generator }),
    dropout: 0.5,
    generator,
  });
const makeTranslator = () =>
  new EncoderDecoder({
    backend,
    sourceSymbols: 6,
    targetSymbols: 5,
    start: 3,
    end: 4,
    embeddingSize: 3,
    hiddenSize: 4,
    attention: 'luong',
    generator,
  });
const source = () => ({ tokens: tensor(backend, [[1], [2], [5]], { dtype: 'i32' }), lengths: [3] });
const modesOf = (model: Module) => model.modules().map(({ training }) => training);

/** Every second part is off, as no single switch could leave it. */
function mix(model: Module): boolean[] {
  model.modules().forEach((part, index) => (part.training = index % 2 === 0));
  return modesOf(model);
}

describe('each part keeps its own mode', () => {
  it('in generate, between its symbols too', async () => {
    using model = makeText();
    const before = mix(model);
    let symbols = 0;
    for await (const _ of generate(model, { prompt: [1], length: 3, seed: 1 })) {
      symbols++;
      expect(modesOf(model)).toEqual(before);
    }
    expect(symbols).toBe(3);
    expect(modesOf(model)).toEqual(before);
  });

  it('in greedyDecode and beamDecode, also where they overlap or fail', async () => {
    using model = makeTranslator();
    const before = mix(model);
    const decode = () => [
      greedyDecode(model, source(), { maxLength: 4 }),
      beamDecode(model, source(), { maxLength: 3, beamWidth: 2 }),
      greedyDecode(model, source(), { maxLength: 2 }),
    ];
    await Promise.all(decode());
    expect(modesOf(model)).toEqual(before);
    model.step = () => {
      throw new Error('out of order');
    };
    for (const failed of await Promise.allSettled(decode())) expect(failed.status).toBe('rejected');
    expect(modesOf(model)).toEqual(before);
  });

  it('in inEvalMode, with a promise or without', async () => {
    using model = makeText();
    const before = mix(model);
    expect(inEvalMode(model, () => modesOf(model))).toEqual(before.map(() => false));
    const waiting = inEvalMode(model, async () => {
      await Promise.resolve();
      return modesOf(model);
    });
    expect(await waiting).toEqual(before.map(() => false));
    await expect(inEvalMode(model, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(modesOf(model)).toEqual(before);
  });
});
