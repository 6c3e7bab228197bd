import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { createCpuBackend } from '@timestep/backend-cpu';
import { add, multiply, sum, tensor, type Backend, type Tensor } from '@timestep/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as layers from './index.ts';
import { double, expectClose, expectTensor, single, type Tolerance } from './test-support/compare.ts';
import { readFixtures, type FixtureCase, type FixtureTensors } from './test-support/fixtures.ts';
import { leakChecked } from './test-support/leaks.ts';

interface LayerCase extends FixtureCase {
  readonly layer: string;
  readonly options: object;
  readonly buffers: FixtureTensors;
  readonly lengths?: readonly number[];
  readonly causal?: boolean;
  readonly targets?: readonly number[];
}

type AnyLayer = layers.Module & { forward(x: Tensor, more?: unknown): Tensor | Record<string, Tensor> };

async function agree(
  backend: Backend,
  test: LayerCase,
  tolerance: { readonly forward: Tolerance; readonly gradient: Tolerance },
): Promise<void> {
  // The options come from a file; the name of the layer tells their type.
  const make = Reflect.get(layers, test.layer) as new (options: object) => AnyLayer;
  const owner = /Pool/.test(test.layer) ? {} : { backend };
  using layer = new make({ ...owner, ...test.options });
  layer.loadStateDict(test.parameters, { strict: false });
  const given = Object.fromEntries(
    Object.entries(test.inputs).map(([name, { data, shape }]) => [
      name,
      tensor(backend, data, { shape, requiresGrad: true }),
    ]),
  );
  const { x, ...others } = given;
  const { lengths, causal } = test;
  const result = layer.forward(
    x!,
    test.targets ?? { ...others, ...(lengths && { lengths }), ...(causal && { causal }) },
  );
  const outputs = 'shape' in result ? { y: result as Tensor } : result;
  const parts = Object.entries(test.outputs).map(([name, expected]) => {
    const upstream = test.upstream[name]!;
    return [
      name,
      expected,
      sum(multiply(outputs[name]!, tensor(backend, upstream.data, { shape: upstream.shape }))),
    ] as const;
  });
  for (const [name, expected] of parts) await expectTensor(name, outputs[name], expected, tolerance.forward);
  parts
    .map(([, , part]) => part)
    .reduce((total, part) => add(total, part))
    .backward();
  for (const [name, expected] of Object.entries(test.inputGradients))
    await expectTensor(`gradient of ${name}`, given[name]!.grad, expected, tolerance.gradient);
  const parameters = new Map(layer.namedParameters());
  expect([...parameters.keys()].sort()).toEqual(Object.keys(test.parameters).sort());
  for (const [name, expected] of Object.entries(test.parameterGradients))
    await expectTensor(`gradient of ${name}`, parameters.get(name)?.grad, expected, tolerance.gradient);
  const buffers = new Map(layer.namedBuffers());
  for (const [name, { data }] of Object.entries(test.buffers))
    expectClose(name, await buffers.get(name)!.data(), data, tolerance.forward);
}

describe.each([
  ['the float64 reference, to the last digits', createReferenceBackend, double],
  ['the CPU backend, within the bars of f32', createCpuBackend, single],
] as const)('agreement of %s with PyTorch', (_, create, tolerance) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await create();
  });
  afterAll(() => backend.dispose());
  it.each(readFixtures<LayerCase>('layers.json'))('$name', (test) =>
    leakChecked(backend, () => agree(backend, test, tolerance)),
  );
});
