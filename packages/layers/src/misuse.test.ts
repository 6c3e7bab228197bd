import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import {
  add,
  ArgumentError,
  DTypeError,
  Generator,
  scan,
  ShapeError,
  square,
  sum,
  tensor,
  zeros,
  type Backend,
  type Tensor,
} from '@timestep/core';
import { describe, expect, it } from 'vitest';
import {
  Cell,
  Conv1d,
  EncoderDecoder,
  FiniteImpulse,
  generate,
  GRU,
  LanguageModel,
  Linear,
  ManyToOne,
  Recurrent,
  RNN,
  sampleSymbol,
  Sequential,
} from './index.ts';

const backend = createReferenceBackend();
const sizes = { backend, inputSize: 3, hiddenSize: 4 };
const x = zeros(backend, [5, 2, 3]);

/** What a caller without types can write. */
const loose = <Value>(value: unknown): Value => value as Value;

describe('a name that is no option of a call', () => {
  const misspelt = loose<{ lengths: number[] }>({ length: [1, 2] });

  it('is refused instead of counting the padding', () => {
    const message = /unknown option length; did you mean lengths\? expected \{ lengths/;
    expect(() => new GRU(sizes).forward(x, misspelt)).toThrow(message);
    expect(() => new Sequential(new GRU(sizes)).forward(x, misspelt)).toThrow(message);
    expect(() => new ManyToOne({ backend, layer: new GRU(sizes), outputSize: 2 }).forward(x, misspelt)).toThrow(
      message,
    );
    expect(() => new Conv1d({ backend, inputSize: 3, outputSize: 2, kernelSize: 3 }).forward(x, misspelt)).toThrow(
      message,
    );
    expect(() => new FiniteImpulse({ ...sizes, taps: 2 }).forward(x, misspelt)).toThrow(message);
  });

  it('includes the lengths themselves', () => {
    expect(() => new GRU(sizes).forward(x, loose([1, 2]))).toThrow(ArgumentError);
  });
});

describe('a word that is none of the choices', () => {
  it.each<readonly [string, () => unknown]>([
    ['pool', () => new ManyToOne({ backend, layer: new GRU(sizes), outputSize: 2, pool: loose('median') })],
    [
      'attention',
      () =>
        new EncoderDecoder({
          backend,
          sourceSymbols: 3,
          targetSymbols: 4,
          start: 2,
          end: 3,
          embeddingSize: 2,
          hiddenSize: 2,
          attention: loose('badanau'),
        }),
    ],
    ['reset', () => new GRU({ ...sizes, reset: loose('befor') })],
    ['activation', () => new RNN({ ...sizes, activation: loose('gelu') })],
    ['fused', () => new GRU({ ...sizes, fused: loose('never') }).forward(x)],
  ])('%s', (name, make) => {
    expect(make).toThrow(new RegExp(`expected ${name} to be one of`));
    expect(make).toThrow(ArgumentError);
  });
});

describe('what is handed in', () => {
  it('is a backend, and no promise of one', () => {
    expect(() => new GRU({ ...sizes, backend: loose(undefined) })).toThrow(
      /expected backend to be a backend, .*, got undefined/,
    );
    expect(() => new GRU({ ...sizes, backend: loose<Backend>(Promise.resolve(backend)) })).toThrow(
      /got a promise \(await it first\)/,
    );
    expect(() => tensor(loose<Backend>(Promise.resolve(backend)), [1])).toThrow(ArgumentError);
    expect(() => zeros(loose<Backend>(null), [1])).toThrow(/got null/);
  });

  it('is a tensor', () => {
    expect(() => new GRU(sizes).forward(loose(undefined))).toThrow(/expected x to be a tensor, got undefined/);
    expect(() => new Linear({ backend, inputSize: 3, outputSize: 2 }).forward(loose([[1, 2, 3]]))).toThrow(
      /got an array of 1; make one with tensor\(backend, …\)/,
    );
    expect(() => new GRU(sizes).forward(loose(null))).toThrow(DTypeError);
  });
});

it('says of an output that is read after backward() where it went', async () => {
  const layer = new GRU(sizes);
  const { output } = layer.forward(x);
  sum(output).backward();
  await expect(output.data()).rejects.toThrow(/without an open scope, backward\(\) disposes what it passes through/);
});

describe('a step of one’s own', () => {
  class Leak extends Cell<{ h: Tensor }> {
    readonly inputSize = 3;
    readonly outputSize = 3;
    readonly stateShapes = { h: [3] };
    readonly answer: (next: Tensor) => unknown;

    constructor(answer: (next: Tensor) => unknown) {
      super();
      this.answer = answer;
    }

    step(input: Tensor, { h }: { h: Tensor }) {
      return loose<{ output: Tensor; state: { h: Tensor } }>(this.answer(add(input, h)));
    }
  }

  it.each<readonly [string, (next: Tensor) => unknown, RegExp]>([
    ['that returns a tensor', (next) => next, /return \{ output, state \}/],
    ['without a state', (next) => ({ output: next, state: {} }), /to have h, as the initial one, got nothing/],
    [
      'with an output for the whole batch',
      (next) => ({ output: sum(next), state: { h: next } }),
      /output of shape \[2, \.\.\.\]/,
    ],
    [
      'whose state grows',
      (next) => ({ output: next, state: { h: sum(next, 0) } }),
      /state\.h of shape \[2, 3\].*got \[3\]/,
    ],
  ])('%s is named', (_, answer, message) => {
    const layer = new Recurrent({ cell: () => new Leak(answer), inputSize: 3 });
    for (const options of [{}, { lengths: [5, 2] }]) {
      expect(() => layer.forward(x, options)).toThrow(message);
      expect(() => layer.forward(x, options)).toThrow(ShapeError);
    }
  });

  it('may call a part of its state output', async () => {
    const { output, state } = scan<{ output: Tensor }>(
      (input, before) => ({ output: square(input), state: { output: add(before.output, input) } }),
      tensor(backend, [[[1]], [[2]], [[3]]]),
      { output: zeros(backend, [1, 1]) },
    );
    expect(await output.array()).toEqual([[[1]], [[4]], [[9]]]);
    expect(await state.output.array()).toEqual([[6]]);
  });
});

describe('generate', () => {
  const generator = new Generator(1);
  const model = new LanguageModel({ backend, symbols: 3, generator, layer: new GRU({ ...sizes, generator }) });
  const write = async (prompt: ArrayLike<number>): Promise<number[]> => {
    const written: number[] = [];
    for await (const symbol of generate(model, { prompt, length: 2 })) written.push(symbol);
    return written;
  };

  it('refuses a prompt of characters', async () => {
    await expect(write(loose('hi'))).rejects.toThrow(/expected prompt to be an array of symbols, got 'hi'/);
    await expect(write([1, 0.5])).rejects.toThrow(/prompt\[1\] is 0\.5/);
  });

  it('does not draw from NaN', async () => {
    const [name, bias] = [...(await model.stateDict())].at(-1)!;
    model.loadStateDict(new Map([[name, { ...bias, data: new Float32Array(bias.data.length).fill(NaN) }]]), {
      strict: false,
    });
    await expect(write([1])).rejects.toThrow(/the logit of symbol 0 is NaN/);
    expect(() => sampleSymbol([0, NaN], generator, { temperature: 0 })).toThrow(ArgumentError);
    expect(sampleSymbol([0, -Infinity], generator)).toBe(0);
  });
});
