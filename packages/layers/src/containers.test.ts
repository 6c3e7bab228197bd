import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { add, Generator, sum, tensor, zeros, type Tensor } from '@timestep/core';
import { expect, it } from 'vitest';
import { Dropout } from './dropout.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { leakChecked } from './test-support/leaks.ts';

const backend = createReferenceBackend();
const linear = (generator: Generator) => new Linear({ backend, inputSize: 2, outputSize: 2, generator });

/** Layers in every container that people reach for. */
class Holder extends Module {
  readonly heads: Record<string, Linear>;
  readonly blocks: { readonly layer: Linear; readonly drop: Dropout; readonly rate: number }[];
  readonly byName: Map<string | number, Linear | Parameter>;
  readonly deep: { readonly scales: Parameter[] };
  readonly state: { readonly h: Tensor };
  readonly tables: Tensor[];
  readonly backends = { backend };
  readonly self: { holder?: Holder; loop?: object } = {};

  constructor(generator: Generator) {
    super();
    this.heads = { color: linear(generator), shape: linear(generator) };
    this.blocks = [0, 1].map(() => ({
      layer: linear(generator),
      drop: new Dropout({ rate: 0.5, generator: new Generator(3) }),
      rate: 0.5,
    }));
    this.byName = new Map<string | number, Linear | Parameter>([
      ['one', linear(generator)],
      [2, new Parameter(backend, [2], [5, 6])],
    ]);
    this.deep = { scales: [new Parameter(backend, [1], [7])] };
    this.state = { h: zeros(backend, [2]) };
    this.tables = [tensor(backend, [1, 2, 3])];
    this.self.loop = this.self;
  }

  forward(x: Tensor): Tensor {
    const layers = [...Object.values(this.heads), ...this.blocks.map(({ layer }) => layer)];
    return layers.map((layer) => layer.forward(x)).reduce((a, b) => add(a, b));
  }
}

it('finds, trains, saves and moves layers in objects, arrays of objects and Maps', () =>
  leakChecked(backend, async () => {
    using model = new Holder(new Generator(1));
    expect(model.namedParameters().map(([name]) => name)).toEqual([
      'byName.2',
      'deep.scales.0',
      ...['heads.color', 'heads.shape', 'blocks.0.layer', 'blocks.1.layer', 'byName.one'].flatMap((path) => [
        `${path}.weight`,
        `${path}.bias`,
      ]),
    ]);
    // A state in an object comes and goes; it is no part of what is saved.
    expect(model.namedBuffers().map(([name]) => name)).toEqual(['tables.0']);
    expect(model.namedModules().map(([path]) => path)).toContain('blocks.1.drop');
    expect(model.generators()).toHaveLength(2);
    model.eval();
    expect(model.blocks[1]!.drop.training || model.heads['shape']!.training).toBe(false);
    sum(model.forward(zeros(backend, [1, 2]))).backward();
    expect(model.blocks[0]!.layer.bias!.grad).not.toBeNull();
    model.zeroGrad();
    expect(model.blocks[0]!.layer.bias!.grad).toBeNull();

    using other = new Holder(new Generator(2));
    const saved = await model.stateDict();
    expect(await other.stateDict()).not.toEqual(saved);
    other.loadStateDict(saved);
    expect(await other.stateDict()).toEqual(saved);

    const place = createReferenceBackend();
    await other.to(place);
    expect(other.parameters().every(({ backend: own }) => own === place)).toBe(true);
    expect((other.byName.get(2) as Parameter).backend).toBe(place);
    expect(await other.stateDict()).toEqual(saved);
    other.state.h.dispose();
    await place.dispose();
    model.state.h.dispose();
  }));
