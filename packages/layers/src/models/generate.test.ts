import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, openScope, slice, tensor, type State } from '@timestep/core';
import { describe, expect, it } from 'vitest';
import { LSTM } from '../recurrent/lstm.ts';
import { MinGRU } from '../recurrent/min-gru.ts';
import { checkGradients } from '../test-support/gradients.ts';
import { leakChecked } from '../test-support/leaks.ts';
import { generate, type GenerateOptions, type NextSymbolModel } from './generate.ts';
import { LanguageModel } from './language-model.ts';
import { sampleSymbol } from './sample.ts';

const backend = createReferenceBackend();
const make = () =>
  new LanguageModel({
    backend,
    symbols: 6,
    layer: new LSTM({ backend, inputSize: 4, hiddenSize: 8, numLayers: 2, generator: new Generator(1) }),
    dropout: 0.3,
    generator: new Generator(2),
  });

async function take<S extends State>(
  model: NextSymbolModel<S>,
  options: Omit<GenerateOptions<S>, 'prompt'> & { prompt?: number[] },
): Promise<number[]> {
  const symbols: number[] = [];
  for await (const symbol of generate(model, { prompt: [1, 2], ...options })) symbols.push(symbol);
  return symbols;
}

describe('sampleSymbol', () => {
  const logits = [1, 3, 2, 0, -1];
  const draws = 20_000;

  /** Each share is within five deviations of a binomial around the probability. */
  function expectShares(options: Parameters<typeof sampleSymbol>[2], expected: readonly number[]): void {
    const generator = new Generator(5);
    const counts = new Array<number>(5).fill(0);
    for (let k = 0; k < draws; k++) counts[sampleSymbol(logits, generator, options)]!++;
    counts.forEach((count, symbol) => {
      const p = expected[symbol]!;
      expect(Math.abs(count / draws - p), `${symbol}: ${count / draws}, expected ${p}`).toBeLessThanOrEqual(
        5 * Math.sqrt((p * (1 - p)) / draws),
      );
    });
  }
  const normalized = (weights: number[]): number[] => weights.map((weight) => weight / weights.reduce((a, b) => a + b));

  it('draws by the softmax, after the temperature, of the k likeliest and of the nucleus', () => {
    expectShares({}, normalized(logits.map(Math.exp)));
    expectShares({ temperature: 0.5 }, normalized(logits.map((logit) => Math.exp(2 * logit))));
    expectShares({ topK: 2 }, normalized([0, Math.exp(3), Math.exp(2), 0, 0]));
    // 0.64 + 0.23 < 0.9, so the third belongs to the nucleus and the fourth does not.
    expectShares({ topP: 0.9 }, normalized([Math.E, Math.exp(3), Math.exp(2), 0, 0]));
    expectShares({ topP: 0.9, topK: 2, temperature: 2 }, normalized([0, Math.exp(1.5), Math.exp(1), 0, 0]));
  });

  it('takes the likeliest at temperature 0, the first of equals, whatever else is asked', () => {
    expect(sampleSymbol([0, 2, 2], new Generator(1), { temperature: 0 })).toBe(1);
    expect(sampleSymbol([-Infinity, 7, 700], new Generator(1), { topP: 1e-9 })).toBe(2);
  });
});

describe('generate', () => {
  it('writes one text for one seed, with dropout off, and another for another', () =>
    leakChecked(backend, async () => {
      using model = make();
      const first = await take(model, { length: 20, seed: 3 });
      expect(first).toHaveLength(20);
      expect(await take(model, { length: 20, seed: 3 })).toEqual(first);
      expect(await take(model, { length: 20, seed: 4 })).not.toEqual(first);
      expect(model.training).toBe(true);
    }));

  it('at temperature 0 writes what the whole text predicts at every place', () =>
    leakChecked(backend, async () => {
      using model = make();
      const written = await take(model, { length: 10, temperature: 0 });
      const text = [1, 2, ...written];
      model.eval();
      const { output } = model.forward(tensor(backend, text, { dtype: 'i32', shape: [text.length, 1] }));
      const rows = (await output.array()) as number[][][];
      rows.slice(1, -1).forEach(([row], k) => expect(row!.indexOf(Math.max(...row!))).toBe(written[k]));
    }));

  it('goes on from a state', () =>
    leakChecked(backend, async () => {
      using model = make();
      model.eval();
      const { state } = model.forward(tensor(backend, [3, 1], { dtype: 'i32', shape: [2, 1] }));
      expect(await take(model, { prompt: [2], length: 8, seed: 1, state })).toEqual(
        await take(model, { prompt: [3, 1, 2], length: 8, seed: 1 }),
      );
    }));

  it('stops at a symbol, which it does not write, or where a function says so', () =>
    leakChecked(backend, async () => {
      using model = make();
      const whole = await take(model, { length: 30, seed: 3 });
      const stop = whole[4]!;
      expect(await take(model, { length: 30, seed: 3, stop })).toEqual(whole.slice(0, whole.indexOf(stop)));
      expect(await take(model, { length: 30, seed: 3, stop: [stop, whole[1]!] })).toEqual(
        whole.slice(0, Math.min(whole.indexOf(stop), whole.indexOf(whole[1]!))),
      );
      expect(await take(model, { length: 30, seed: 3, stop: (written) => written.length === 7 })).toEqual(
        whole.slice(0, 7),
      );
      expect(await take(model, { length: 0 })).toEqual([]);
    }));

  it('leaves nothing behind where its reader leaves, scope or none', async () => {
    using model = make();
    const before = backend.memory().buffers;
    for (let round = 0; round < 3; round++) {
      let count = 0;
      for await (const _symbol of generate(model, { prompt: [0], length: 50, seed: 1 })) if (++count === 5) break;
      expect(backend.memory().buffers).toBe(before);
    }
    expect(model.training).toBe(true);
  });

  it('works with any layer, and its model has the gradients of finite differences', () =>
    leakChecked(backend, async () => {
      using model = new LanguageModel({
        backend,
        symbols: 4,
        layer: new MinGRU({ backend, inputSize: 3, hiddenSize: 4, numLayers: 2 }),
      });
      expect(await take(model, { length: 5, topK: 3, topP: 0.9 })).toHaveLength(5);
      const text = tensor(
        backend,
        [
          [0, 1],
          [3, 3],
          [2, 0],
        ],
        { dtype: 'i32' },
      );
      await checkGradients(
        Object.fromEntries(model.namedParameters()),
        () => [slice(model.forward(text).output, 0, 1)],
        4,
      );
    }));

  it('says what is out of range before anything is computed', async () => {
    using _scope = openScope(backend);
    using model = make();
    await expect(take(model, { prompt: [], length: 1 })).rejects.toThrow(
      '[generate] expected a prompt of at least one symbol',
    );
    await expect(take(model, { length: 1, temperature: -1 })).rejects.toThrow(
      '[generate] expected temperature to be a finite number ≥ 0, got -1',
    );
    await expect(take(model, { length: 1, topK: 0 })).rejects.toThrow(
      '[generate] expected topK to be a whole number of at least 1, got 0',
    );
    await expect(take(model, { length: 1, topP: 0 })).rejects.toThrow(
      '[generate] expected topP to be a finite number > 0',
    );
    expect(() => model.forward(tensor(backend, [1], { shape: [1, 1] }))).toThrow(
      '[LanguageModel] expected tokens of dtype i32, got f32',
    );
  });
});
