import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { Generator, openScope, tensor, type Backend, type State, type Tensor } from '@timestep/core';
import type { Module } from '@timestep/layers';
import { expect } from 'vitest';
import { exportOnnx } from '../onnx/export/export.ts';
import { expectClose } from './compare.ts';
import { runOnnx, type HostInput } from './onnx-runtime.ts';

/** The float64 reference, with random weights and inputs: what ONNX Runtime is compared with. */
export const backend: Backend = createReferenceBackend();

/** The house's agreement of ONNX Runtime's float32 with float64. */
export const float32 = { relative: 1e-5, absolute: 1e-5 };

/** A model that is called with a sequence. */
export type SequenceModel = Module & {
  forward(x: Tensor, options: object): Tensor | { readonly output: Tensor; readonly state: State };
};

export interface Draws {
  readonly generator: Generator;
  floats(...shape: number[]): HostInput;
  symbols(count: number, ...shape: number[]): HostInput;
  /** Weights of a size at which every gate matters. */
  randomize<Model extends Module>(model: Model): Model;
}

export function drawsOf(seed: number): Draws {
  const generator = new Generator(seed);
  const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  return {
    generator,
    floats: (...shape) => ({ shape, data: Float32Array.from({ length: sizeOf(shape) }, () => generator.normal()) }),
    symbols: (count, ...shape) => ({
      shape,
      data: Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(generator.uniform() * count)),
    }),
    randomize: (model) => {
      for (const parameter of model.parameters())
        parameter.assign(Float32Array.from({ length: parameter.size }, () => generator.normal(0, 0.5)));
      model.eval();
      return model;
    },
  };
}

export function put({ data, shape }: HostInput): Tensor {
  return tensor(backend, data, { shape });
}

/** Runs the file, and compares every output with what is computed here: shapes exactly, numbers within 1e-5. */
export async function expectOutputs(
  file: Uint8Array,
  feeds: Readonly<Record<string, HostInput>>,
  compute: () => Readonly<Record<string, Tensor>>,
): Promise<void> {
  const there = await runOnnx(file, feeds);
  using _scope = openScope(backend, { gradient: false });
  const here = compute();
  expect(Object.keys(there).sort()).toEqual(Object.keys(here).sort());
  for (const [name, value] of Object.entries(here)) {
    expect(there[name]!.shape, name).toEqual(value.shape);
    expectClose(there[name]!.data, await value.data(), name, float32);
  }
}

/** The same answer here and there, for the output and every part of the state; `lengths` is given to both. */
export async function expectAgreement(
  model: SequenceModel,
  x: HostInput,
  lengths: readonly number[] | null,
): Promise<void> {
  const file = await exportOnnx(model, { lengths: lengths !== null });
  const feeds = { x, ...(lengths ? { lengths: { data: Int32Array.from(lengths), shape: [lengths.length] } } : {}) };
  await expectOutputs(file, feeds, () => named(model.forward(put(x), { lengths })));
}

/** A layer's results under the names that a file gives them. */
export function named(made: Tensor | { readonly output: Tensor; readonly state: State }): Record<string, Tensor> {
  if (!('output' in made)) return { output: made };
  return {
    output: made.output,
    ...Object.fromEntries(Object.entries(made.state).map(([name, part]) => [`state_${name}`, part])),
  };
}
