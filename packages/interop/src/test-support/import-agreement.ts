import { createCpuBackend } from '@timestep/backend-cpu';
import { createReferenceBackend } from '@timestep/backend-conformance/reference';
import { openScope, tensor, type Backend } from '@timestep/core';
import { expect } from 'vitest';
import { exportOnnxGraph, type OnnxGraph } from '../onnx/export/graph.ts';
import { importOnnx } from '../onnx/import/import.ts';
import { expectClose } from './compare.ts';
import { runOnnx, type HostInput, type HostMask } from './onnx-runtime.ts';

export type Feeds = Readonly<Record<string, HostInput | HostMask>>;

/** A backend whose memory can be read at once. */
export const cpu: Backend = await createCpuBackend({ threads: 1 });
/** And one whose memory cannot, as on a GPU. */
export const reference: Backend = createReferenceBackend();

/**
 * Runs a file by ONNX Runtime and imported, on every backend, and compares shapes exactly and numbers within 1e-5.
 * Floats are given as tensors, whole numbers and masks as lists.
 */
export async function expectSameAnswers(
  file: Uint8Array,
  feeds: Feeds,
  backends: readonly Backend[] = [cpu, reference],
): Promise<void> {
  const there = await runOnnx(file, feeds);
  for (const backend of backends) {
    using model = importOnnx(file, { backend });
    using _scope = openScope(backend, { gradient: false });
    const given = Object.entries(feeds).map(([name, feed]) => {
      const { data, shape } = feed;
      return [name, data instanceof Float32Array ? tensor(backend, data, { shape }) : { data, shape }] as const;
    });
    const here = model.forward(Object.fromEntries(given));
    expect(Object.keys(here).sort()).toEqual(Object.keys(there).sort());
    for (const [name, { data, shape }] of Object.entries(there)) {
      expect(here[name]!.shape, `${name} on ${backend.name}`).toEqual(shape);
      expectClose(await here[name]!.data(), data, `${name} on ${backend.name}`, { relative: 1e-5, absolute: 1e-5 });
    }
  }
}

/** The same for a graph that is built here. */
export async function expectGraph(
  build: (graph: OnnxGraph) => void,
  feeds: Feeds = {},
  backends?: readonly Backend[],
): Promise<void> {
  await expectSameAnswers(await exportOnnxGraph(build), feeds, backends);
}
