import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, openScope, relu, sum, tensor, zeros, type Backend, type Tensor } from '@timestep/core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { LSTM } from './recurrent/lstm.ts';
import { Sequential } from './sequential.ts';
import { leakChecked } from './test-support/leaks.ts';

class Tagger extends Module {
  readonly lstm: LSTM;
  readonly heads: Linear[];
  readonly drop: Dropout;
  scale: Parameter;
  count: Tensor;
  readonly #hidden: Linear;

  constructor(backend: Backend, generator: Generator) {
    super();
    this.lstm = new LSTM({ backend, inputSize: 3, hiddenSize: 4, bidirectional: true, generator });
    this.heads = [
      new Linear({ backend, inputSize: 8, outputSize: 2, generator }),
      new Linear({ backend, inputSize: 8, outputSize: 1, bias: false, generator }),
    ];
    this.drop = new Dropout({ rate: 0.5, generator });
    this.scale = new Parameter(backend, [2], [1, 2]);
    this.count = tensor(backend, [5], { dtype: 'i32' });
    this.#hidden = this.heads[0]!;
  }

  forward(x: Tensor): Tensor {
    return this.#hidden.forward(this.drop.forward(this.lstm.forward(x).output));
  }

  override dispose(): void {
    super.dispose();
  }
}

const names = [
  'scale',
  'lstm.weight_ih_l0',
  'lstm.weight_hh_l0',
  'lstm.bias_ih_l0',
  'lstm.bias_hh_l0',
  'lstm.weight_ih_l0_reverse',
  'lstm.weight_hh_l0_reverse',
  'lstm.bias_ih_l0_reverse',
  'lstm.bias_hh_l0_reverse',
  'heads.0.weight',
  'heads.0.bias',
  'heads.1.weight',
];

describe('Module', () => {
  const backend = createReferenceBackend();
  const make = (on: Backend = backend, seed = 1): Tagger => new Tagger(on, new Generator(seed));

  it('finds parameters, buffers and modules by plain assignment, once each', () =>
    leakChecked(backend, () => {
      using model = make();
      expect(model.namedParameters().map(([name]) => name)).toEqual(names);
      expect(model.namedBuffers().map(([name]) => name)).toEqual(['count']);
      expect(model.namedModules().map(([path]) => path)).toEqual(['', 'lstm', 'heads.0', 'heads.1', 'drop']);
      expect(model.generators()).toHaveLength(1);
    }));

  it('lives on when it was made inside a scope', async () => {
    const scope = openScope(backend);
    using model = make();
    scope.close();
    expect((await model.scale.data()).length).toBe(2);
  });

  it('counts a tied parameter once, saves it under both names, and loads it from either', () =>
    leakChecked(backend, async () => {
      using model = make();
      using tied = new Linear({ backend, inputSize: 8, outputSize: 1 });
      tied.weight.dispose();
      tied.weight = model.heads[1]!.weight;
      using both = new Sequential(model.heads[1]!, tied);
      expect(both.namedParameters().map(([name]) => name)).toEqual(['0.weight', '1.bias']);
      const dict = await both.stateDict();
      expect([...dict.keys()]).toEqual(['0.weight', '1.weight', '1.bias']);
      dict.delete('0.weight');
      expect(both.loadStateDict(dict)).toEqual({ missing: [], unexpected: [] });
      dict.delete('1.weight');
      expect(() => both.loadStateDict(dict)).toThrow(/missing 0\.weight, 1\.weight/);
    }));

  it('switches train and eval everywhere below, the cells of a recurrent layer included', () =>
    leakChecked(backend, () => {
      using model = make();
      model.eval();
      expect(model.modules().map(({ training }) => training)).toEqual(new Array(7).fill(false));
      expect(model.lstm.cells[1]!.training).toBe(false);
      model.train();
      expect(model.drop.training && model.lstm.cells[0]!.training).toBe(true);
    }));

  it('freezes and forgets gradients', () =>
    leakChecked(backend, () => {
      using model = make();
      model.heads[0]!.freeze();
      sum(model.forward(zeros(backend, [2, 1, 3]))).backward();
      expect(model.heads[0]!.weight.grad).toBeNull();
      expect(model.lstm['bias_ih_l0']!.grad).not.toBeNull();
      model.zeroGrad();
      expect(model.parameters().every(({ grad }) => grad === null)).toBe(true);
      model.freeze(false);
      expect(model.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true);
    }));

  it('moves to another backend with its values, ties and frozen parameters', () =>
    leakChecked(backend, async () => {
      const other = createReferenceBackend();
      const model = make();
      model.heads[1]!.freeze();
      const before = await model.stateDict();
      const moved = await model.to(other);
      expect(moved).toBe(model);
      expect(await model.stateDict()).toEqual(before);
      expect(model.parameters().every(({ backend: own }) => own === other)).toBe(true);
      expect(model.heads[1]!.weight.requiresGrad).toBe(false);
      expect(model.lstm['weight_hh_l0']!.requiresGrad).toBe(true);
      expect(model.count.dtype).toBe('i32');
      expect(model.forward(zeros(other, [2, 1, 3])).shape).toEqual([2, 1, 2]);
      await other.dispose();
    }));
});

