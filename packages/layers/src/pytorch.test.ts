import { createCpuBackend } from '@timestep/backend-cpu';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { cast, multiply, sum, tensor, type Backend, type Tensor } from '@timestep/core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { Conv1d, type Conv1dOptions } from './conv1d.ts';
import { Embedding, type EmbeddingOptions } from './embedding.ts';
import { LayerNorm, type LayerNormOptions } from './layer-norm.ts';
import { Linear, type LinearOptions } from './linear.ts';
import type { Module } from './module.ts';
import { double, expectTensor, single, type Tolerance } from './test-support/compare.ts';
import { readFixtures, type FixtureCase } from './test-support/fixtures.ts';
import { leakChecked } from './test-support/leaks.ts';

interface LayerCase extends FixtureCase {
  readonly layer: 'linear' | 'embedding' | 'layerNorm' | 'conv1d';
  readonly options: object;
}

type OneInput = Module & { forward(x: Tensor): Tensor };

function makeLayer(backend: Backend, { layer, options }: LayerCase): OneInput {
  // The options come from a file; the names of the layers tell their types.
  const given = { backend, ...options };
  if (layer === 'linear') return new Linear(given as LinearOptions);
  if (layer === 'embedding') return new Embedding(given as EmbeddingOptions);
  return layer === 'layerNorm' ? new LayerNorm(given as LayerNormOptions) : new Conv1d(given as Conv1dOptions);
}

async function agree(
  backend: Backend,
  test: LayerCase,
  tolerance: { readonly forward: Tolerance; readonly gradient: Tolerance },
): Promise<void> {
  using layer = makeLayer(backend, test);
  layer.loadStateDict(test.parameters);
  const isIndex = test.layer === 'embedding';
  const given = tensor(backend, test.inputs['x']!.data, { shape: test.inputs['x']!.shape, requiresGrad: !isIndex });
  const y = layer.forward(isIndex ? cast(given, 'i32') : given);
  await expectTensor('y', y, test.outputs['y']!, tolerance.forward);
  const upstream = test.upstream['y']!;
  sum(multiply(y, tensor(backend, upstream.data, { shape: upstream.shape }))).backward();
  if (!isIndex) await expectTensor('gradient of x', given.grad, test.inputGradients['x']!, tolerance.gradient);
  const parameters = new Map(layer.namedParameters());
  for (const [name, expected] of Object.entries(test.parameterGradients))
    await expectTensor(`gradient of ${name}`, parameters.get(name)?.grad, expected, tolerance.gradient);
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
  it.each(readFixtures<LayerCase>('feedforward.json'))('$name', (test) =>
    leakChecked(backend, () => agree(backend, test, tolerance)),
  );
});
