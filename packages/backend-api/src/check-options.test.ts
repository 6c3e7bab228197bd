import { describe, expect, it } from 'vitest';
import { ArgumentError, checkOptions, checkValue, is, nearestName, toBytes } from './index.ts';

interface Options {
  readonly hiddenSize: number;
  readonly numLayers?: number;
  readonly bidirectional?: boolean;
  readonly reduction?: 'mean' | 'sum' | undefined;
}

const rules = {
  hiddenSize: is.size(),
  numLayers: is.optional(is.size()),
  bidirectional: is.optional(is.boolean),
  reduction: is.optional(is.oneOf('mean', 'sum')),
};
const check = (options: unknown): (() => void) => {
  return () => checkOptions<Options>('Layer', options as Options, rules);
};

describe('checkOptions', () => {
  it('accepts what fits, and options that are left out or undefined', () => {
    expect(check({ hiddenSize: 3 })).not.toThrow();
    expect(check({ hiddenSize: 3, numLayers: undefined, bidirectional: true, reduction: 'sum' })).not.toThrow();
  });

  it.each([
    [{ hiddenSize: 3, numLayer: 2 }, 'unknown option numLayer; did you mean numLayers?'],
    [{ hiddenSize: 3, num_layers: 2 }, 'did you mean numLayers?'],
    [{ hiddenSize: 3, colour: 2 }, 'unknown option colour; expected { hiddenSize'],
    [{ hiddenSize: 3, constructor: 2 }, 'unknown option constructor'],
    [{ hiddenSize: 3, bidirectional: 'false' }, "expected bidirectional to be true or false, got 'false'"],
    [{ hiddenSize: 2.5 }, 'expected hiddenSize to be a whole number of at least 1, got 2.5'],
    [{ hiddenSize: 2 ** 53 }, 'whole number'],
    [{ hiddenSize: '3' }, "got '3'"],
    [{}, 'expected hiddenSize to be a whole number of at least 1, got undefined'],
    [{ hiddenSize: 3, reduction: 'avg' }, "expected reduction to be one of mean, sum, got 'avg'"],
    [{ hiddenSize: 3, reduction: null }, 'got null'],
    ['sum', "expected an object of options { hiddenSize, numLayers, bidirectional, reduction }, got 'sum'"],
    [null, 'got null'],
    [[2, 2], 'got an array of 2'],
    [new Float32Array(2), 'got a Float32Array'],
    [() => 1, 'got a function'],
    [Promise.resolve({}), 'got a promise (await it first)'],
    [new Map(), 'got a Map'],
    [new Date(0), 'got a Date'],
  ])('refuses %j', (options, message) => {
    expect(check(options)).toThrow(ArgumentError);
    expect(check(options)).toThrow(message);
  });

  it('counts undefined as no options', () => {
    expect(() => checkOptions<{ seed?: number }>('f', undefined, { seed: is.optional(is.integer(0)) })).not.toThrow();
  });
});

describe('a rule', () => {
  it.each([
    [is.number({ above: 0, max: 1 }), [0.1, 1], [0, 1.1, NaN, Infinity, '1'], 'a finite number ≤ 1'],
    [is.number({ min: 0, infinite: true }), [0, Infinity], [-1, NaN], 'a number ≥ 0'],
    [is.integer(0, 9), [0, 9], [-1, 10, 0.5], 'a whole number in 0…9'],
    [is.probability, [0, 1], [-0.1, NaN, '0'], 'a probability'],
    [is.nullable(is.string), [null, undefined, ''], [1], 'a string'],
    [is.anyOf(is.string, is.function), ['', () => 1], [1], 'a string or a function'],
    [is.like('a tensor', 'shape', 'data'), [{ shape: 1, data: 2 }], [{ shape: 1 }, null, 5], 'a tensor'],
    [is.arrayOf(is.integer(0)), [[], [1], new Int32Array(2)], [[1, -1], 5, new DataView(new ArrayBuffer(1))], 'an arr'],
  ] as const)('%#', (rule, right, wrong, message) => {
    for (const value of right) expect(() => checkValue('f', 'x', value, rule)).not.toThrow();
    for (const value of wrong) expect(() => checkValue('f', 'x', value, rule)).toThrow(ArgumentError);
    const texts = wrong.map((value) => rule(value));
    expect(texts.some((text) => text?.includes(message.slice(0, 10)))).toBe(true);
  });
});

describe('nearestName', () => {
  it.each([
    ['clipnorm', ['clipNorm', 'steps'], 'clipNorm'],
    ['learning_rate', ['learningRate'], 'learningRate'],
    ['lr', ['schedule', 'learningRate'], 'learningRate'],
    ['lr', ['mask'], undefined],
    ['betas', ['beta1', 'beta2'], 'beta1'],
    ['eps', ['steps', 'epsilon'], 'epsilon'],
    ['weight_decay', ['weightDecay'], 'weightDecay'],
    ['lr_scheduler', ['schedule'], 'schedule'],
    ['in_features', ['inputSize', 'outputSize'], 'inputSize'],
    ['units', ['outputSize'], 'outputSize'],
    ['legnths', ['lengths', 'state'], 'lengths'],
    ['zzz', [], undefined],
  ])('%s', (given, known, expected) => {
    expect(nearestName(given, known)).toBe(expected);
  });
});

describe('toBytes', () => {
  const source = Uint8Array.from({ length: 16 }, (_, i) => i);
  const shared = new Uint8Array(new SharedArrayBuffer(16));
  shared.set(source);

  it.each<readonly [string, ArrayBufferLike | ArrayBufferView]>([
    ['Uint8Array', source],
    ['Buffer', Buffer.from(source)],
    ['a view with an offset', new Uint8Array([9, 9, ...source, 9]).subarray(2, 18)],
    ['ArrayBuffer', source.buffer],
    ['SharedArrayBuffer', shared.buffer],
    ['a view of one', shared],
    ['DataView', new DataView(source.buffer)],
    ['Uint32Array', new Uint32Array(source.buffer)],
  ])('%s', (_, form) => {
    const bytes = toBytes('read', form);
    expect(bytes.constructor).toBe(Uint8Array);
    expect(bytes.buffer).toBeInstanceOf(ArrayBuffer);
    expect([...bytes]).toEqual([...source]);
  });

  it.each([['a/path'], [Promise.resolve(source)], [null], [5], [{}], [[1, 2]]])('refuses %s', (form) => {
    expect(() => toBytes('read', form as never)).toThrow(ArgumentError);
  });
});