describe('state dicts', () => {
  const backend = createReferenceBackend();
  const make = (seed: number): Tagger => new Tagger(backend, new Generator(seed));

  it('make another model equal', () =>
    leakChecked(backend, async () => {
      using first = make(1);
      using second = make(2);
      first.count.assign([9]);
      const saved = await first.stateDict();
      expect([...saved.keys()].sort()).toEqual([...names, 'count'].sort());
      expect(await second.stateDict()).not.toEqual(saved);
      expect(second.loadStateDict(saved)).toEqual({ missing: [], unexpected: [] });
      expect(await second.stateDict()).toEqual(saved);
    }));

  it('name every entry that is missing, unexpected or misshapen, and load nothing then', () =>
    leakChecked(backend, async () => {
      using model = make(1);
      const before = await model.stateDict();
      const wrong = new Map<string, { shape: readonly number[]; data: Float64Array | Int32Array }>(
        [...before].map(([name, { shape }]) => [
          name,
          { shape, data: new Float64Array(shape.reduce((a, b) => a * b, 1)) },
        ]),
      );
      wrong.set('count', { shape: [1], data: new Int32Array(1) });
      wrong.delete('scale');
      wrong.set('extra.weight', { shape: [1], data: new Float64Array(1) });
      wrong.set('heads.0.weight', { shape: [2, 7], data: new Float64Array(14) });
      expect(() => model.loadStateDict(wrong)).toThrow(
        '[loadStateDict] the state dict does not fit, nothing was loaded: missing scale; unexpected extra.weight; heads.0.weight expected shape [2, 8], got [2, 7]; build the model with the sizes it was saved with',
      );
      expect(() => model.loadStateDict(wrong, { strict: false })).toThrow(/heads\.0\.weight expected shape/);
      expect(await model.stateDict()).toEqual(before);
      wrong.delete('heads.0.weight');
      expect(model.loadStateDict(wrong, { strict: false })).toEqual({
        missing: ['scale', 'heads.0.weight'],
        unexpected: ['extra.weight'],
      });
      expect(Math.max(...(await model.heads[0]!.bias!.data()))).toBe(0);
    }));

  it('tell an element type that does not fit, and values that do not fill the shape', () =>
    leakChecked(backend, () => {
      using layer = new Linear({ backend, inputSize: 1, outputSize: 2, bias: false });
      expect(() => layer.loadStateDict({ weight: { shape: [2, 1], data: new Int32Array(2) } })).toThrow(
        'weight expected dtype f32, got i32',
      );
      expect(() => layer.loadStateDict({ weight: { shape: [2, 1], data: new Float32Array(3) } })).toThrow(
        'weight expected 2 values for shape [2, 1], got 3',
      );
    }));
});

describe('summary', () => {
  it('lists layers, shapes, counts and bytes', () => {
    const backend = createReferenceBackend();
    using model = new Sequential(
      new Linear({ backend, inputSize: 300, outputSize: 4 }),
      relu,
      new Dropout({ rate: 0.1 }),
      new Linear({ backend, inputSize: 4, outputSize: 2, bias: false }).freeze(),
    );
    expect(model.summary()).toBe(
      [
        'layer  type     parameter        shape     count  bytes',
        '─────  ───────  ───────────────  ────────  ─────  ─────',
        '0      Linear   weight           [4, 300]  1,200  4,800',
        '                bias             [4]           4     16',
        '2      Dropout',
        '3      Linear   weight (frozen)  [2, 4]        8     32',
        '─────  ───────  ───────────────  ────────  ─────  ─────',
        '1,212 parameters, 8 of them frozen, 4,848 bytes',
      ].join('\n'),
    );
  });
});

describe('types', () => {
  it('are inferred for a user', () => {
    expectTypeOf<ReturnType<LSTM['forward']>['state']>().toEqualTypeOf<{ readonly h: Tensor; readonly c: Tensor }>();
    expectTypeOf<ReturnType<Tagger['forward']>>().toEqualTypeOf<Tensor>();
    expectTypeOf<LSTM['weight_ih_l0']>().toEqualTypeOf<Parameter>();
    expectTypeOf<Linear['bias']>().toEqualTypeOf<Parameter | null>();
  });
});
