import { openScope } from '@timestep/core';
import { expect, it } from 'vitest';
import { expectClose } from '../../test-support/compare.ts';
import { jsonFixture } from '../../test-support/fixtures.ts';
import { cpu } from '../../test-support/import-agreement.ts';
import { importOnnx } from './import.ts';

interface Encoded {
  readonly type: 'float32' | 'int64' | 'bool';
  readonly shape: readonly number[];
  readonly data: string;
}

/** Written by tooling/onnx-tests/src/exports.py, with what ONNX Runtime answered. */
const exported =
  jsonFixture<Record<string, { model: string; inputs: Record<string, Encoded>; outputs: Record<string, Encoded> }>>(
    'pytorch-exports.json',
  );

function decoded({ type, data, shape }: Encoded) {
  const bytes = Uint8Array.from(Buffer.from(data, 'base64'));
  const kinds = { float32: Float32Array, int64: BigInt64Array, bool: Uint8Array } as const;
  return { data: new kinds[type](bytes.buffer), shape };
}

it.each(Object.entries(exported))('%s: the answers of ONNX Runtime', async (_, { model, inputs, outputs }) => {
  using read = importOnnx(Buffer.from(model, 'base64'), { backend: cpu });
  using _scope = openScope(cpu, { gradient: false });
  const feeds = Object.entries(inputs).map(([name, value]) => [name, decoded(value)] as const);
  const results = read.forward(Object.fromEntries(feeds));
  for (const [name, value] of Object.entries(outputs)) {
    const { data, shape } = decoded(value);
    expect(results[name]!.shape, name).toEqual(shape);
    // Sums of some 20 products in float32, in another order.
    const there = Array.from(data as ArrayLike<number | bigint>, Number);
    expectClose(await results[name]!.data(), there, name, { relative: 1e-5, absolute: 1e-5 });
  }
});
